using System.Globalization;
using Microsoft.Win32.SafeHandles;
using VideoScale.Platform;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>One file of the log.</summary>
internal sealed class SegmentFile : IDisposable
{
    internal const string Extension = ".segment";
    private readonly SafeFileHandle _handle;

    private SegmentFile(string path, SafeFileHandle handle, SegmentHeader header)
    {
        Path = path;
        Header = header;
        MaxIndex = header.LastIndex;
        Length = RandomAccess.GetLength(handle);
        _handle = handle;
    }

    internal string Path { get; }
    internal SegmentHeader Header { get; }
    internal long Length { get; private set; }

    /// <summary>The highest index ever appended up to the end of this segment: it may go once the log's base has reached it.</summary>
    internal ulong MaxIndex { get; set; }

    internal static string PathOf(string directory, ulong sequence) =>
        System.IO.Path.Combine(directory, sequence.ToString("D16", CultureInfo.InvariantCulture) + Extension);

    internal static SegmentFile Open(string path, SegmentHeader header) =>
        new(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite), header);

    /// <summary>
    /// Turns a zero-filled file into the segment: synced under its old name, then renamed, so that a segment always has its header.
    /// </summary>
    internal static SegmentFile Begin(string zeroFilledPath, string directory, SegmentHeader header)
    {
        var path = PathOf(directory, header.Sequence);
        var handle = File.OpenHandle(zeroFilledPath, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            var page = new byte[SegmentHeader.Bytes];
            header = header with { FileBytes = RandomAccess.GetLength(handle) };
            header.WriteTo(page);
            RandomAccess.Write(handle, page, 0);
            Libc.SyncData(handle, zeroFilledPath);
            File.Move(zeroFilledPath, path, overwrite: false);
            Libc.SyncDirectory(directory);
            return new SegmentFile(path, handle, header);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    internal void ReadAll(Span<byte> bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var read = RandomAccess.Read(_handle, bytes[at..], at);
            if (read == 0) throw new IOException($"{Path} became shorter while it was read");
            at += read;
        }
    }

    internal void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(_handle, bytes, offset);

    /// <summary>
    /// Gives a file that was cut the length it was made with again, durably: a short one would count as cut at every later start.
    /// </summary>
    internal void Lengthen(long bytes)
    {
        RandomAccess.SetLength(_handle, bytes);
        Sync();
        Length = bytes;
    }

    internal void Sync() => Libc.SyncData(_handle, Path);

    public void Dispose() => _handle.Dispose();
}
