namespace VideoScale.Consensus.InMemory;

internal sealed class MemorySnapshot(ulong index, byte[] bytes) : ISnapshotReader
{
    public ulong Index { get; } = index;
    internal long Length => bytes.Length;
    public Stream OpenRead() => new MemoryStream(bytes, writable: false);
}
