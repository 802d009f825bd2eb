using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>
/// A snapshot file from member to member on a connection of its own: offer, where to go on, chunks, end, installed.
/// The receiver keeps what arrived, so the next try goes on there.
/// </summary>
internal static class SnapshotTransfer
{
    private const int ChunkBytes = 256 << 10;
    private const int OfferBytes = 32;

    internal static bool Send(TransportOptions options, SnapshotStore snapshots, TransportLog log, EndPoint address, MemberId to,
        ulong term, ulong index, CancellationToken stop)
    {
        try
        {
            using var stored = snapshots.OpenStored(index);
            if (stored is null) return false; // dropped meanwhile: the leader offers a newer one
            using var line = Line.Connect(options, address, to, Channel.Snapshot);
            using var file = stored.OpenRaw();
            UInt128 id;
            using (var content = new SnapshotContentStream(stored.OpenRaw(), "")) id = content.Id;
            line.Send(Offer(term, id, file.Length));
            file.Position = ReadResume(line, file.Length);
            var frame = new byte[Frame.HeaderBytes + ChunkBytes];
            var (started, sent) = (Stopwatch.GetTimestamp(), 0L);
            while (true)
            {
                stop.ThrowIfCancellationRequested();
                var read = file.ReadAtLeast(frame.AsSpan(Frame.HeaderBytes), ChunkBytes, throwOnEndOfStream: false);
                if (read == 0) break;
                var chunk = frame.AsMemory(0, Frame.HeaderBytes + read);
                Frame.Seal(chunk.Span, FrameType.SnapshotChunk);
                line.Send(chunk);
                sent += read;
                Hold(options.SnapshotBytesPerSecond, sent, started, stop);
            }
            line.Send(Frame.Make(FrameType.SnapshotEnd, []));
            return line.Frames.TryRead(out var type, out _) && type == FrameType.SnapshotInstalled;
        }
        catch (OperationCanceledException) { return false; }
        catch (Exception e) when (PeerSender.EndsConnection(e) || e is RotFoundException)
        {
            log.SnapshotFailed(to, index, e.Message);
            return false;
        }
    }

    internal static void Receive(Line line, SnapshotStore snapshots, ITransportListener listener)
    {
        if (!line.Frames.TryRead(out var type, out var body)) return;
        if (type != FrameType.SnapshotOffer || body.Length != OfferBytes) throw new ProtocolException("no snapshot offer");
        var term = BinaryPrimitives.ReadUInt64LittleEndian(body.Span);
        var totalBytes = BinaryPrimitives.ReadInt64LittleEndian(body.Span[8..]);
        var id = BinaryPrimitives.ReadUInt128LittleEndian(body.Span[16..]);
        if (totalBytes < SnapshotFormat.FixedHeaderBytes) throw new ProtocolException($"a snapshot of {totalBytes} bytes");
        using var receipt = snapshots.Receive(id, totalBytes);
        var offset = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(offset, receipt.Offset);
        line.Send(Frame.Make(FrameType.SnapshotResume, offset));
        try
        {
            while (line.Frames.TryRead(out type, out body))
            {
                if (type == FrameType.SnapshotChunk) { receipt.Write(body.Span); continue; }
                if (type != FrameType.SnapshotEnd) throw new ProtocolException($"a {type} frame among snapshot chunks");
                var meta = receipt.Complete();
                listener.OnSnapshotReceived(line.Hello.From, term, meta);
                line.Send(Frame.Make(FrameType.SnapshotInstalled, []));
                return;
            }
        }
        catch (Exception e) when (e is InvalidDataException or RotFoundException)
        {
            throw new ProtocolException($"the snapshot is not usable: {e.Message}", e);
        }
    }

    /// <summary>Waits until the bytes sent so far fit the bandwidth that a snapshot may take.</summary>
    private static void Hold(long bytesPerSecond, long sent, long started, CancellationToken stop)
    {
        if (bytesPerSecond == 0) return;
        var ahead = TimeSpan.FromSeconds((double)sent / bytesPerSecond) - Stopwatch.GetElapsedTime(started);
        if (ahead > TimeSpan.Zero) stop.WaitHandle.WaitOne(ahead);
    }

    private static byte[] Offer(ulong term, UInt128 id, long totalBytes)
    {
        var body = new byte[OfferBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(body, term);
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(8), totalBytes);
        BinaryPrimitives.WriteUInt128LittleEndian(body.AsSpan(16), id);
        return Frame.Make(FrameType.SnapshotOffer, body);
    }

    private static long ReadResume(Line line, long length)
    {
        if (!line.Frames.TryRead(out var type, out var body) || type != FrameType.SnapshotResume || body.Length != sizeof(long))
            throw new ProtocolException("the offer of a snapshot was not answered");
        var offset = BinaryPrimitives.ReadInt64LittleEndian(body.Span);
        return offset >= 0 && offset <= length ? offset
            : throw new ProtocolException($"a snapshot of {length} bytes cannot go on at {offset}");
    }
}
