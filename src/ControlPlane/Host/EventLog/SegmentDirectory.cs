using System.Globalization;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>
/// Finds what a directory holds and, when it may write, puts right what a crash left: cuts a torn tail, removes leftovers, makes missing
/// indexes.
/// </summary>
internal sealed class SegmentDirectory(string directory, bool readOnly)
{
    private readonly List<string> _notes = [];
    private readonly List<SegmentDamage> _damages = [];

    /// <summary>What was put right, one line each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>What cannot be read, where nothing may be put right.</summary>
    public IReadOnlyList<SegmentDamage> Damages => _damages;

    /// <summary>Reads the directory's segments in order of their first event.</summary>
    /// <exception cref="EventLogException">A file belongs to another cluster or setting.</exception>
    public List<SegmentPart> Load(UInt128? clusterId, uint? eventsPerSegment)
    {
        var parts = new List<SegmentPart>();
        var paths = Directory.Exists(directory) ? Directory.GetFiles(directory, "events-*.seg") : [];
        Array.Sort(paths, StringComparer.Ordinal);
        foreach (var path in paths)
        {
            if (TryOpen(path) is not { } part) continue;
            CheckOwner(part, clusterId, eventsPerSegment);
            (clusterId, eventsPerSegment) = (part.Header.ClusterId, part.Header.EventsPerSegment);
            if (parts.Count > 0 && part.FirstSeq <= parts[^1].Extent.LastSeq) RemoveMerged(part, parts[^1]);
            else parts.Add(part);
            if (!LoadExtent(part, isLast: path == paths[^1]) && parts[^1] == part) parts.RemoveAt(parts.Count - 1);
        }
        if (parts.Count > 0 && parts[^1] is { Closed: false, IsFull: true } full) Close(full);
        return parts;
    }

    private SegmentPart? TryOpen(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var header = SegmentHeader.TryRead(file, out var headerBytes, out var problem);
        if (header is not null)
        {
            if (Path.GetFileName(path) == SegmentHeader.FileName(header.FirstSeq)) return new(path, header, headerBytes);
            throw new EventLogException(EventLogProblem.Foreign,
                $"{path} begins with event {header.FirstSeq.ToString(CultureInfo.InvariantCulture)}, as its name does not say: give it "
                + $"back its name");
        }
        // A crash between making the file and syncing its header; nothing in it was ever promised.
        if (readOnly)
        {
            _damages.Add(new(path, 0, SeqOfName(path) - 1, problem));
            return null;
        }
        File.Move(path, path + ".cut", overwrite: true);
        _notes.Add($"{path}: {problem}; set aside as {Path.GetFileName(path)}.cut, its events are derived or fetched again");
        return null;
    }

    private static ulong SeqOfName(string path) =>
        ulong.TryParse(Path.GetFileNameWithoutExtension(path).AsSpan("events-".Length), out var seq) && seq > 0 ? seq : 1;

    private static void CheckOwner(SegmentPart part, UInt128? clusterId, uint? eventsPerSegment)
    {
        if (clusterId is { } id && part.Header.ClusterId != id)
            throw new EventLogException(EventLogProblem.Foreign,
                $"{part.Path} belongs to cluster {part.Header.ClusterId:x32}, not {id:x32}: this is another cluster's data; point the "
                + $"replica to its own directory");
        if (eventsPerSegment is { } events && part.Header.EventsPerSegment != events)
            throw new EventLogException(EventLogProblem.Foreign,
                $"{part.Path} was made with {part.Header.EventsPerSegment} events per segment, the setting is {events}: set it back, it "
                + $"cannot change");
    }

    /// <summary>A crash after two parts were merged may leave the second behind.</summary>
    private void RemoveMerged(SegmentPart part, SegmentPart merged)
    {
        _notes.Add($"{part.Path}: its events are also in {Path.GetFileName(merged.Path)}; removed");
        part.Closed = true;
        if (readOnly) return;
        File.Delete(part.Path);
        File.Delete(part.IndexPath);
    }

