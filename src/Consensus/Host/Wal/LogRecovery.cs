using System.Globalization;
using System.Runtime.InteropServices;
using VideoScale.Consensus.Host.Ports;
using VideoScale.Consensus.Host.Storage;

namespace VideoScale.Consensus.Host.Wal;

/// <summary>Reads a log's segments after a start, cuts a torn tail and refuses rot.</summary>
internal static unsafe class LogRecovery
{
    internal static RecoveredLog Run(string directory, MemberId member)
    {
        var found = FindSegments(directory, member);
        var replay = new LogReplay();
        var segments = new List<SegmentFile>();
        long end = 0, torn = 0;
        try
        {
            for (var i = 0; i < found.Count; i++)
            {
                var (path, header) = found[i];
                if (i == 0) replay.StartFrom(header);
                else RequireContinues(found[i - 1].Path, end, path, header, replay);
                var segment = SegmentFile.Open(path, header);
                segments.Add(segment);
                (end, var cut) = Replay(segment, replay, isLast: i == found.Count - 1);
                torn += cut;
                segment.MaxIndex = Math.Max(segment.MaxIndex, replay.Tail.LastIndex);
            }
            var loaded = replay.Finish() ?? throw new DataDirectoryException(
                $"{directory} lacks the segments before {Path.GetFileName(found[0].Path)}: restore them from a backup, or move the directory away and add this replica as a new member");
            return new RecoveredLog(loaded, segments, replay.Tail, end, replay.Chain, torn);
        }
        catch
        {
            foreach (var segment in segments) segment.Dispose();
            throw;
        }
    }

    internal static List<(string Path, SegmentHeader Header)> FindSegments(string directory, MemberId member)
    {
        var found = new List<(string Path, SegmentHeader Header)>();
        foreach (var path in Directory.EnumerateFiles(directory, "*" + SegmentFile.Extension).Order(StringComparer.Ordinal))
        {
            var header = ReadHeader(path);
            if (header.Member != member)
                throw new DataDirectoryException($"{path} was written by member {header.Member}, but this directory belongs to member {member}: put the file back where it came from");
            if (Path.GetFileNameWithoutExtension(path) != header.Sequence.ToString("D16", CultureInfo.InvariantCulture))
                throw new DataDirectoryException($"{path} is segment {header.Sequence} of the log under another name: give it its own name back");
            if (found.Count > 0 && found[^1].Header.Sequence + 1 != header.Sequence)
                throw new DataDirectoryException($"{directory} lacks segment {found[^1].Header.Sequence + 1} of the log: restore it from a backup, or move the directory away and add this replica as a new member");
            found.Add((path, header));
        }
        return found;
    }

    private static SegmentHeader ReadHeader(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var page = new byte[SegmentHeader.Bytes];
        var read = RandomAccess.Read(handle, page, 0);
        return SegmentHeader.Read(page.AsSpan(0, read), path) ?? throw new RotFoundException(path, 0, "its header fails its checksum", 0, ulong.MaxValue);
    }

    internal static void RequireContinues(string previousPath, long previousEnd, string path, SegmentHeader header, LogReplay replay)
    {
        if (header.PreviousEnd != (ulong)previousEnd || header.PreviousChain != replay.Chain)
            throw new RotFoundException(previousPath, previousEnd, $"its records end there, but {Path.GetFileName(path)} continues it at byte {header.PreviousEnd}",
                replay.Tail.LastIndex + 1, Math.Max(header.LastIndex, replay.Tail.LastIndex + 1));
        if (!replay.Tail.Matches(header)) throw new RotFoundException(path, 0, "its header does not agree with the segments before it", replay.Tail.LastIndex + 1, ulong.MaxValue);
    }

    private static (long End, long TornBytes) Replay(SegmentFile segment, LogReplay replay, bool isLast)
    {
        var length = checked((int)segment.Length & ~7);
        var memory = (byte*)NativeMemory.Alloc((nuint)Math.Max(length, 1)); // outside of the managed heap: it is large and lives for a moment
        try
        {
            var bytes = new Span<byte>(memory, length);
            segment.ReadAll(bytes);
            var scan = new SegmentScan(bytes, segment.Header, segment.Path, replay);
            var (end, footerEnd, records) = scan.Read();
            if (!isLast) return (end, 0); // where it must end, the next segment's header says
            scan.RequireTorn(end, footerEnd);
            return Repair(segment, bytes, end, footerEnd, records, replay);
        }
        finally { NativeMemory.Free(memory); }
    }

    /// <summary>
    /// Zeros what is left of a torn write, closes the sound records in front of it with a footer, and syncs: what a killed process
    /// had written is in the page cache perhaps and nowhere else, and this replica is about to vouch for it.
    /// </summary>
    private static (long End, long TornBytes) Repair(SegmentFile segment, Span<byte> bytes, int end, int footerEnd, uint records, LogReplay replay)
    {
        var torn = bytes[end..].LastIndexOfAnyExcept((byte)0) + 1;
        if (torn > 0)
        {
            bytes.Slice(end, torn).Clear();
            segment.Write(bytes.Slice(end, torn), end);
            segment.Sync(); // on its own: the torn write's footer must be gone before another one stands in front of it
        }
        var at = end;
        if (records > 0)
        {
            at += RecordFormat.FooterBytes;
            replay.Chain = BatchFooter.Seal(bytes[footerEnd..at], footerEnd, records, replay.Tail, segment.Header.Epoch, replay.Chain);
            segment.Write(bytes[end..at], end);
        }
        segment.Sync();
        return (at, torn);
    }
}

/// <param name="Segments">Open, oldest first.</param>
/// <param name="EndOffset">Where the next write goes in the last segment.</param>
/// <param name="TornBytes">Bytes of an unfinished last write that were removed.</param>
internal sealed record RecoveredLog(LoadedLog Loaded, List<SegmentFile> Segments, LogTail Tail, long EndOffset, uint Chain, long TornBytes);
