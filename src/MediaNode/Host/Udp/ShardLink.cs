using System.Runtime.InteropServices;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Recovery;
using VideoScale.MediaNode.Rtcp;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Udp;

public sealed partial class MediaShard
{
    private readonly ShardLink _link;
    internal ShardLink Link => _link;
    /// <summary>Packets of our publishers that another shard, with subscribers to them, has not taken.</summary>
    public long NotMirrored => _link.PacketsDropped;
    internal void WakeUp() => _socket.Wake();

    /// <summary>Joins shards: from now on each can mirror what the others publish. To be called before they start.</summary>
    public static void Connect(IReadOnlyList<MediaShard> shards)
    {
        foreach (var from in shards)
            foreach (var to in shards)
                if (from != to) from._link.AddOutput(to);
    }

    /// <summary>On the owner's thread: whether packets of a publication also go to another shard.</summary>
    public Failure? SetMirrored(int track, int shard, bool mirrored)
    {
        if (Engine.FindPublication(track) is null) return Failure.NotFound($"track {track}");
        return Engine.SetMirrored(track, _link.Route(track, shard, mirrored));
    }

    /// <summary>On a mirror's thread: its publication, and which shard owns it.</summary>
    public Failure? Mirror(PublicationOptions publication, int owner)
    {
        if (Engine.Mirror(publication) is { } failure) return failure;
        _link.SetOwner(publication.Track, owner);
        return null;
    }

    /// <summary>Ends a publication, or a mirror of one.</summary>
    /// <returns>False when there is none.</returns>
    public bool Unpublish(int track)
    {
        _link.Forget(track);
        return Engine.Unpublish(track);
    }
}

/// <summary>
/// A shard's rings to and from the others. The clock is one for all shards of a process only in rate, so times are taken at the reader.
/// </summary>
internal sealed class ShardLink(MediaShard shard) : IMirrorLink
{
    /// <summary>A tenth of a second of a shard's incoming video; a reader that far behind has lost the race anyway.</summary>
    private const int RingSlots = 1024;
    private const int HeaderOctets = 16;

    private enum Kind { Packet = 1, Report = 2, Keyframe = 3 }

    private readonly List<(MediaShard Shard, SpscRing Ring)> _outputs = [];
    private readonly List<SpscRing> _inputs = [];
    private readonly Dictionary<int, ulong> _routes = [];
    private readonly Dictionary<int, int> _owners = [];

    /// <summary>Packets for which another shard had no room, having fallen behind.</summary>
    public long PacketsDropped { get; private set; }

    public bool HasInput
    {
        get
        {
            foreach (var input in _inputs) if (!input.IsEmptyBeforeSleep()) return true;
            return false;
        }
    }

    public void AddOutput(MediaShard to)
    {
        var ring = new SpscRing(RingSlots, HeaderOctets + PacketHistory.MaxPacket);
        _outputs.Add((to, ring));
        to.Link._inputs.Add(ring);
    }

    /// <summary>Changes whether a track goes to a shard; true while it goes to any.</summary>
    public bool Route(int track, int to, bool on)
    {
        var mask = _routes.GetValueOrDefault(track);
        mask = on ? mask | (1UL << to) : mask & ~(1UL << to);
        _routes[track] = mask;
        if (mask == 0) _routes.Remove(track);
        return mask != 0;
    }

    public void SetOwner(int track, int owner) => _owners[track] = owner;

    public void Forget(int track)
    {
        _routes.Remove(track);
        _owners.Remove(track);
    }

    public void Packet(int track, int layer, ReadOnlySpan<byte> packet, int audioLevel, long nowUs) =>
        Write(_routes.GetValueOrDefault(track), Kind.Packet, track, layer, audioLevel, packet);

    public void SenderReport(int track, int layer, in SenderInfo report, long nowUs) =>
        Write(_routes.GetValueOrDefault(track), Kind.Report, track, layer, 0,
            MemoryMarshal.AsBytes(new ReadOnlySpan<SenderInfo>(in report)));

    public void KeyframeWanted(int track, int layer)
    {
        if (_owners.TryGetValue(track, out var owner)) Write(1UL << owner, Kind.Keyframe, track, layer, 0, default);
    }

    private void Write(ulong shards, Kind kind, int track, int layer, int audioLevel, ReadOnlySpan<byte> body)
    {
        foreach (var (to, ring) in _outputs)
        {
            if ((shards & (1UL << to.Index)) == 0) continue;
            if (!ring.TryReserve(out var slot))
            {
                if (kind is Kind.Packet) PacketsDropped++;
                continue;
            }
            MemoryMarshal.Write(slot, (int)kind);
            MemoryMarshal.Write(slot[4..], track);
            MemoryMarshal.Write(slot[8..], layer);
            MemoryMarshal.Write(slot[12..], audioLevel);
            body.CopyTo(slot[HeaderOctets..]);
            if (ring.Commit(HeaderOctets + body.Length)) to.WakeUp();
        }
    }

    public void Drain(ForwardingEngine engine)
    {
        foreach (var input in _inputs)
        {
            for (var i = 0; i < RingSlots && input.TryPeek(out var message); i++)
            {
                var track = MemoryMarshal.Read<int>(message[4..]);
                var layer = MemoryMarshal.Read<int>(message[8..]);
                var body = message[HeaderOctets..];
                switch ((Kind)MemoryMarshal.Read<int>(message))
                {
                    case Kind.Packet: engine.HandleMirrored(track, layer, body, MemoryMarshal.Read<int>(message[12..]), shard.NowUs); break;
                    case Kind.Report: engine.HandleMirroredReport(track, layer, MemoryMarshal.Read<SenderInfo>(body), shard.NowUs); break;
                    case Kind.Keyframe: engine.HandleKeyframeWanted(track, layer, shard.NowUs); break;
                }
                input.Release();
            }
        }
    }
}
