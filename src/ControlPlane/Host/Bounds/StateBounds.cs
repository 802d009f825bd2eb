using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Bounds;

/// <summary>How much replicated state may grow, see docs/operations.md.</summary>
public sealed record StateLimits(int Rooms, long MetadataBytes, int Answers);

/// <summary>
/// Refuses what would let replicated state grow beyond its bounds, before it goes into the log: the log itself never decides by them, so
/// every replica, old or new, and every replay comes to the same state. What is in flight may exceed a bound by as much as may wait.
/// </summary>
public sealed class StateBounds(StateLimits limits, ControlPlaneStateMachine machine, StateQueries queries)
{
    private long _refused;

    /// <summary>One caller's share of the kept answers, so that a runaway one leaves room for the others.</summary>
    public int AnswersOfOne => Math.Max(1, limits.Answers / 2);

    public long Refused => Interlocked.Read(ref _refused);

    /// <returns>Null when there is room, or when the command adds nothing: a repeat gets its answer.</returns>
    public async ValueTask<Failure?> RefusalAsync(CommandEnvelope envelope)
    {
        if (Exceeded(envelope, RoomGrowth.AtMost(envelope.Command)) is null) return null;
        var (isAnswered, growth) = await queries.ReadNowAsync((machine, envelope), static (state, _, asked) =>
            (asked.machine.IsAnswered(asked.envelope), RoomGrowth.In(state, asked.envelope.Command)));
        if (isAnswered || Exceeded(envelope, growth) is not { } failure) return null;
        Interlocked.Increment(ref _refused);
        return failure;
    }

    private Failure? Exceeded(CommandEnvelope envelope, RoomGrowth growth)
    {
        var size = machine.Size;
        if (growth.Rooms > 0 && size.Rooms + growth.Rooms > limits.Rooms)
        {
            return Failure.Exhausted($"rooms: {size.Rooms} of at most {limits.Rooms} are there (MaxRooms; closed ones count for an hour): "
                + "close rooms, or raise the bound");
        }
        if (growth.MetadataBytes > 0 && size.MetadataBytes + growth.MetadataBytes > limits.MetadataBytes)
        {
            return Failure.Exhausted(
                $"metadata: rooms hold {size.MetadataBytes} of at most {limits.MetadataBytes} bytes (MaxMetadataMegabytes), "
                + $"and this one brings {growth.MetadataBytes} more: bring less, or close rooms");
        }
        return envelope.Request is null ? null : AnswersExceeded(envelope, size);
    }

    private Failure? AnswersExceeded(CommandEnvelope envelope, StateSize size)
    {
        if (size.Answers >= limits.Answers)
        {
            return Failure.Exhausted(
                $"request results: {size.Answers} of at most {limits.Answers} answers are kept for 25 h (MaxRequestResults); "
                + $"the oldest are dropped from {new LogTime(size.OldestAnswerMs)} on");
        }
        var own = machine.AnswersBy.Of(envelope.Actor.Subject);
        return own < AnswersOfOne ? null
            : Failure.Exhausted(
                $"request results: {own} answers to \"{envelope.Actor.Subject}\" are kept for 25 h, of at most {AnswersOfOne} for one "
                + $"caller "
                + "(half of MaxRequestResults): call less often, or raise the bound");
    }
}
