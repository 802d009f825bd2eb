using Google.Protobuf;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.EventLog.Backfill;

/// <summary>Gives segment files to peers that lack them: sealed ones whole, the live one as far as it goes.</summary>
public sealed class SegmentServing(EventLog log)
{
    private const int ChunkBytes = 256 * 1024;

    /// <summary>Why a request is refused; null when it is not.</summary>
    public Failure? Check(FetchSegmentRequest request)
    {
        if (request.FirstSeq == 0 || (request.FirstSeq - 1) % log.EventsPerSegment != 0)
            return Failure.InvalidArgument($"first_seq: {request.FirstSeq} breaks the rule: 1 plus a multiple of {log.EventsPerSegment}");
        if (PartAt(request.FirstSeq) is not { } part)
            return Failure.OutOfRange(
                $"the segment of event {request.FirstSeq} is not held here from its beginning; the floor is {log.Reader.Floor}, the last "
                + $"event {log.Reader.LastSeq}");
        return (long)request.Offset <= part.Extent.LengthBytes ? null
            : Failure.OutOfRange($"offset: {request.Offset} is past the {part.Extent.LengthBytes} bytes held here");
    }

    /// <summary>The pieces of a segment that was checked; at least one.</summary>
    public IEnumerable<SegmentChunk> Read(FetchSegmentRequest request)
    {
        var part = PartAt(request.FirstSeq) ?? throw log.Reader.OutOfRange(request.FirstSeq);
        using var file = part.OpenRead();
        var (at, length) = ((long)request.Offset, part.Extent.LengthBytes);
        var buffer = new byte[ChunkBytes];
        do
        {
            var read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(ChunkBytes, length - at)), at);
            if (read == 0 && at < length) throw part.Corrupt(at, "the file ends early");
            yield return new() { Offset = (ulong)at, Data = ByteString.CopyFrom(buffer, 0, read), Last = at + read == length };
            at += read;
        }
        while (at < length);
    }

    private SegmentPart? PartAt(ulong firstSeq) => log.Reader.Parts.FirstOrDefault(part => part.FirstSeq == firstSeq && !part.IsEmpty);
}
