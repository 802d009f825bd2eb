using VideoScale.MediaNode.Recovery;
using VideoScale.MediaNode.Rtcp;

namespace VideoScale.MediaNode.Forwarding;

/// <summary>What peers report, and what is reported and asked of them.</summary>
public sealed partial class ForwardingEngine
{
    /// <summary>Handles one compound or reduced-size RTCP datagram, opened and authentic.</summary>
    public void HandleRtcp(int peerId, ReadOnlySpan<byte> datagram, long nowUs)
    {
        if (!_peers.TryGetValue(peerId, out var peer)) return;
        var reader = new RtcpReader(datagram);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case RtcpTypes.SenderReport:
                    OnSenderReport(peer, reader.Body, nowUs);
                    OnReceiverReport(peer, reader, nowUs);
                    break;
                case RtcpTypes.ReceiverReport: OnReceiverReport(peer, reader, nowUs); break;
                case RtcpTypes.TransportFeedback: OnTransportFeedback(peer, reader, nowUs); break;
                case RtcpTypes.PayloadFeedback: OnPayloadFeedback(peer, reader, nowUs); break;
            }
        }
    }

    private void OnSenderReport(Peer peer, ReadOnlySpan<byte> body, long nowUs)
    {
        if (!SenderInfo.TryParse(body, out var ssrc, out var info)) return;
        if (!peer.Incoming.TryGetValue(ssrc, out var stream) || stream.Retransmission) return;
        stream.Layer.Report = info;
        stream.Layer.ReportUs = nowUs;
        var publication = stream.Layer.Publication;
        if (publication.Mirrored) _mirrors?.SenderReport(publication.Options.Track, stream.Layer.Index, info, nowUs);
    }

    private static void OnReceiverReport(Peer peer, RtcpReader reader, long nowUs)
    {
        var blocks = new ReportBlockReader(reader.Type, reader.Count, reader.Body);
        while (blocks.Next())
            if (peer.SubscriptionsBySsrc.TryGetValue(blocks.Current.Ssrc, out var subscription))
                subscription.OnReport(blocks.Current, nowUs);
    }

    private static void OnTransportFeedback(Peer peer, RtcpReader reader, long nowUs)
    {
        if (reader.Count == RtcpTypes.FormatTransportWide)
        {
            if (TransportFeedbackReader.TryCreate(reader.Body, out var feedback)) peer.Estimator.OnTransportFeedback(feedback, nowUs);
            return;
        }
        if (reader.Count != RtcpTypes.FormatNack) return;
        var lost = new NackReader(reader.Body);
        if (!peer.SubscriptionsBySsrc.TryGetValue(lost.MediaSsrc, out var subscription)) return;
        while (lost.Next()) subscription.Retransmit(lost.Current, nowUs);
    }

    private static void OnPayloadFeedback(Peer peer, RtcpReader reader, long nowUs)
    {
        var body = reader.Body;
        if (reader.Count == RtcpTypes.FormatRemb && Remb.TryParse(body, out var bitsPerSecond))
        {
            peer.Estimator.OnReceiverEstimate(bitsPerSecond, nowUs);
            return;
        }
        // FIR names its stream in each entry (RFC 5104 §4.3.1), PLI in the header.
        if (reader.Count is not (RtcpTypes.FormatPli or RtcpTypes.FormatFir)) return;
        var at = reader.Count == RtcpTypes.FormatFir ? 8 : 4;
        if (body.Length < at + 4) return;
        var ssrc = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(body[at..]);
        if (!peer.SubscriptionsBySsrc.TryGetValue(ssrc, out var subscription)) return;
        subscription.KeyframesAsked++;
        var layer = subscription.CurrentLayer >= 0 ? subscription.CurrentLayer : subscription.TargetLayer;
        if (layer >= 0) subscription.Publication.Layers[layer].Keyframes.Want();
    }

    private void AskForKeyframe(PublishedLayer layer, long nowUs)
    {
        // Until a layer's first packet nobody may be there to ask: a publisher who comes with its room is known before its way is open.
        if (layer.Publication.Peer is { } asked && (!asked.IsReachable || layer.Reception.Packets == 0)) return;
        if (!layer.Keyframes.TakeDue(nowUs)) return;
        if (layer.Publication.Peer is not { } peer)
        {
            layer.KeyframesAsked++;
            _mirrors?.KeyframeWanted(layer.Publication.Options.Track, layer.Index);
            return;
        }
        var writer = new RtcpWriter(_sink.Reserve(peer.Id));
        if (writer.Pli(EngineSsrc, layer.Ssrc) && _sink.CommitRtcp(peer.Id, writer.Length)) layer.KeyframesAsked++;
    }

    /// <summary>Another shard's subscribers wait for a key frame of ours.</summary>
    public void HandleKeyframeWanted(int track, int layer, long nowUs)
    {
        if (!_publications.TryGetValue(track, out var publication) || (uint)layer >= publication.Layers.Length) return;
        publication.Layers[layer].Keyframes.Want();
        AskForKeyframe(publication.Layers[layer], nowUs);
    }

    private void AskForMissing(Peer peer, PublishedLayer layer, long nowUs)
    {
        var options = layer.Publication.Options;
        if (layer.Nacks is not { Count: > 0 } nacks || (options.RtxPayloadType == 0 && !options.RepeatsPlainly)) return;
        Span<ushort> sequences = stackalloc ushort[NackGenerator.MaxMissing];
        var count = nacks.Collect(nowUs, sequences, out var gaveUp);
        // Without a retransmission stream clients fill their rate with padding in this one, which never comes again: whether a picture is
        // missing, its viewers know.
        if (gaveUp && options.RtxPayloadType != 0) layer.Keyframes.Want();
        if (count == 0) return;
        var writer = new RtcpWriter(_sink.Reserve(peer.Id));
        if (writer.Nack(EngineSsrc, layer.Ssrc, sequences[..count])) _sink.CommitRtcp(peer.Id, writer.Length);
    }

    private void SendReceiverReport(Peer peer, long nowUs)
    {
        Span<ReportBlock> blocks = stackalloc ReportBlock[24];
        var count = 0;
        foreach (var publication in peer.Publications)
        {
            foreach (var layer in publication.Layers)
            {
                if (count == blocks.Length || layer.Ssrc == 0 || layer.Reception.Packets == 0) continue;
                blocks[count++] = new ReportBlock
                {
                    Ssrc = layer.Ssrc,
                    FractionLost = layer.Reception.TakeFractionLost(),
                    CumulativeLost = (int)Math.Clamp(layer.Reception.Lost, -0x800000, 0x7FFFFF),
                    HighestSequence = unchecked((uint)layer.Reception.HighestSequence),
                    Jitter = layer.Reception.Jitter,
                    LastSenderReport = layer.HasReport ? unchecked((uint)(layer.Report.NtpTime >> 16)) : 0,
                    DelaySinceLastSenderReport = layer.HasReport ? unchecked((uint)((nowUs - layer.ReportUs) * 65_536 / 1_000_000)) : 0,
                };
            }
        }
        if (count == 0) return;
        var writer = new RtcpWriter(_sink.Reserve(peer.Id));
        if (writer.ReceiverReport(EngineSsrc, blocks[..count])) _sink.CommitRtcp(peer.Id, writer.Length);
    }

    private void SendTransportFeedback(Peer peer)
    {
        if (!peer.Feedback.HasNews) return;
        uint media = 0;
        foreach (var publication in peer.Publications)
            foreach (var layer in publication.Layers) if (media == 0) media = layer.Ssrc;
        var writer = new RtcpWriter(_sink.Reserve(peer.Id));
        if (peer.Feedback.Write(ref writer, EngineSsrc, media)) _sink.CommitRtcp(peer.Id, writer.Length);
    }
}
