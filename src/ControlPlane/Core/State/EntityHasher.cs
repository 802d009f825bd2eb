using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Hashing;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

/// <summary>
/// Hashes entities: the first 16 bytes of SHA-256 over canonical bytes. Entities are summed modulo 2^128, so order does not matter.
/// </summary>
/// <remarks>The sum finds replicas that differ by accident; forgery is what the event log's chain and Merkle tree are for.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "The writer's buffer is pool memory; the collector may take it instead.")]
internal sealed class EntityHasher
{
    private readonly CanonicalWriter _writer = new();
    private readonly CanonicalFieldSink _sink;

    public EntityHasher() => _sink = new(_writer);

    public UInt128 Of(Seat seat)
    {
        Begin((byte)'s');
        seat.Describe(_sink);
        return End();
    }

    /// <summary>A room with its seats.</summary>
    public UInt128 Of(RoomRecord record, SeatSet seats)
    {
        var seatSum = seats.HashSum(this);
        Begin((byte)'r');
        record.Describe(_sink);
        _writer.WriteUInt128(seatSum);
        record.Details?.Describe(_sink);
        return End();
    }

    public UInt128 Of(NodeRecord record)
    {
        Begin((byte)'n');
        record.Describe(_sink);
        return End();
    }

    public UInt128 Of(ClusterRecord record)
    {
        Begin((byte)'c');
        record.Describe(_sink);
        return End();
    }

    public UInt128 OfPosition(ulong eventSeq, ulong index, LogTime time)
    {
        Begin((byte)'p');
        _writer.WriteUInt64(eventSeq);
        _writer.WriteUInt64(index);
        _writer.WriteInt64(time.UnixMs);
        return End();
    }

    private void Begin(byte kind)
    {
        _writer.Reset();
        _writer.WriteByte(kind);
    }

    private UInt128 End()
    {
        Span<byte> hash = stackalloc byte[Sha256.SizeBytes];
        Sha256.Hash(_writer.WrittenSpan, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
