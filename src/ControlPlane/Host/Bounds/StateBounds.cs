using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.StateMachine;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Bounds;

/// <summary>How much replicated state may grow, see docs/operations.md.</summary>
public sealed record StateLimits(int Rooms, long MetadataBytes, int Answers);

/// <summary>
/// Refuses what would let replicated state grow beyond its bounds, before it goes into the log: the log itself never decides by them, so every
/// replica, old or new, and every replay comes to the same state. What is in flight may exceed a bound by as much as may wait.
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
        if (Exceeded(envelope) is not { } failure) return null;
        if (await queries.ReadNowAsync((machine, envelope), static (state, _, asked) => AddsNothing(state, asked.machine, asked.envelope))) return null;
        Interlocked.Increment(ref _refused);
        return failure;
    }

    private Failure? Exceeded(CommandEnvelope envelope)
    {
        var size = machine.Size;
        if (envelope.Command is RoomCommand.Create create)
        {
            if (size.Rooms >= limits.Rooms)
                return Failure.Exhausted($"rooms: {size.Rooms} of at most {limits.Rooms} are there (MaxRooms; closed ones count for an hour): close rooms, or raise the bound");
            var metadata = create.Settings.Metadata.Length;
            if (metadata > 0 && size.MetadataBytes + metadata > limits.MetadataBytes)
                return Failure.Exhausted($"metadata: rooms hold {size.MetadataBytes} of at most {limits.MetadataBytes} bytes (MaxMetadataMegabytes; closed rooms count for an hour), and this one brings {metadata}: bring less, or close rooms");
        }
        if (envelope.Request is null) return null;
        if (size.Answers >= limits.Answers)
            return Failure.Exhausted($"request results: {size.Answers} of at most {limits.Answers} answers are kept for 25 h (MaxRequestResults); the oldest are dropped from {new LogTime(size.OldestAnswerMs)} on");
        var own = machine.AnswersBy.Of(envelope.Actor.Subject);
        return own < AnswersOfOne ? null
            : Failure.Exhausted($"request results: {own} answers to \"{envelope.Actor.Subject}\" are kept for 25 h, of at most {AnswersOfOne} for one caller (half of MaxRequestResults): call less often, or raise the bound");
    }

    private static bool AddsNothing(ClusterState state, ControlPlaneStateMachine machine, CommandEnvelope envelope) =>
        machine.IsAnswered(envelope) || (envelope is { Request: null, Command: RoomCommand.Create create } && state.FindRoom(create.Room) is { Record.IsOpen: true });
}
