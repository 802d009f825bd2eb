using System.Buffers.Binary;
using VideoScale.MediaNode.Quality;
using VideoScale.MediaNode.Recovery;
using VideoScale.MediaNode.Rtcp;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Forwarding;

/// <summary>Retransmission, and reports in both directions.</summary>
public sealed partial class Subscription
{
    private const int KeptReports = 8;
    private readonly (uint Ntp, long SentUs)[] _reports = new (uint, long)[KeptReports];
    private int _nextReport;
    private ushort _rtxSequence = 1;
    private uint _reportedHighest;
    private bool _reported;
    private byte _fractionLost;
    private long _reportedExpected;
    private double _reportedLost;
    private uint _jitter;

    /// <summary>Packets sent, as sender reports count them.</summary>
    public long Packets { get; private set; }
    /// <summary>Packets that were for this peer and were not sent; they are not among <see cref="Packets"/>.</summary>
    public long NotSent { get; private set; }
    /// <summary>Octets of payload, as sender reports count them.</summary>
    public long Octets { get; private set; }
    public long NacksReceived { get; private set; }
    public long Retransmissions { get; private set; }
    public long KeyframesAsked { get; internal set; }
    public long RoundTripUs { get; private set; }

    /// <summary>
    /// Sends a packet again under the retransmission stream (RFC 4588): made anew from the publisher's history, sealed under numbers never
    /// used.
    /// </summary>
    internal void Retransmit(ushort sequence, long nowUs)
    {
        NacksReceived++;
        if (Options.RtxPayloadType == 0 || _sent is null || !_sequences.Started) return;
        var output = _sequences.HighestOutput + Unwrapper.Distance(sequence, _sequences.HighestOutput, 16);
        if (output <= 0 || !_sent.TryRepeat(output, nowUs, out var sent)) return;
        var history = Publication.Layers[sent.Layer].History;
        if (history is null || !history.TryGet(sent.Input, out var stored, out var packet)) return;
        if (RtpHeader.FixedLength + 16 + stored.Header.PayloadLength > PacketHistory.MaxPacket) return;
        var room = _sink.Reserve(_peer.Id);
        RtpHeader.WriteFixed(room, stored.Header.Marker, Options.RtxPayloadType, _rtxSequence, sent.Timestamp, Options.RtxSsrc);
        _rtxSequence = unchecked((ushort)(_rtxSequence + 1));
        var at = WriteExtensions(room, -1, out var transportSequence);
        BinaryPrimitives.WriteUInt16BigEndian(room[at..], sequence);
        packet.Slice(stored.Header.HeaderLength, stored.Header.PayloadLength).CopyTo(room[(at + 2)..]);
        if (stored.Frame.HasVp8) stored.Frame.Vp8.Rewrite(room[(at + 2)..], sent.PictureId, sent.Tl0PictureIndex);
        var length = at + 2 + stored.Header.PayloadLength;
        if (Commit(length, transportSequence, PacketKind.Repair, nowUs)) Retransmissions++;
    }

    /// <summary>Hands a packet to the transport; only what it takes is counted, and told to the estimator.</summary>
    private bool Commit(int length, int transportSequence, PacketKind kind, long nowUs)
    {
        if (_sink.CommitRtp(_peer.Id, length, kind))
        {
            _peer.Estimator.OnSent(transportSequence, length, nowUs);
            return true;
        }
        if (transportSequence >= 0) _peer.NextTransportSequence = (ushort)transportSequence; // left free, it would look like a loss
        _drops.Refused++;
        NotSent++;
        return false;
    }

    /// <summary>
    /// A packet that the transport took was not sent after all. It can be sent again: its receiver sees the hole, and asks.
    /// </summary>
    internal void TakeBack(uint ssrc, int payloadOctets, int octets)
    {
        NotSent++;
        _peer.Estimator.OnNotSent(octets);
        if (ssrc != Options.Ssrc)
        {
            Retransmissions--;
            return;
        }
        Packets--;
        Octets -= payloadOctets;
    }

    /// <summary>A packet of the layer it would get came while its peer could not be reached.</summary>
    internal void Miss()
    {
        NotSent++;
        _drops.Unreachable++;
    }

    /// <summary>
    /// A sender report in the subscriber's numbers, carrying the publisher's clock on to now; nothing before the publisher's first.
    /// </summary>
    internal void SendReport(long nowUs)
    {
        if (CurrentLayer < 0 || Publication.Layers[CurrentLayer] is not { HasReport: true } layer) return;
        var elapsedUs = nowUs - layer.ReportUs;
        var info = new SenderInfo
        {
            NtpTime = unchecked(layer.Report.NtpTime + (ulong)(elapsedUs * 4_294.967296)),
            RtpTime = unchecked((uint)(layer.Report.RtpTime + _timestampShift + elapsedUs * Publication.Options.ClockRate / 1_000_000)),
            PacketCount = unchecked((uint)Packets),
            OctetCount = unchecked((uint)Octets),
        };
        var room = _sink.Reserve(_peer.Id);
        var writer = new RtcpWriter(room);
        if (!writer.SenderReport(Options.Ssrc, info) || !writer.CanonicalName(Options.Ssrc, CanonicalName)) return;
        if (!_sink.CommitRtcp(_peer.Id, writer.Length)) return;
        _reports[_nextReport] = (unchecked((uint)(info.NtpTime >> 16)), nowUs);
        _nextReport = (_nextReport + 1) % KeptReports;
    }

    /// <summary>Takes in what the receiver says of this stream.</summary>
    internal void OnReport(in ReportBlock block, long nowUs)
    {
        if (_reported)
        {
            var expected = unchecked((int)(block.HighestSequence - _reportedHighest));
            if (expected is > 0 and < 100_000)
            {
                var lost = expected * block.FractionLost / 256.0;
                _peer.LossExpected += expected;
                _peer.LossLost += lost;
                _reportedExpected += expected;
                _reportedLost += lost;
            }
        }
        _reported = true;
        _reportedHighest = block.HighestSequence;
        _fractionLost = block.FractionLost;
        _jitter = block.Jitter;
        if (block.LastSenderReport == 0) return;
        foreach (var (ntp, sentUs) in _reports)
        {
            if (ntp != block.LastSenderReport || sentUs == 0) continue;
            RoundTripUs = Math.Max(0, nowUs - sentUs - block.DelaySinceLastSenderReport * 1_000_000L / 65_536);
            _peer.RoundTripUs = _peer.RoundTripUs == 0 ? RoundTripUs : _peer.RoundTripUs + (RoundTripUs - _peer.RoundTripUs) / 8;
            return;
        }
    }

    public SubscriptionStatistics Statistics() => new()
    {
        Layer = CurrentLayer,
        Packets = Packets,
        Octets = Octets,
        NotSent = NotSent,
        FractionLost = _fractionLost / 256.0,
        ReportedExpected = _reportedExpected,
        ReportedLost = _reportedLost,
        JitterMs = _jitter * 1000.0 / Publication.Options.ClockRate,
        RoundTripMs = RoundTripUs / 1000.0,
        NacksReceived = NacksReceived,
        Retransmissions = Retransmissions,
        KeyframesAsked = KeyframesAsked,
        LayerSwitches = LayerSwitches,
        FramesPerSecond = _frames.FramesPerSecond,
        Width = _frames.Width,
        Height = _frames.Height,
        ResolutionChanges = _frames.ResolutionChanges,
        Freezes = _frames.Freezes,
        FrozenMs = _frames.FrozenUs / 1000.0,
    };
}
