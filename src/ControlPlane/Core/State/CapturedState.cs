using System.Buffers.Binary;
using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

/// <summary>
/// The domain as of one moment: references to immutable records. Quick to take on the apply thread, written later on any other.
/// </summary>
/// <remarks>
/// Equal states give equal bytes: entities in ordinal order, each as a frame of 4 bytes length (little-endian) and canonical bytes.
/// </remarks>
public sealed class CapturedState
{
    private const byte Format = 1;

    /// <summary>With webhooks, whose frames follow the rooms'. A state without any is written as it always was.</summary>
    private const byte FormatWithWebhooks = 2;
    private const int MaxFrameBytes = 256 * 1024 * 1024;
    private readonly ClusterRecord _cluster;
    private readonly ulong _lastEventSeq;
    private readonly ulong _lastEventIndex;
    private readonly LogTime _lastTime;
    private readonly NodeRecord[] _nodes;
    private readonly (RoomRecord Record, SeatSet Seats)[] _rooms;
    private readonly ImmutableArray<WebhookRecord> _webhooks;

    internal CapturedState(ClusterState state)
    {
        (_cluster, _lastEventSeq, _lastEventIndex, _lastTime) = (state.Cluster, state.LastEventSeq, state.LastEventIndex, state.LastTime);
        _webhooks = state.Webhooks;
        _nodes = new NodeRecord[state.Nodes.Count];
        _rooms = new (RoomRecord, SeatSet)[state.Rooms.Count];
        var at = 0;
        foreach (var node in state.Nodes.InOrder()) _nodes[at++] = node.Record;
        at = 0;
        foreach (var room in state.Rooms.InOrder()) _rooms[at++] = (room.Record, room.Seats);
    }

    public ulong LastEventSeq => _lastEventSeq;

    public void WriteTo(Stream stream)
    {
        using var writer = new CanonicalWriter(64 * 1024);
        var sink = new CanonicalFieldSink(writer);
        Begin(writer);
        writer.WriteByte(_webhooks.IsEmpty ? Format : FormatWithWebhooks);
        writer.WriteUInt64(_lastEventSeq);
        writer.WriteUInt64(_lastEventIndex);
        writer.WriteInt64(_lastTime.UnixMs);
        _cluster.Describe(sink);
        writer.WriteCount(_nodes.Length);
        writer.WriteCount(_rooms.Length);
        if (!_webhooks.IsEmpty) writer.WriteCount(_webhooks.Length);
        _cluster.Seal?.Describe(sink);
        End(writer, stream);
        foreach (var node in _nodes)
        {
            Begin(writer);
            node.Describe(sink);
            End(writer, stream);
        }
        foreach (var (record, seats) in _rooms)
        {
            Begin(writer);
            record.Describe(sink);
            writer.WriteCount(seats.Count);
            foreach (var seat in seats.InOrder()) seat.Describe(sink);
            record.Details?.Describe(sink);
            End(writer, stream);
        }
        foreach (var webhook in _webhooks)
        {
            Begin(writer);
            webhook.Describe(sink);
            End(writer, stream);
        }
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote, and nothing beyond it.</summary>
    public static ClusterState Restore(Stream stream)
    {
        var buffer = new byte[64 * 1024];
        var head = new CanonicalReader(ReadFrame(stream, ref buffer));
        var format = head.ReadByte();
        if (format is not (Format or FormatWithWebhooks))
            throw new CanonicalException(
                $"state format {format} is unknown to this program, which knows {Format} and {FormatWithWebhooks}");
        var (seq, index, time) = (head.ReadUInt64(), head.ReadUInt64(), new LogTime(head.ReadInt64()));
        var cluster = ClusterRecord.Read(ref head);
        var (nodes, rooms) = (head.ReadUInt32(), head.ReadUInt32());
        var webhooks = format == FormatWithWebhooks ? head.ReadUInt32() : 0;
        if (!head.AtEnd) cluster = cluster with { Seal = LogSeal.Read(ref head) };
        head.End();
        var state = new ClusterState();
        state.BeginRestore(cluster, seq, index, time);
        for (var i = 0; i < nodes; i++)
        {
            var reader = new CanonicalReader(ReadFrame(stream, ref buffer));
            state.RestoreNode(NodeRecord.Read(ref reader));
            reader.End();
        }
        for (var i = 0; i < rooms; i++)
        {
            var reader = new CanonicalReader(ReadFrame(stream, ref buffer));
            var record = RoomRecord.Read(ref reader);
            var seats = new Seat[reader.ReadCount()];
            for (var s = 0; s < seats.Length; s++) seats[s] = Seat.Read(ref reader);
            if (!reader.AtEnd) record = record with { Details = RoomDetails.Read(ref reader) };
            reader.End();
            state.RestoreRoom(record, SeatSet.FromOrdered(seats));
        }
        for (var i = 0; i < webhooks; i++)
        {
            var reader = new CanonicalReader(ReadFrame(stream, ref buffer));
            state.RestoreWebhook(WebhookRecord.Read(ref reader));
            reader.End();
        }
        state.EndRestore();
        return state;
    }

    private static void Begin(CanonicalWriter writer)
    {
        writer.Reset();
        writer.WriteRaw(stackalloc byte[4]); // length, filled in at the end
    }

    private static void End(CanonicalWriter writer, Stream stream)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, writer.Length - 4);
        stream.Write(length);
        stream.Write(writer.WrittenSpan[4..]);
    }

    private static ReadOnlySpan<byte> ReadFrame(Stream stream, ref byte[] buffer)
    {
        Span<byte> head = stackalloc byte[4];
        stream.ReadExactly(head);
        var length = BinaryPrimitives.ReadInt32LittleEndian(head);
        if (length is < 0 or > MaxFrameBytes)
            throw new CanonicalException($"a frame of {length} bytes breaks the rule: 0 to {MaxFrameBytes}");
        if (buffer.Length < length) buffer = new byte[Math.Max(length, buffer.Length * 2)];
        stream.ReadExactly(buffer.AsSpan(0, length));
        return buffer.AsSpan(0, length);
    }
}
