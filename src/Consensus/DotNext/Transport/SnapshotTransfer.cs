using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;

namespace VideoScale.Consensus.DotNext.Transport;

/// <summary>
/// A snapshot file from member to member on a connection of its own: offer, where to go on, chunks, end, installed. What arrived stays, so
/// that the next try goes on there.
/// </summary>
internal static class SnapshotTransfer
{
    private const int ChunkBytes = 256 << 10;
    private const int OfferBytes = 32;

    /// <exception cref="IOException">It did not arrive; what did is kept there.</exception>
    internal static async Task<Reply> SendAsync(TransportSettings settings, SnapshotStore snapshots, EndPoint address, MemberId to,
        long term,
        ulong index, CancellationToken cancellationToken)
    {
        using var stored = snapshots.OpenStored(index) ?? throw new IOException($"the snapshot at {index} is gone: a newer one is there");
        using var file = stored.OpenRaw();
        UInt128 id;
        using (var content = new SnapshotContentStream(stored.OpenRaw(), "")) id = content.Id;
        using var connection = await Connection.ConnectAsync(settings, address, to, Channel.Snapshot, cancellationToken)
            .ConfigureAwait(false);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(settings.SnapshotTimeout);
        try
        {
            await connection.SendAsync(Offer(term, id, file.Length), patience.Token).ConfigureAwait(false);
            file.Position = await ReadResumeAsync(connection, file.Length, patience.Token).ConfigureAwait(false);
            var frame = new byte[Frame.HeaderBytes + ChunkBytes];
            var (started, sent) = (Stopwatch.GetTimestamp(), 0L);
            while (file.ReadAtLeast(frame.AsSpan(Frame.HeaderBytes), ChunkBytes, throwOnEndOfStream: false) is > 0 and var read)
            {
                var chunk = frame.AsMemory(0, Frame.HeaderBytes + read);
                Frame.Seal(chunk.Span, FrameType.SnapshotChunk);
                await connection.SendAsync(chunk, patience.Token).ConfigureAwait(false);
                sent += read;
                await HoldAsync(settings.SnapshotBytesPerSecond, sent, started, cancellationToken).ConfigureAwait(false);
                patience.CancelAfter(settings.SnapshotTimeout); // it goes further
            }
            await connection.SendAsync(Frame.Make(FrameType.SnapshotEnd, []), patience.Token).ConfigureAwait(false);
            return await connection.ReceiveAsync(patience.Token).ConfigureAwait(false) is { Type: FrameType.Reply } reply
                ? Reply.Decode(reply.Body)
                : throw new ProtocolException("a snapshot was not answered");
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"no byte of the snapshot went to member {to} for {settings.SnapshotTimeout.TotalSeconds:0} s", e);
        }
    }

    internal static async Task ReceiveAsync(Connection connection, SnapshotStore snapshots, IRequests requests,
        CancellationToken cancellationToken)
    {
        if (await connection.ReceiveAsync(cancellationToken).ConfigureAwait(false) is not { Type: FrameType.SnapshotOffer } offer
            || offer.Body.Length != OfferBytes)
            throw new ProtocolException("no snapshot offer");
        var term = BinaryPrimitives.ReadInt64LittleEndian(offer.Body.Span);
        var totalBytes = BinaryPrimitives.ReadInt64LittleEndian(offer.Body.Span[8..]);
        var id = BinaryPrimitives.ReadUInt128LittleEndian(offer.Body.Span[16..]);
        if (totalBytes < SnapshotFormat.FixedHeaderBytes) throw new ProtocolException($"a snapshot of {totalBytes} bytes");
        SnapshotMeta meta;
        using (var receipt = snapshots.Receive(id, totalBytes))
        {
            var offset = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(offset, receipt.Offset);
            await connection.SendAsync(Frame.Make(FrameType.SnapshotResume, offset), cancellationToken).ConfigureAwait(false);
            while (true)
            {
                var frame = await connection.ReceiveAsync(cancellationToken).ConfigureAwait(false)
                    ?? throw new ProtocolException("the stream ends inside a snapshot");
                if (frame.Type == FrameType.SnapshotEnd) break;
                if (frame.Type != FrameType.SnapshotChunk) throw new ProtocolException($"a {frame.Type} frame among snapshot chunks");
                receipt.Write(frame.Body.Span);
            }
            try { meta = receipt.Complete(); }
            catch (Exception e) when (e is InvalidDataException or RotFoundException)
            {
                throw new ProtocolException($"the snapshot is not usable: {e.Message}", e);
            }
        }
        var reply = await requests.InstallAsync(connection.Hello.From, term, meta, cancellationToken).ConfigureAwait(false);
        await connection.SendAsync(reply.ToFrame(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until the bytes sent so far fit the bandwidth that a snapshot may take.</summary>
    private static Task HoldAsync(long bytesPerSecond, long sent, long started, CancellationToken cancellationToken)
    {
        if (bytesPerSecond == 0) return Task.CompletedTask;
        var ahead = TimeSpan.FromSeconds((double)sent / bytesPerSecond) - Stopwatch.GetElapsedTime(started);
        return ahead > TimeSpan.Zero ? Task.Delay(ahead, cancellationToken) : Task.CompletedTask;
    }

    private static byte[] Offer(long term, UInt128 id, long totalBytes)
    {
        Span<byte> body = stackalloc byte[OfferBytes];
        BinaryPrimitives.WriteInt64LittleEndian(body, term);
        BinaryPrimitives.WriteInt64LittleEndian(body[8..], totalBytes);
        BinaryPrimitives.WriteUInt128LittleEndian(body[16..], id);
        return Frame.Make(FrameType.SnapshotOffer, body);
    }

    private static async Task<long> ReadResumeAsync(Connection connection, long length, CancellationToken cancellationToken)
    {
        if (await connection.ReceiveAsync(cancellationToken).ConfigureAwait(false) is not { Type: FrameType.SnapshotResume } resume
            || resume.Body.Length != sizeof(long))
            throw new ProtocolException("the offer of a snapshot was not answered");
        var offset = BinaryPrimitives.ReadInt64LittleEndian(resume.Body.Span);
        return offset >= 0 && offset <= length ? offset
            : throw new ProtocolException($"a snapshot of {length} bytes cannot go on at {offset}");
    }
}
