using System.Buffers;
using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Workloads.Control;

/// <summary>The product's state machine, over an event log that keeps nothing.</summary>
internal sealed class ControlMachine : IMachine
{
    private readonly ArrayBufferWriter<byte> _reply = new(1024);
    private readonly EventLog _events;

    public ControlMachine(Replica replica, ControlChecker checker)
    {
        Replica = replica;
        _events = new EventLog { Appended = checker.Appended };
        Inner = new ControlPlaneStateMachine(_events, Feed, new ReplicaMetrics());
        Inner.Diverged += what => throw new Violation("equal-states", $"{replica.Id} found itself diverged {what}");
        Feed.Add(checker.ListenerFor(replica));
    }

    public Replica Replica { get; }
    public StateFeed Feed { get; } = new();
    public ControlPlaneStateMachine Inner { get; }

    public object? Apply(in Entry entry)
    {
        _reply.ResetWrittenCount();
        Inner.Apply(entry.Index, entry.Term, entry.Payload.Span, _reply);
        return _reply.WrittenSpan.ToArray();
    }

    public void EndOfRun(ulong appliedIndex) => Inner.EndOfBatch(appliedIndex);

    public object Capture() => new Picture(Inner.BeginSnapshot());

    public void Restore(object state, ulong index)
    {
        if (index == 0) return; // as new
        Inner.RestoreAsync(new Reader(((Picture)state).Bytes, index), CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }

    public ulong Hash()
    {
        var (state, results) = (Inner.StateHash(), Inner.ResultsHash);
        Span<byte> chain = stackalloc byte[32];
        _events.ChainHead.CopyTo(chain);
        return unchecked(
            (ulong)state ^ (ulong)(state >> 64) * 31 ^ (ulong)results * 17 ^ System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(
            chain));
    }

    /// <summary>A captured state, written as late as the product does: what is changed meanwhile must not show in it.</summary>
    private sealed class Picture(ISnapshotWriter writer) : IDeferred
    {
        private byte[]? _bytes;

        public byte[] Bytes
        {
            get
            {
                Finish();
                return _bytes!;
            }
        }

        public void Finish()
        {
            if (_bytes is not null) return;
            using var stream = new MemoryStream();
            writer.WriteTo(stream, CancellationToken.None);
            writer.Dispose();
            _bytes = stream.ToArray();
        }
    }

    private sealed class Reader(byte[] bytes, ulong index) : ISnapshotReader
    {
        public ulong Index => index;
        public Stream OpenRead() => new MemoryStream(bytes);
    }
}
