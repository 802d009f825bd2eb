using VideoScale.ControlPlane.Canonical;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Audit;

/// <summary>
/// Where the event log stood at one moment: all that is needed to go on numbering and hashing without what came before.
/// Travels in snapshots.
/// </summary>
public sealed class EventTail : IDisposable
{
    private const byte Version = 1;
    private readonly StreamVersions.Captured _streams;

    internal EventTail(ulong lastSeq, LogTime lastTime, in Hash256 chainHead, MerkleFrontier frontier, StreamVersions.Captured streams)
    {
        LastSeq = lastSeq;
        LastTime = lastTime;
        ChainHead = chainHead;
        Frontier = frontier;
        _streams = streams;
    }

    /// <summary>event_seq of the last event; 0 when there was none.</summary>
    public ulong LastSeq { get; }
    public LogTime LastTime { get; }
    public Hash256 ChainHead { get; }
    public MerkleFrontier Frontier { get; }

    /// <summary>Any thread, once captured.</summary>
    public void WriteTo(CanonicalWriter writer)
    {
        writer.WriteByte(Version);
        writer.WriteUInt64(LastSeq);
        writer.WriteInt64(LastTime.UnixMs);
        Span<byte> head = stackalloc byte[Hash256.SizeBytes];
        ChainHead.CopyTo(head);
        writer.WriteRaw(head);
        Frontier.WriteTo(writer);
        _streams.WriteTo(writer);
    }

    public void Dispose() => _streams.Release();

    internal static (ulong LastSeq, LogTime LastTime, Hash256 ChainHead, MerkleFrontier Frontier,
        StreamVersions Streams) Read(ref CanonicalReader reader)
    {
        if (reader.ReadByte() is var version && version != Version)
            throw new CanonicalException($"event tail version {version}; this program reads {Version}");
        var lastSeq = reader.ReadUInt64();
        var lastTime = new LogTime(reader.ReadInt64());
        var head = new Hash256(reader.ReadRaw(Hash256.SizeBytes));
        var frontier = MerkleFrontier.Read(ref reader);
        if (frontier.Size != lastSeq) throw new CanonicalException($"the Merkle frontier covers {frontier.Size} events of {lastSeq}");
        return (lastSeq, lastTime, head, frontier, StreamVersions.Read(ref reader));
    }
}
