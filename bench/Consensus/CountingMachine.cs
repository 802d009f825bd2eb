using System.Buffers;
using VideoScale.Consensus;

namespace VideoScale.Bench.Consensus;

/// <summary>A state machine that costs nothing, so that the engine alone is measured.</summary>
internal sealed class CountingMachine : IReplicatedStateMachine
{
    private ulong _applied;
    public ulong CompactionLimit => ulong.MaxValue;
    public void Apply(ulong index, ulong term, ReadOnlySpan<byte> command, IBufferWriter<byte> reply) => _applied++;
    public void EndOfBatch(ulong appliedIndex) { }
    public ISnapshotWriter BeginSnapshot() => new Writer(_applied);
    public UInt128 StateHash() => _applied;

    public ValueTask RestoreAsync(ISnapshotReader reader, CancellationToken cancellationToken)
    {
        var bytes = new byte[sizeof(ulong)];
        using var stream = reader.OpenRead();
        stream.ReadExactly(bytes);
        _applied = BitConverter.ToUInt64(bytes);
        return ValueTask.CompletedTask;
    }

    private sealed class Writer(ulong applied) : ISnapshotWriter
    {
        public void WriteTo(Stream stream, CancellationToken cancellationToken) => stream.Write(BitConverter.GetBytes(applied));
        public void Dispose() { }
    }
}