    /// <returns>False when the part turned out to be of no use.</returns>
    private bool LoadExtent(SegmentPart part, bool isLast)
    {
        if (part.Closed) return true;
        var length = new FileInfo(part.Path).Length;
        if (IndexFile.TryOpen(part.IndexPath, part.FirstSeq, length) is { } found)
        {
            (part.Index, part.Extent, part.Closed) = (found.Index, found.Extent, true);
            return true;
        }
        Scan(part, length, isLast);
        if (isLast) return true;
        if (part.IsEmpty)
        {
            _notes.Add($"{part.Path}: holds no event");
            if (!readOnly) File.Delete(part.Path);
            return false;
        }
        Close(part);
        return true;
    }

    private void Scan(SegmentPart part, long length, bool isLast)
    {
        var index = new LiveIndex(part.FirstSeq);
        using var file = part.OpenRead();
        using var scanner = new SegmentScanner(file, part.HeaderBytes, length);
        var extent = part.Extent;
        var problem = "";
        while (problem.Length == 0 && scanner.MoveNext())
        {
            if (!TryAdd(index, scanner, extent, out var next, out problem)) break;
            extent = next;
        }
        part.Index = index;
        part.Extent = extent;
        problem = scanner.Problem ?? problem;
        if (problem.Length == 0) return;
        if (readOnly)
        {
            _damages.Add(new(part.Path, extent.LengthBytes, extent.LastSeq, problem));
            return;
        }
        if (isLast) Cut(part, length);
        _notes.Add($"{part.Path}: {problem} at byte {extent.LengthBytes}, after event {extent.LastSeq}; "
            + (isLast ? $"the last {length - extent.LengthBytes} bytes are set aside, their events are derived again"
                : "the events after it are fetched from peers"));
    }

    private static bool TryAdd(LiveIndex index, SegmentScanner scanner, PartExtent before, out PartExtent after, out string problem)
    {
        (after, problem) = (before, "");
        try
        {
            var view = EventView.Read(scanner.Record);
            if (view.EventSeq != before.LastSeq + 1) problem = $"event {view.EventSeq} follows {before.LastSeq}";
            else
            {
                index.Add(view, scanner.FrameOffset);
                after = ExtentAfter(before, view, scanner.Offset, scanner.Chain);
            }
        }
        catch (CanonicalException e) { problem = $"a record cannot be read ({e.Message})"; }
        return problem.Length == 0;
    }

    internal static PartExtent ExtentAfter(PartExtent before, in EventView view, long lengthBytes, in Hash256 chain)
    {
        var first = before.FirstRaftIndex == 0;
        return new(view.EventSeq, lengthBytes, first ? view.RaftIndex : before.FirstRaftIndex, view.RaftIndex,
            first ? view.OccurredAt : before.FirstTime, view.OccurredAt, chain);
    }

    private static void Cut(SegmentPart part, long length)
    {
        using var file = File.OpenHandle(part.Path, FileMode.Open, FileAccess.ReadWrite);
        var tail = new byte[length - part.Extent.LengthBytes];
        RandomAccess.Read(file, tail, part.Extent.LengthBytes);
        File.WriteAllBytes(part.Path + ".cut", tail);
        RandomAccess.SetLength(file, part.Extent.LengthBytes);
        Disk.SyncData(file, part.Path);
    }

    private void Close(SegmentPart part)
    {
        part.Closed = true;
        if (readOnly) return;
        using (var file = File.OpenHandle(part.Path, FileMode.Open, FileAccess.ReadWrite)) Disk.SyncData(file, part.Path);
        IndexFile.Write(part.IndexPath, part.FirstSeq, part.Extent, (LiveIndex)part.Index);
        Invariant.Require(part.Extent.LastSeq >= part.FirstSeq, "a closed file has events");
        if (IndexFile.TryOpen(part.IndexPath, part.FirstSeq, new FileInfo(part.Path).Length) is { } found) part.Index = found.Index;
    }
}

/// <summary>A place in a file from which on nothing can be read.</summary>
/// <param name="AfterSeq">Last event before it.</param>
public sealed record SegmentDamage(string Path, long Offset, ulong AfterSeq, string Problem);
