using VideoScale.ControlPlane.Audit;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.EventLog.Backfill;

/// <summary>Puts segment files in place of others, so that a crash at any point leaves a directory that opens.</summary>
internal static class SegmentJoin
{
    /// <summary>Renames a checked file into place, over a part of it that may lie there.</summary>
    public static void PutInPlace(EventLog log, string path, SegmentPart part)
    {
        File.Move(path, part.Path, overwrite: true); // an index that was there is about another length and counts for nothing
        IndexFile.Write(part.IndexPath, part.FirstSeq, part.Extent, (LiveIndex)part.Index);
        Disk.SyncDirectory(log.Directory);
        if (IndexFile.TryOpen(part.IndexPath, part.FirstSeq, part.Extent.LengthBytes) is { } found) part.Index = found.Index;
        log.Reader.ChangeParts(parts =>
            [.. parts.Where(p => p.FirstSeq < part.FirstSeq), part, .. parts.Where(p => p.FirstSeq > part.Extent.LastSeq)]);
    }

    /// <summary>Makes one file of two closed parts of a segment: it is then alike on every replica.</summary>
    /// <returns>False when there are none.</returns>
    public static bool JoinOne(EventLog log)
    {
        var parts = log.Reader.Parts;
        for (var i = 1; i < parts.Length; i++)
        {
            var (first, second) = (parts[i - 1], parts[i]);
            if (second.Header.IsAligned || !first.Closed || !second.Closed || first.Extent.LastSeq + 1 != second.FirstSeq) continue;
            Join(log, first, second);
            return true;
        }
        return false;
    }

    private static void Join(EventLog log, SegmentPart first, SegmentPart second)
    {
        var path = first.Path + ".new";
        using (var to = new FileStream(path, FileMode.Create, FileAccess.ReadWrite))
        {
            CopyRecords(first, 0, to);
            CopyRecords(second, second.HeaderBytes, to);
            to.Flush();
            Disk.SyncData(to.SafeFileHandle, path);
        }
        var joined = Indexed(path, first);
        Invariant.Require(joined.Extent.LastSeq == second.Extent.LastSeq && joined.Extent.LastChain == second.Extent.LastChain,
            "two parts make the segment they are parts of");
        PutInPlace(log, path, joined);
        File.Delete(second.Path);
        File.Delete(second.IndexPath);
    }

    private static void CopyRecords(SegmentPart part, long from, FileStream to)
    {
        using var source = new FileStream(part.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        source.Position = from;
        var left = part.Extent.LengthBytes - from;
        var buffer = new byte[1 << 20];
        while (left > 0)
        {
            var read = source.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (read == 0) throw part.Corrupt(source.Position, "the file ends early");
            to.Write(buffer, 0, read);
            left -= read;
        }
    }

    private static SegmentPart Indexed(string path, SegmentPart first)
    {
        var part = new SegmentPart(first.Path, first.Header, first.HeaderBytes);
        var index = new LiveIndex(first.FirstSeq);
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read);
        using var scanner = new SegmentScanner(file, first.HeaderBytes, RandomAccess.GetLength(file));
        while (scanner.MoveNext())
        {
            var view = EventView.Read(scanner.Record);
            index.Add(view, scanner.FrameOffset);
            part.Extent = SegmentDirectory.ExtentAfter(part.Extent, view, scanner.Offset, scanner.Chain);
        }
        if (scanner.Problem is { } problem) throw part.Corrupt(scanner.Offset, problem);
        part.Index = index;
        part.Closed = true;
        return part;
    }
}
