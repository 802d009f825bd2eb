using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Workloads;

namespace VideoScale.Chaos.Linearizability;

/// <summary>The calls on rooms in a history, each from its begin to its answer; and what they come to.</summary>
public static class RoomHistory
{
    public const string Law = "what is done to a room, and read of it, fits one order";

    /// <summary>For one room of a run.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(20);
    private const int Most = 5;

    /// <summary>
    /// Pairs begins with answers. What was refused had no effect and says nothing; a read without an answer says nothing.
    /// </summary>
    /// <exception cref="FormatException">A process has two operations at once, or an answer to none.</exception>
    public static IReadOnlyList<RoomOperation> Of(IEnumerable<Operation> history)
    {
        var open = new Dictionary<int, Operation>();
        var done = new List<RoomOperation>();
        foreach (var one in history.OrderBy(static one => one.Time))
        {
            if (CallOf(one.F) is not { } call) continue;
            if (one.Type == OperationType.Invoke)
            {
                if (!open.TryAdd(one.Process, one))
                    throw new FormatException($"process {one.Process} begins {one.F} before its last call ended");
                continue;
            }
            if (!open.Remove(one.Process, out var begin) || begin.Key != one.Key || begin.F != one.F)
                throw new FormatException($"process {one.Process} has an answer to {one.F} of {one.Key} and did not call it");
            if (one.Type == OperationType.Fail || (one.Type == OperationType.Info && call == RoomCall.Read)) continue;
            done.Add(new RoomOperation(one.Key, call, one.Process, begin.Time, one.Type == OperationType.Ok ? one.Time
                : RoomOperation.Never,
                one is { Type: OperationType.Ok, Value: { Epoch: { } epoch } value } ? new Ownership(epoch, value.Node ?? "") : null));
        }
        done.AddRange(open.Values.Where(static begin => CallOf(begin.F) != RoomCall.Read)
            .Select(static begin => new RoomOperation(begin.Key, CallOf(begin.F)!.Value, begin.Process, begin.Time, RoomOperation.Never,
                null)));
        return done;
    }

    public static LawFinding Check(IEnumerable<Operation> history)
    {
        var rooms = new LinearizabilityChecker(Budget, isMovedBySystem: true).Check(Of(history));
        string[] wrong = [.. rooms.Where(static room => room.Outcome != Linearizability.Holds).Select(Words)];
        return new(Law, rooms.Count, wrong.Length <= Most ? wrong : [.. wrong[..Most], $"{wrong.Length - Most} more rooms"]);
    }

    public static string Words(RoomFinding room) => room.Outcome == Linearizability.OutOfTime
        ? $"{room.Room}: out of time, which is not passed: {room.Detail} for {room.Operations} operations"
        : $"{room.Room}: {room.Operations} operations fit no order: {room.Detail}";

    private static RoomCall? CallOf(string f) => f switch
    {
        "create" => RoomCall.Create,
        "move" => RoomCall.Move,
        "close" => RoomCall.Close,
        "read" => RoomCall.Read,
        _ => null,
    };
}
