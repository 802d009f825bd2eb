
namespace VideoScale.Consensus.Apply.Snapshots;

/// <summary>An open snapshot: its file stays readable although the store may drop its name.</summary>
internal sealed class StoredSnapshot(FileStream file, string path, SnapshotMeta meta) : IStoredSnapshot
{
    public SnapshotMeta Meta { get; } = meta;
    public ulong Index => Meta.Index;
    public ulong Bytes => (ulong)file.Length;

    public Stream OpenRead() => new SnapshotContentStream(Raw(), path);

    /// <summary>The file as it is, for sending.</summary>
    internal FileStream OpenRaw() => Raw();

    public void Dispose() => file.Dispose();

    // Through /proc: opens the same file again, with a position of its own, whatever became of its name.
    private FileStream Raw() => new($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}", FileMode.Open, FileAccess.Read,
        FileShare.ReadWrite | FileShare.Delete);
}
