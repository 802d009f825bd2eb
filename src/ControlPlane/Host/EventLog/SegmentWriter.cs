using Microsoft.Win32.SafeHandles;
using VideoScale.ControlPlane.Audit;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>Writes framed records to segment files, seals full ones and keeps the index of the live one. Used by one thread.</summary>
internal sealed class SegmentWriter(string directory, EventLogReader reader) : IDisposable
{
    private SegmentPart? _part;
    private LiveIndex? _index;
    private SafeFileHandle? _file;

    public long UnsyncedBytes { get; private set; }

    /// <summary>Goes on in a file that recovery left open.</summary>
    public void Continue(SegmentPart part)
    {
        _part = part;
        _index = (LiveIndex)part.Index;
        _file = File.OpenHandle(part.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
    }

    public void Write(PendingEvents events)
    {
        var frames = events.Frames.WrittenMemory;
        var from = 0;
        foreach (var (offset, header) in events.Starts)
        {
            WriteFrames(frames.Span[from..offset]);
            Begin(header);
            from = offset;
        }
        WriteFrames(frames.Span[from..]);
        if (events.Seals && _part is not null) Seal();
    }

    /// <summary>Everything written is on disk afterwards.</summary>
    public void Sync()
    {
        if (UnsyncedBytes == 0) return;
        Disk.SyncData(_file!, _part!.Path);
        UnsyncedBytes = 0;
    }

    public void Dispose() => _file?.Dispose();

    private void WriteFrames(ReadOnlySpan<byte> frames)
    {
        if (frames.IsEmpty) return;
        var (part, index) = (_part!, _index!);
        var extent = part.Extent;
        RandomAccess.Write(_file!, frames, extent.LengthBytes);
        UnsyncedBytes += frames.Length;
        while (!frames.IsEmpty)
        {
            var recordLength = RecordFrame.RecordLength(frames);
            var view = EventView.Read(frames.Slice(RecordFrame.PrefixBytes, recordLength));
            index.Add(view, extent.LengthBytes);
            var frameLength = recordLength + RecordFrame.OverheadBytes;
            var chain = frames.Slice(RecordFrame.PrefixBytes + recordLength, Hash256.SizeBytes);
            extent = SegmentDirectory.ExtentAfter(extent, view, extent.LengthBytes + frameLength, new Hash256(chain));
            frames = frames[frameLength..];
        }
        part.Extent = extent;
        reader.Publish(extent.LastSeq);
        if (part.IsFull) Seal();
    }

    private void Begin(SegmentHeader header)
    {
        Invariant.Require(_part is null, "a file begins after the one before it was sealed");
        var path = Path.Combine(directory, SegmentHeader.FileName(header.FirstSeq));
        var bytes = header.Encode();
        _file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.Write(_file, bytes, 0);
        Disk.SyncData(_file, path);
        Disk.SyncDirectory(directory);
        _part = new(path, header, bytes.Length);
        _index = new(header.FirstSeq);
        _part.Index = _index;
        reader.ChangeParts(parts => parts.Add(_part));
    }

    private void Seal()
    {
        var part = _part!;
        Disk.SyncData(_file!, part.Path);
        UnsyncedBytes = 0;
        _file!.Dispose();
        if (!part.IsEmpty)
        {
            IndexFile.Write(part.IndexPath, part.FirstSeq, part.Extent, _index!);
            if (IndexFile.TryOpen(part.IndexPath, part.FirstSeq, part.Extent.LengthBytes) is { } found) part.Index = found.Index;
        }
        part.Closed = true;
        (_part, _index, _file) = (null, null, null);
    }
}
