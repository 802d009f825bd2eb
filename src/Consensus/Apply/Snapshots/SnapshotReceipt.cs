using System.Globalization;
using VideoScale.Platform;

namespace VideoScale.Consensus.Apply.Snapshots;

/// <summary>A snapshot on its way in: bytes as they stand in the sender's file, in order, kept across broken connections.</summary>
internal sealed class SnapshotReceipt : IDisposable
{
    internal const string Extension = ".receiving";
    private readonly SnapshotStore _store;
    private readonly string _path;
    private readonly long _totalBytes;
    private readonly FileStream _file;
    private long _unwritten;

    internal SnapshotReceipt(SnapshotStore store, string directory, UInt128 id, long totalBytes)
    {
        _store = store;
        _totalBytes = totalBytes;
        _path = Path.Combine(directory, id.ToString("x32", CultureInfo.InvariantCulture) + Extension);
        foreach (var other in Directory.EnumerateFiles(directory, "*" + Extension))
        {
            if (other != _path) File.Delete(other); // of a snapshot that nobody sends any more
        }
        _file = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        if (_file.Length > totalBytes) _file.SetLength(0);
        _file.Position = _file.Length;
    }

    /// <summary>What is here already: the sender goes on behind it.</summary>
    internal long Offset => _file.Position;

    internal void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _totalBytes - Offset) throw new InvalidDataException("more bytes than the snapshot has");
        _file.Write(bytes);
        _unwritten += bytes.Length;
        if (_unwritten < SnapshotFormat.WriteOutBytes) return;
        // bit by bit: all at once would hold up the log's syncs
        Libc.StartWriting(_file.SafeFileHandle, Offset - _unwritten, _unwritten, _path);
        _unwritten = 0;
    }

    /// <summary>Verifies the whole file, makes it durable and lists it.</summary>
    /// <exception cref="Directories.RotFoundException">What arrived is not what was sent; it is dropped, to be sent anew.</exception>
    internal SnapshotMeta Complete()
    {
        if (Offset != _totalBytes) throw new InvalidDataException($"{Offset} of {_totalBytes} bytes arrived");
        Libc.SyncData(_file.SafeFileHandle, _path);
        _file.Dispose();
        SnapshotMeta meta;
        try { meta = SnapshotStore.Check(_path, pause: TimeSpan.FromMilliseconds(1)); }
        catch (Directories.RotFoundException)
        {
            File.Delete(_path);
            throw;
        }
        _store.Publish(_path, meta);
        return meta;
    }

    public void Dispose() => _file.Dispose();
}
