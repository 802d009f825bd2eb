using System.Buffers;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Decisions;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.State;
using VideoScale.ControlPlane.Tests.Core;
using VideoScale.Harness;
using EventFiles = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>What a replica runs is what the domain's tests run.</summary>
public sealed class StateMachineTests
{
    [Fact]
    public void A_replica_answers_and_records_what_the_runner_alone_does_over_snapshots_too() => Seeds.Run(6, random =>
    {
        var (bed, world) = (new Bed(), new RandomWorld(random));
        using var replica = new Machine();
        var asked = new List<CommandEnvelope>();
        for (var step = 0; step < 200; step++)
        {
            var command = world.Next(bed);
            var envelope = new CommandEnvelope(command, new("op", ActorKind.Operator, ActorAuthMethod.Token), random.Next(3) == 0 ? null
                : new("Do", "id-" + step, (UInt128)step),
                Deciders.MustBeDecidedByLeader(command) ? bed.Term : 0);
            asked.Add(envelope);
            if (random.Next(5) == 0) envelope = asked[random.Next(asked.Count)]; // a repeat, or the same once more
            Assert.Equal(replica.Apply(envelope, bed.Index + 1, bed.Term, bed.Now), BytesOf(bed.Run(envelope)));
            bed.Pass(random.Next(2_000));
            if (step == 120) replica.ComeBackFromItsSnapshot(bed.Index);
        }
        Assert.Equal(bed.State.StateHash(), replica.StateHash);
        Assert.Equal(bed.Events.Select(e => e.Event), replica.Events);
        Assert.Equal(bed.Events.Select(e => e.Context), replica.Places);
    });

    private static byte[] BytesOf(CommandReply reply)
    {
        using var writer = new CanonicalWriter();
        reply.WriteTo(writer);
        return writer.WrittenSpan.ToArray();
    }

    private sealed class Machine : IStateListener, ISnapshotReader, IDisposable
    {
        private readonly string _root = Directory.CreateTempSubdirectory("videoscale-machine-").FullName;
        private readonly ReplicaMetrics _metrics = new("1");
        private EventFiles _log;
        private ControlPlaneStateMachine _machine;
        private byte[] _snapshot = [];

        internal Machine() => (_log, _machine) = Open("first");

        internal List<Events.DomainEvent> Events { get; } = [];
        internal List<Events.EventContext> Places { get; } = [];
        internal UInt128 StateHash => _machine.StateHash();

        public ulong Index { get; private set; }
        public Stream OpenRead() => new MemoryStream(_snapshot);

        internal byte[] Apply(CommandEnvelope envelope, ulong index, ulong term, Model.LogTime time)
        {
            using var entry = new CanonicalWriter();
            EntryCodec.Write(new(time, [envelope]), entry);
            var reply = new ArrayBufferWriter<byte>();
            _machine.Apply(index, term, entry.WrittenSpan, reply);
            _machine.EndOfBatch(index);
            return reply.WrittenSpan.ToArray();
        }

        internal void ComeBackFromItsSnapshot(ulong index)
        {
            using var stream = new MemoryStream();
            using (var captured = _machine.BeginSnapshot()) captured.WriteTo(stream, CancellationToken.None);
            (Index, _snapshot) = (index, stream.ToArray());
            Close();
            (_log, _machine) = Open("second");
            _machine.RestoreAsync(this, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }

        public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
        {
            Events.AddRange(events.Select(applied => applied.Event));
            Places.AddRange(events.Select(applied => applied.Context));
        }

        public void OnRestored(ulong appliedIndex, ClusterState state) { }

        public void Dispose()
        {
            Close();
            _metrics.Dispose();
            Directory.Delete(_root, recursive: true);
        }

        private (EventFiles, ControlPlaneStateMachine) Open(string name)
        {
            var log = EventFiles.Open(Path.Combine(_root, name), 7);
            var feed = new StateFeed();
            feed.Add(this);
            return (log, new ControlPlaneStateMachine(log, feed, _metrics));
        }

        private void Close()
        {
            _machine.Dispose();
            _log.Dispose();
        }
    }
}
