using System.Globalization;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Platform;

namespace VideoScale.Consensus.Apply.Snapshots;

/// <summary>A file for each snapshot; the last two are kept, so that a damaged one leaves another to fall back to.</summary>
public sealed class SnapshotStore : ISnapshotStore
{
    private const string Extension = ".snapshot";
    private const string TemporaryExtension = ".writing";
    private const int Kept = 2;
    private readonly Lock _gate = new();
    private readonly string _directory;
    private readonly List<SnapshotMeta> _sound = []; // oldest first
    private HashSet<ulong> _asked = [];

    public SnapshotStore(DataDirectory directory) : this(directory.SnapshotPath) { }

    public SnapshotStore(string directory)
    {
        _directory = directory;
        Directory.CreateDirectory(directory);
        foreach (var left in Directory.EnumerateFiles(directory, "*" + TemporaryExtension)) File.Delete(left);
        var damaged = new List<RotFoundException>();
        foreach (var path in Directory.EnumerateFiles(directory, "*" + Extension).Order(StringComparer.Ordinal))
        {
            try { _sound.Add(Check(path)); }
            catch (RotFoundException e) { damaged.Add(e); }
        }
        Damaged = damaged;
    }

    /// <summary>
    /// Snapshots that did not verify at the start; they are left alone and not listed. When the log does not reach back to
    /// <see cref="Latest"/>, the replica must not start: the last one of these says why.
    /// </summary>
    public IReadOnlyList<RotFoundException> Damaged { get; }

    public SnapshotMeta? Latest { get { lock (_gate) return _sound.Count == 0 ? null : _sound[^1]; } }

    public ISnapshotSink Create(SnapshotMeta meta) =>
        new SnapshotSink(this, Path.Combine(_directory, Guid.NewGuid().ToString("N") + TemporaryExtension), meta);

    public IStoredSnapshot? Open(ulong index) => OpenStored(index);

    /// <summary>Reads the state machine's part of the newest one; null without any.</summary>
    internal SnapshotContent<T>? Read<T>(Func<ISnapshotReader, T> read)
    {
        using var newest = Latest is { } latest ? OpenStored(latest.Index) : null;
        return newest is null ? null : new SnapshotContent<T>(newest.Meta, read(new SnapshotEnvelope.Reader(newest)));
    }

    public void Keep(IReadOnlyCollection<ulong> indexes)
    {
        lock (_gate) _asked = [.. indexes];
    }

    /// <summary>Receives a snapshot file from a peer; goes on with what an earlier try left.</summary>
    internal SnapshotReceipt Receive(UInt128 id, long totalBytes) => new(this, _directory, id, totalBytes);

    internal StoredSnapshot? OpenStored(ulong index)
    {
        FileStream file;
        SnapshotMeta? meta;
        lock (_gate)
        {
            meta = _sound.Find(m => m.Index == index);
            if (meta is null) return null;
            file = OpenFile(PathOf(meta));
        }
        return new StoredSnapshot(file, PathOf(meta), meta);
    }

    /// <summary>Gives a complete, synced file its name, and drops what is older than the last two.</summary>
    internal void Publish(string temporary, SnapshotMeta meta)
    {
        lock (_gate)
        {
            File.Move(temporary, PathOf(meta), overwrite: true);
            Libc.SyncDirectory(_directory);
            _sound.RemoveAll(m => m.Index == meta.Index);
            _sound.Add(meta);
            _sound.Sort((a, b) => a.Index.CompareTo(b.Index));
            foreach (var old in _sound.Where(m => !_asked.Contains(m.Index)).SkipLast(Kept).ToArray())
            {
                File.Delete(PathOf(old));
                _sound.Remove(old);
            }
        }
    }

    /// <summary>Who voted, from the newest damaged snapshot whose beginning can still be read.</summary>
    internal static Membership? ReadableMembership(IReadOnlyList<RotFoundException> damaged)
    {
        foreach (var rot in damaged.Reverse())
        {
            try
            {
                using var content = new SnapshotContentStream(OpenFile(rot.File), rot.File);
                return content.Meta.Membership;
            }
            catch (Exception e) when (e is RotFoundException or IOException) { } // damaged at its beginning: an older one may say it
        }
        return null;
    }

    /// <exception cref="RotFoundException"/>
    internal static SnapshotMeta Check(string path, TimeSpan pause = default)
    {
        using var content = new SnapshotContentStream(OpenFile(path), path);
        content.Verify(pause);
        return content.Meta;
    }

    private string PathOf(SnapshotMeta meta) =>
        Path.Combine(_directory, meta.Index.ToString("D20", CultureInfo.InvariantCulture) + Extension);

    private static FileStream OpenFile(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
}
