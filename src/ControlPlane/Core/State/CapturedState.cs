using System.Buffers.Binary;
using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Keys;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Rebalancing;
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

    /// <summary>
    /// Said by states with more than nodes and rooms alone, so that one without is written as it always was: behind the counts, whether
    /// there is a seal, it, the pools, how many webhooks, whose frames follow the rooms', and then parts that came later, each behind its
    /// number.
    /// </summary>
    private const byte ExtendedFormat = 2;
    private const byte RebalancingPart = 2;
    private const byte KeysPart = 3;
    private const int MaxFrameBytes = 256 * 1024 * 1024;
    private readonly ClusterRecord _cluster;
    private readonly ulong _lastEventSeq;
    private readonly ulong _lastEventIndex;
    private readonly LogTime _lastTime;
    private readonly NodeRecord[] _nodes;
    private readonly PoolRecord[] _pools;
    private readonly RebalanceRecord? _rebalancing;
    private readonly KeyRing? _keys;
    private readonly (RoomRecord Record, SeatSet Seats)[] _rooms;
    private readonly ImmutableArray<WebhookRecord> _webhooks;

    internal CapturedState(ClusterState state)
    {
        (_cluster, _lastEventSeq, _lastEventIndex, _lastTime) = (state.Cluster, state.LastEventSeq, state.LastEventIndex, state.LastTime);
        _webhooks = state.Webhooks;
        _nodes = new NodeRecord[state.Nodes.Count];
        _pools = [.. state.Pools];
        _rebalancing = state.Rebalancing;
        _keys = state.Keys;
        _rooms = new (RoomRecord, SeatSet)[state.Rooms.Count];
        var at = 0;
        foreach (var node in state.Nodes.InOrder()) _nodes[at++] = node.Record;
        at = 0;
        foreach (var room in state.Rooms.InOrder()) _rooms[at++] = (room.Record, room.Seats);
    }

    private bool IsExtended => _pools.Length > 0 || !_webhooks.IsEmpty || _rebalancing is not null || _keys is not null;

    public ulong LastEventSeq => _lastEventSeq;

    public void WriteTo(Stream stream)
    {
        using var writer = new CanonicalWriter(64 * 1024);
        var sink = new CanonicalFieldSink(writer);
        Begin(writer);
        writer.WriteByte(IsExtended ? ExtendedFormat : Format);
        writer.WriteUInt64(_lastEventSeq);
        writer.WriteUInt64(_lastEventIndex);
        writer.WriteInt64(_lastTime.UnixMs);
        _cluster.Describe(sink);
        writer.WriteCount(_nodes.Length);
        writer.WriteCount(_rooms.Length);
        if (IsExtended) writer.WriteBool(_cluster.Seal is not null);
        _cluster.Seal?.Describe(sink);
        if (IsExtended) writer.WriteCount(_pools.Length);
        foreach (var pool in _pools) pool.Describe(sink);
        if (IsExtended) writer.WriteCount(_webhooks.Length);
        if (_rebalancing is not null) writer.WriteByte(RebalancingPart);
        _rebalancing?.Describe(sink);
        if (_keys is not null) writer.WriteByte(KeysPart);
        _keys?.Describe(sink);
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
        if (format is not (Format or ExtendedFormat))
            throw new CanonicalException($"state format {format} is unknown to this program, which knows {Format} and {ExtendedFormat}");
        var (seq, index, time) = (head.ReadUInt64(), head.ReadUInt64(), new LogTime(head.ReadInt64()));
        var cluster = ClusterRecord.Read(ref head);
        var (nodes, rooms) = (head.ReadUInt32(), head.ReadUInt32());
        if (format == Format ? !head.AtEnd : head.ReadBool()) cluster = cluster with { Seal = LogSeal.Read(ref head) };
        var pools = new PoolRecord[format == Format ? 0 : head.ReadCount()];
        for (var i = 0; i < pools.Length; i++) pools[i] = PoolRecord.Read(ref head);
        var webhooks = format == Format ? 0 : head.ReadUInt32();
        var (rebalancing, keys) = ReadParts(ref head);
        var state = new ClusterState();
        state.BeginRestore(cluster, seq, index, time);
        foreach (var pool in pools) state.RestorePool(pool);
        state.RestoreRebalancing(rebalancing);
        state.RestoreKeys(keys);
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

    private static (RebalanceRecord? Rebalancing, KeyRing? Keys) ReadParts(ref CanonicalReader head)
    {
        RebalanceRecord? rebalancing = null;
        KeyRing? keys = null;
        while (!head.AtEnd)
        {
            switch (head.ReadByte())
            {
                case RebalancingPart: rebalancing = RebalanceRecord.Read(ref head); break;
                case KeysPart: keys = KeyRing.Read(ref head); break;
                case var part: throw new CanonicalException($"part {part} of the state is unknown to this program");
            }
        }
        return (rebalancing, keys);
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
