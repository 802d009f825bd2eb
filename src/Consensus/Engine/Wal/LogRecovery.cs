using System.Globalization;
using System.Runtime.InteropServices;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>Reads a log's segments after a start, cuts a torn tail and refuses rot.</summary>
internal static unsafe class LogRecovery
{
    internal static RecoveredLog Run(string directory, MemberId member, WalOptions options)
    {
        var (found, damage) = FindSegments(directory, member);
        if (damage is not null) throw damage;
        var replay = new LogReplay();
        var segments = new List<SegmentFile>();
        long end = 0;
        try
        {
            for (var i = 0; i < found.Count; i++)
            {
                var (path, header) = found[i];
                if (i == 0) replay.StartFrom(header);
                else RequireContinues(found[i - 1].Path, end, path, header, replay);
                var segment = SegmentFile.Open(path, header);
                segments.Add(segment);
                end = Replay(segment, replay, isLast: i == found.Count - 1, options);
                segment.MaxIndex = Math.Max(segment.MaxIndex, replay.Tail.LastIndex);
            }
            var loaded = replay.Finish() ?? throw LacksTheFirst(found[0].Path, replay);
            return new RecoveredLog(loaded, segments, replay.Tail, end, replay.Chain);
        }
        catch
        {
            foreach (var segment in segments) segment.Dispose();
            throw;
        }
    }

    /// <returns>The segments that follow each other from the oldest on, and what ends them before the last file: a damaged header, or a
    /// file that is missing.</returns>
    /// <exception cref="DataDirectoryException">A file of somebody else's log.</exception>
    internal static (List<(string Path, SegmentHeader Header)> Found, RotFoundException? Damage) FindSegments(string directory,
        MemberId member)
    {
        var found = new List<(string Path, SegmentHeader Header)>();
        foreach (var path in PathsOf(directory))
        {
            if (ReadHeader(path, out var bytes) is not { } header)
            {
                var what = bytes < SegmentHeader.Bytes ? $"it ends there, within its header of {SegmentHeader.Bytes} bytes"
                    : "its header fails its checksum";
                return (found,
                    new RotFoundException(path, bytes < SegmentHeader.Bytes ? bytes : 0, what, LastOf(found) + 1, ulong.MaxValue));
            }
            if (header.Member != member)
                throw new DataDirectoryException(
                    $"{path} was written by member {header.Member}, but this directory belongs to member {member}: put the file back "
                    + $"where it came from");
            if (Path.GetFileNameWithoutExtension(path) != header.Sequence.ToString("D16", CultureInfo.InvariantCulture))
                throw new DataDirectoryException(
                    $"{path} is segment {header.Sequence} of the log under another name: give it its own name back");
            if (found.Count > 0 && found[^1].Header.Sequence + 1 != header.Sequence)
                return (found,
                    new RotFoundException(path, 0,
                    $"{directory} lacks segment {found[^1].Header.Sequence + 1} of the log, which lies before it", LastOf(found) + 1,
                    ulong.MaxValue));
            found.Add((path, header));
        }
        return (found, null);
    }

    internal static IEnumerable<string> PathsOf(string directory) =>
        Directory.EnumerateFiles(directory, "*" + SegmentFile.Extension).Order(StringComparer.Ordinal);

    internal static RotFoundException LacksTheFirst(string path, LogReplay replay) =>
        new(path, 0, $"the log lacks the segments before {Path.GetFileName(path)}", replay.Tail.BaseIndex + 1, replay.Tail.LastIndex);

    /// <summary>Where the last of these begins: what it holds itself is not known here.</summary>
    private static ulong LastOf(List<(string Path, SegmentHeader Header)> found) => found.Count == 0 ? 0 : found[^1].Header.LastIndex;

    private static SegmentHeader? ReadHeader(string path, out int bytes)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var page = new byte[SegmentHeader.Bytes];
        bytes = RandomAccess.Read(handle, page, 0);
        return SegmentHeader.Read(page.AsSpan(0, bytes), path);
    }

    internal static void RequireContinues(string previousPath, long previousEnd, string path, SegmentHeader header, LogReplay replay)
    {
        if (header.PreviousEnd != (ulong)previousEnd || header.PreviousChain != replay.Chain)
            throw new RotFoundException(previousPath, previousEnd,
                $"its records end there, but {Path.GetFileName(path)} continues it at byte {header.PreviousEnd}",
                replay.Tail.LastIndex + 1, Math.Max(header.LastIndex, replay.Tail.LastIndex + 1));
        if (!replay.Tail.Matches(header))
            throw new RotFoundException(path, 0, "its header does not agree with the segments before it", replay.Tail.LastIndex + 1,
                ulong.MaxValue);
    }

    /// <returns>Where its records end.</returns>
    private static long Replay(SegmentFile segment, LogReplay replay, bool isLast, WalOptions options)
    {
        var length = checked((int)segment.Length & ~7);
        // outside of the managed heap: it is large and lives for a moment
        var memory = (byte*)NativeMemory.Alloc((nuint)Math.Max(length, 1));
        try
        {
            var bytes = new Span<byte>(memory, length);
            segment.ReadAll(bytes);
            var scan = new SegmentScan(bytes, segment.Header, segment.Path, replay);
            var (end, footerEnd, records) = scan.Read();
            if (!isLast) return end; // where it must end, the next segment's header says
            scan.RequireTorn(end, footerEnd);
            var whole = scan.RequireWhole(segment.Length, end, footerEnd, options);
            if (segment.Length != whole) segment.Lengthen(whole);
            return Repair(segment, bytes, end, footerEnd, records, replay);
        }
        finally { NativeMemory.Free(memory); }
    }

    /// <summary>
    /// Zeros what is left of a torn write, closes the sound records in front of it with a footer, and syncs: what a killed process
    /// had written is in the page cache perhaps and nowhere else, and this replica is about to vouch for it.
    /// </summary>
    private static long Repair(SegmentFile segment, Span<byte> bytes, int end, int footerEnd, uint records,
        LogReplay replay)
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
        return at;
    }
}

/// <param name="Segments">Open, oldest first.</param>
/// <param name="EndOffset">Where the next write goes in the last segment.</param>
internal sealed record RecoveredLog(LoadedLog Loaded, List<SegmentFile> Segments, LogTail Tail, long EndOffset, uint Chain);
