using System.Diagnostics;
using System.Globalization;
using VideoScale.Consensus.Core;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Execution;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Requests;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.Bench.State;

/// <summary>
/// Figures of one size. Commands: decide, fold, record. Fold: decode canonical bytes and evolve. Per CPU second: what a busy machine does
/// not distort (garbage collection included).
/// </summary>
internal sealed record StateFigures(
    int Nodes, int Rooms, int Seats, int Commands, int Events, double CommandsPerSecond, double FoldEventsPerSecond,
        double CommandsPerCpuSecond, double FoldEventsPerCpuSecond, double MemoryMb, double BytesPerSeat,
    double CaptureMs, double SnapshotWriteMs, double SnapshotRestoreMs, double SnapshotMb, double HashAllMs, double HashAfter1024EventsUs);

/// <summary>Builds a fleet through commands, keeps the events' bytes, and measures.</summary>
internal sealed class StateRun : ICommandSink, IDisposable
{
    private static readonly Actor Someone = new("bench", ActorKind.Operator, ActorAuthMethod.Token);
    private readonly CanonicalWriter _log = new(1 << 20);
    private readonly CanonicalFieldSink _sink;
    private readonly List<(EventType Type, int Start, EventContext Context)> _events = [];
    private ulong _index;

    private StateRun() => _sink = new(_log);

    public void Dispose() => _log.Dispose();

    public void Happened(DomainEvent happened, in EventContext context, EventRef cause, CommandEnvelope envelope)
    {
        _events.Add((happened.Type, _log.Length, context));
        EventCodec.Write(happened, _sink);
    }

    public static StateFigures Measure(int nodes, int rooms, int seats)
    {
        using var run = new StateRun();
        var commands = run.Build(nodes, rooms, seats, out var commandSeconds, out var commandCpuSeconds, out var hash);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (watch, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        var state = run.Fold();
        var foldSeconds = watch.Elapsed.TotalSeconds;
        var foldCpuSeconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        var memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        var hashAll = Time(() => Invariant.Require(state.StateHash() == hash, "fold and run agree"));

        watch.Restart();
        var captured = state.Capture();
        var capture = watch.Elapsed.TotalMilliseconds;
        using var snapshot = new MemoryStream();
        var write = Time(() => captured.WriteTo(snapshot));
        snapshot.Position = 0;
        ClusterState? restored = null;
        var restore = Time(() => restored = CapturedState.Restore(snapshot));
        Invariant.Require(restored!.StateHash() == hash, "what is restored is what was captured");

        var few = run.Touch(state, 1_024, seats / rooms);
        return new(nodes, rooms, seats, commands, run._events.Count, commands / commandSeconds, run._events.Count / foldSeconds,
            commands / commandCpuSeconds, run._events.Count / foldCpuSeconds, memory / 1e6, (double)memory / seats,
            capture, write, restore, snapshot.Length / 1e6, hashAll, few * 1_000);
    }

    private int Build(int nodes, int rooms, int seats, out double seconds, out double cpuSeconds, out UInt128 hash)
    {
        var state = new ClusterState();
        var runner = new CommandRunner(state, new RequestResults(), this);
        var commands = 0;
        var (watch, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        void Do(DomainCommand command)
        {
            var reply = runner.Run(new CommandEnvelope(command, Someone), ++_index, 1, new(new(1_700_000_000_000 + (long)_index)));
            Invariant.Require(reply.Failure is null, reply.Failure?.Message ?? "");
            commands++;
        }
        for (var n = 0; n < nodes; n++)
            Do(new NodeCommand.Register(new(new(Name("node", n)), 1, "eu", "a", "10.0.0.1:8180",
                new(Capacity.MaxPublishers, Capacity.MaxSubscribers, Capacity.MaxBitrateKbps))));
        var perRoom = seats / rooms;
        for (var r = 0; r < rooms; r++)
        {
            var (room, node) = (new RoomId(Name("room", r)), new NodeId(Name("node", r % nodes)));
            Do(new RoomCommand.Create(room, RoomSettings.Default,
                new(node, 1, new(2, 10, 5_000), PlacementReason.Created, 1, 1, [new(node, 900)], [], []), 1));
            var epoch = state.FindRoom(room)!.Record.LastEpoch;
            for (var s = 0; s < perRoom; s++)
            {
                var who = new ParticipantIdentity(Name("participant", s));
                Do(new ParticipantCommand.Admit(room, who, s < 3 ? ParticipantRole.Publisher : ParticipantRole.Subscriber));
                Do(new ParticipantCommand.ReportPresence(node, 1, [new(room, epoch, who, state.LastEventSeq, true)]));
            }
        }
        seconds = watch.Elapsed.TotalSeconds;
        cpuSeconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        hash = state.StateHash();
        return commands;
    }

    private ClusterState Fold()
    {
        var state = new ClusterState();
        var bytes = _log.WrittenSpan;
        for (var i = 0; i < _events.Count; i++)
        {
            var (type, start, context) = _events[i];
            var end = i + 1 < _events.Count ? _events[i + 1].Start : bytes.Length;
            state.Evolve(EventCodec.Read(type, 1, bytes[start..end]), context);
        }
        return state;
    }

    /// <summary>Milliseconds to hash anew after so many events in as many rooms.</summary>
    private double Touch(ClusterState state, int events, int perRoom)
    {
        var seq = state.LastEventSeq;
        var rooms = state.Rooms.InOrder().Take(events).ToArray();
        for (var i = 0; i < events; i++)
        {
            var room = rooms[i % rooms.Length];
            state.Evolve(new ParticipantEvent.Admitted(room.Record.Id, new(Name("late", i + perRoom)), ParticipantRole.Subscriber),
                new(++seq, ++_index, 1, 0, new(1_800_000_000_000)));
        }
        return Time(() => state.StateHash());
    }

    private static double Time(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalMilliseconds;
    }

    private static string Name(string kind, int number) => kind + "-" + number.ToString("d6", CultureInfo.InvariantCulture);
}
