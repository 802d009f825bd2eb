using System.Buffers.Binary;
using System.Text;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Recovery;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Forwarding;

/// <summary>The path of a packet from publisher to subscribers.</summary>
public sealed partial class ForwardingEngine
{
    /// <summary>Handles one RTP packet, opened and authentic, that may be changed in place.</summary>
    public void HandleRtp(int peerId, Span<byte> packet, long nowUs)
    {
        PacketsReceived++;
        if (!_peers.TryGetValue(peerId, out var peer) || packet.Length > PacketHistory.MaxPacket
            || !RtpHeader.TryParse(packet, out var header))
        {
            PacketsRefused++;
            return;
        }
        var extensions = PacketExtensions.Read(packet, header, peer.Extensions);
        if (extensions.TransportSequence >= 0) peer.Feedback.Record((ushort)extensions.TransportSequence, nowUs);
        if (!peer.Incoming.TryGetValue(header.Ssrc, out var stream) && !TryBind(peer, header, extensions, out stream))
        {
            PacketsRefused++;
            return;
        }
        if (header.PayloadLength == 0 && stream.Retransmission) return; // a probe for bandwidth: only its arrival counts
        if (stream.Retransmission && !TryUnwrap(stream.Layer, ref packet, ref header)) return;
        Receive(stream.Layer, packet, header, extensions.AudioLevel, stream.Retransmission, nowUs);
    }

    /// <summary>A packet that the sink took was not sent after all: the network's queue was full.</summary>
    /// <param name="packet">As it was sealed: its header can be read.</param>
    /// <param name="overhead">Octets that sealing added.</param>
    public void TakeBack(int peerId, ReadOnlySpan<byte> packet, int overhead)
    {
        Drops.NoRoom++;
        var headerLength = RtpHeader.LengthOf(packet);
        if (headerLength < 0 || !_peers.TryGetValue(peerId, out var peer)) return;
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var octets = packet.Length - overhead;
        // What we pad has no payload, and nothing else is padded.
        var payloadOctets = (packet[0] & RtpHeader.PaddingFlag) != 0 ? 0 : Math.Max(0, octets - headerLength);
        SentAs(peer, ssrc)?.TakeBack(ssrc, payloadOctets, octets);
    }

    private static Subscription? SentAs(Peer peer, uint ssrc)
    {
        if (peer.SubscriptionsBySsrc.TryGetValue(ssrc, out var known)) return known;
        foreach (var subscription in peer.Subscriptions)
            if (subscription.Options.RtxSsrc == ssrc && ssrc != 0) return subscription;
        return null;
    }

    /// <summary>Handles a packet of a mirrored publication, as its owner's shard passed it on.</summary>
    public void HandleMirrored(int track, int layer, ReadOnlySpan<byte> packet, int audioLevel, long nowUs)
    {
        if (!_publications.TryGetValue(track, out var publication) || (uint)layer >= publication.Layers.Length
            || !RtpHeader.TryParse(packet, out var header)) return;
        Receive(publication.Layers[layer], packet, header, audioLevel, retransmitted: false, nowUs);
    }

    public void HandleMirroredReport(int track, int layer, in Rtcp.SenderInfo report, long nowUs)
    {
        if (!_publications.TryGetValue(track, out var publication) || (uint)layer >= publication.Layers.Length) return;
        publication.Layers[layer].Report = report;
        publication.Layers[layer].ReportUs = nowUs;
    }

    private void Receive(PublishedLayer layer, ReadOnlySpan<byte> packet, in RtpHeader header, int audioLevel, bool retransmitted,
        long nowUs)
    {
        var publication = layer.Publication;
        var options = publication.Options;
        if (header.PayloadType != options.PayloadType) return;
        var sequence = layer.Unwrapper.Unwrap(header.Sequence);
        if (retransmitted) layer.Reception.Retransmissions++;
        var padding = header.PayloadLength == 0;
        FrameInfo frame = default;
        if (!padding && !FrameInfo.TryRead(options.Codec, packet.Slice(header.HeaderLength, header.PayloadLength), out frame)) return;
        if (layer.History is { } history && !history.TryStore(sequence, packet, header, frame))
        {
            layer.Reception.Duplicates++;
            return;
        }
        if (retransmitted) layer.Reception.Repaired++;
        layer.NoteLive(nowUs);
        layer.Reception.OnPacket(sequence, header.Timestamp, packet.Length, options.ClockRate, !publication.IsVideo, nowUs);
        if (layer.Nacks is { } nacks)
        {
            var recovered = nacks.Recovered;
            if (nacks.Received(sequence, nowUs)) layer.Keyframes.Want();
            if (options.RtxPayloadType == 0) layer.Reception.Repaired += nacks.Recovered - recovered;
        }
        if (publication.IsVideo && !padding)
        {
            layer.Frames.OnPacket(header.Timestamp, frame.KeyFrameStart, frame.Width, frame.Height, nowUs);
            if (frame.KeyFrameStart) layer.Keyframes.Arrived();
        }
        if (audioLevel >= 0 && !publication.IsVideo && !publication.Muted) publication.Room?.OnLevel(options.Track, audioLevel);
        if (publication.Mirrored) _mirrors?.Packet(options.Track, layer.Index, packet, audioLevel, nowUs);
        if (!publication.Muted) Distribute(layer, sequence, packet, header, frame, audioLevel, padding, nowUs);
    }

    private static void Distribute(
        PublishedLayer layer, long sequence, ReadOnlySpan<byte> packet, in RtpHeader header, in FrameInfo frame, int audioLevel,
            bool padding, long nowUs)
    {
        var subscriptions = layer.Publication.Subscriptions;
        for (var i = 0; i < subscriptions.Count; i++)
        {
            var subscription = subscriptions[i];
            if (subscription.Settings.Paused) continue;
            if (!subscription.IsReachable)
            {
                if (!padding && subscription.Aims(layer)) subscription.Miss();
            }
            else if (padding) subscription.Skip(layer, sequence, nowUs);
            else subscription.Forward(layer, sequence, packet, header, frame, audioLevel, nowUs);
        }
    }

    /// <summary>Takes the packet out of its retransmission wrapping (RFC 4588 §4): the original number stands before the payload.</summary>
    private static bool TryUnwrap(PublishedLayer layer, ref Span<byte> packet, ref RtpHeader header)
    {
        if (header.PayloadLength < 2 || header.PayloadType != layer.Publication.Options.RtxPayloadType || layer.Ssrc == 0) return false;
        var original = BinaryPrimitives.ReadUInt16BigEndian(packet[header.HeaderLength..]);
        packet[..header.HeaderLength].CopyTo(packet[2..]);
        packet = packet[2..];
        packet[1] = (byte)((packet[1] & 0x80) | layer.Publication.Options.PayloadType);
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], original);
        BinaryPrimitives.WriteUInt32BigEndian(packet[8..], layer.Ssrc);
        return RtpHeader.TryParse(packet, out header);
    }

    /// <summary>
    /// Finds the layer of a stream not seen before: by rid and mid (RFC 8852, RFC 9143), else by a payload type that only one publication
    /// has.
    /// </summary>
    private static bool TryBind(Peer peer, in RtpHeader header, in PacketExtensions extensions, out IncomingStream stream)
    {
        stream = default;
        if (peer.Incoming.Count >= MaxIncomingStreams) return false;
        PublishedLayer? found = null;
        var retransmission = false;
        foreach (var publication in peer.Publications)
        {
            if (extensions.Mid.Length > 0 && !Matches(extensions.Mid, publication.Options.Mid)) continue;
            var repairs = header.PayloadType == publication.Options.RtxPayloadType && publication.Options.RtxPayloadType != 0;
            if (!repairs && header.PayloadType != publication.Options.PayloadType) continue;
            foreach (var layer in publication.Layers)
            {
                if ((repairs ? layer.RtxSsrc : layer.Ssrc) != 0 || !Names(layer, extensions, repairs)) continue;
                if (found is not null) return false; // ambiguous: wait for a packet that says more
                found = layer;
                retransmission = repairs;
            }
        }
        if (found is null) return false;
        if (retransmission) found.RtxSsrc = header.Ssrc;
        else found.Ssrc = header.Ssrc;
        peer.Incoming[header.Ssrc] = stream = new(found, retransmission);
        return true;
    }

    private static bool Names(PublishedLayer layer, in PacketExtensions extensions, bool repairs)
    {
        var rid = repairs && extensions.RepairedRid.Length > 0 ? extensions.RepairedRid : extensions.Rid;
        return layer.Publication.Layers.Length == 1 || (rid.Length > 0 && Matches(rid, layer.Rid));
    }

    private static bool Matches(ReadOnlySpan<byte> octets, string text)
    {
        Span<byte> expected = stackalloc byte[32];
        return text.Length <= 32 && Encoding.ASCII.TryGetBytes(text, expected, out var length) && octets.SequenceEqual(expected[..length]);
    }
}
