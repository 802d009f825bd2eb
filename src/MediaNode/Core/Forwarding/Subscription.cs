using System.Text;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Quality;
using VideoScale.MediaNode.Recovery;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Forwarding;

/// <summary>One publication on its way to one peer: which layer it gets, and numbers that go on whatever the layer.</summary>
public sealed partial class Subscription
{
    private const long MaxStepSeconds = 10;

    private readonly Peer _peer;
    private readonly IPacketSink _sink;
    private readonly PacketDrops _drops;
    private readonly ContinuousMap _sequences = new();
    private readonly ContinuousMap _pictures = new();
    private readonly SentPackets? _sent;
    private Unwrapper _pictureUnwrapper = new(15);
    private int _pictureBits = 15;
    private FrameQuality _frames;
    private uint _timestampShift;
    private uint _lastTimestamp;
    private long _lastSentUs;
    private int _tl0Shift;
    private int _lastTl0;
    private int _temporal = SubscriptionSettings.AllTemporal;
    private bool _restart = true;

    internal Subscription(SubscriptionOptions options, Publication publication, Peer peer, IPacketSink sink, PacketDrops drops)
    {
        Options = options;
        Publication = publication;
        _peer = peer;
        _sink = sink;
        _drops = drops;
        CanonicalName = Encoding.UTF8.GetBytes(options.CanonicalName);
        if (publication.IsVideo) _sent = new SentPackets();
    }

    public SubscriptionOptions Options { get; }
    public Publication Publication { get; }
    public SubscriptionSettings Settings { get; internal set; } = SubscriptionSettings.Everything;
    /// <summary>The layer forwarded now, or -1.</summary>
    public int CurrentLayer { get; private set; } = -1;
    /// <summary>The layer waited for: forwarding moves there with its next key frame.</summary>
    public int TargetLayer { get; internal set; } = -1;
    public long LayerSwitches { get; private set; }
    /// <summary>Set by the allocator: the largest layer that fits the peer's bandwidth.</summary>
    internal int AllowedLayer { get; set; } = int.MaxValue;
    internal int PlannedLayer { get; set; }
    internal long RaisedUs { get; set; } = long.MinValue / 2;
    /// <summary>Since the last rise it has not had to go down.</summary>
    internal bool IsOnTrial { get; set; }
    /// <summary>How long the next rise is kept back after the last change.</summary>
    internal long RiseAfterUs { get; set; } = LayerAllocator.RiseUs;
    internal long AskedKeyframeUs { get; set; } = long.MinValue / 2;
    internal byte[] CanonicalName { get; }
    /// <summary>Of what is sent for the first time.</summary>
    private PacketKind FirstKind => Publication.IsVideo ? PacketKind.Picture : PacketKind.Sound;
    internal bool IsReachable => _peer.IsReachable;
    internal bool WaitsForKeyframe => Publication.IsVideo && TargetLayer >= 0 && TargetLayer != CurrentLayer;

    /// <summary>Whether it is of the largest layer that is asked for and fits.</summary>
    internal bool Aims(PublishedLayer layer) =>
        layer.Index == Math.Min(Math.Min(Settings.MaxLayer, AllowedLayer), Publication.Layers.Length - 1);

    /// <summary>Forwards one packet when it is of the layer this peer gets. Writes it, renumbered, into the sink.</summary>
    internal void Forward(
        PublishedLayer layer, long sequence, ReadOnlySpan<byte> packet, in RtpHeader header, in FrameInfo frame, int audioLevel, long nowUs)
    {
        if (layer.Index != CurrentLayer || _restart)
        {
            if (TargetLayer != layer.Index || (Publication.IsVideo && !frame.KeyFrameStart)) return;
            Enter(layer, sequence, header.Timestamp, frame, nowUs);
        }
        if (!MapPicture(sequence, frame, out var picture, out var tl0)) return;
        if (!_sequences.TryMap(sequence, out var output)) return;
        var timestamp = unchecked(header.Timestamp + _timestampShift);
        if (!Write(packet, header, frame, unchecked((ushort)output), timestamp, picture, tl0, audioLevel, nowUs)) return;
        if (unchecked((int)(timestamp - _lastTimestamp)) > 0 || _lastSentUs == 0)
        {
            _lastTimestamp = timestamp;
            _lastSentUs = nowUs;
        }
        _sent?.Add(new SentPacket
        {
            Output = output,
            Input = sequence,
            Timestamp = timestamp,
            PictureId = picture,
            Tl0PictureIndex = tl0,
            Layer = layer.Index,
        });
        if (Publication.IsVideo) _frames.OnPacket(timestamp, frame.KeyFrameStart, frame.Width, frame.Height, nowUs);
    }

    /// <returns>False when the transport did not take it.</returns>
    private bool Write(
        ReadOnlySpan<byte> packet, in RtpHeader header, in FrameInfo frame, ushort sequence, uint timestamp, int picture, int tl0,
            int audioLevel, long nowUs)
    {
        var room = _sink.Reserve(_peer.Id);
        RtpHeader.WriteFixed(room, header.Marker, Options.PayloadType, sequence, timestamp, Options.Ssrc);
        var at = WriteExtensions(room, audioLevel, out var transportSequence);
        packet.Slice(header.HeaderLength, header.PayloadLength).CopyTo(room[at..]);
        if (frame.HasVp8) frame.Vp8.Rewrite(room[at..], picture, tl0);
        var length = at + header.PayloadLength;
        if (!Commit(length, transportSequence, FirstKind, nowUs)) return false;
        Packets++;
        Octets += header.PayloadLength;
        return true;
    }

    private int WriteExtensions(Span<byte> room, int audioLevel, out int transportSequence)
    {
        transportSequence = -1;
        var extensions = new ExtensionWriter(room);
        if (_peer.Extensions.TransportSequence != 0)
        {
            transportSequence = _peer.NextTransportSequence;
            extensions.Add(_peer.Extensions.TransportSequence, _peer.NextTransportSequence);
            _peer.NextTransportSequence = unchecked((ushort)(_peer.NextTransportSequence + 1));
        }
        if (audioLevel >= 0)
        {
            Span<byte> level = [(byte)audioLevel];
            extensions.Add(_peer.Extensions.AudioLevel, level);
        }
        return extensions.Finish();
    }

    /// <summary>Goes on from another layer, or after a pause: every number continues where the last one stood.</summary>
    private void Enter(PublishedLayer layer, long sequence, uint timestamp, in FrameInfo frame, long nowUs)
    {
        _sequences.Restart(sequence, Options.FirstSequence + 65_536L);
        if (_lastSentUs != 0) _timestampShift = Align(layer, timestamp, nowUs);
        if (frame.HasVp8 && frame.Vp8.PictureId >= 0)
        {
            _pictureBits = frame.Vp8.PictureIdBits;
            _pictureUnwrapper = new Unwrapper(_pictureBits);
            var input = _pictureUnwrapper.Unwrap(frame.Vp8.PictureId);
            _pictures.Restart(input, input);
        }
        if (frame.HasVp8 && frame.Vp8.Tl0PictureIndex >= 0)
        {
            if (_lastSentUs != 0) _tl0Shift = _lastTl0 + 1 - frame.Vp8.Tl0PictureIndex;
            _lastTl0 = (frame.Vp8.Tl0PictureIndex + _tl0Shift) & 0xFF;
        }
        _temporal = Settings.MaxTemporal;
        if (CurrentLayer >= 0 && CurrentLayer != layer.Index) LayerSwitches++;
        CurrentLayer = layer.Index;
        _restart = false;
    }

    /// <summary>
    /// The shift under which the new layer's clock continues the old one's: exact where both sent reports, else by the time that passed.
    /// </summary>
    private uint Align(PublishedLayer layer, uint timestamp, long nowUs)
    {
        var clock = Publication.Options.ClockRate;
        var elapsed = (nowUs - _lastSentUs) * clock / 1_000_000;
        var guess = unchecked((uint)(_lastTimestamp + Math.Max(1, elapsed)));
        if (CurrentLayer >= 0 && Publication.Layers[CurrentLayer] is { HasReport: true } old && layer.HasReport)
        {
            var ntpTicks = unchecked((long)(old.Report.NtpTime - layer.Report.NtpTime));
            var step = (long)(ntpTicks * (double)clock / 4_294_967_296.0);
            var exact = unchecked(old.Report.RtpTime + _timestampShift - (uint)(layer.Report.RtpTime + step));
            var ahead = unchecked((int)(timestamp + exact - _lastTimestamp));
            if (ahead > 0 && ahead < MaxStepSeconds * clock) return exact;
        }
        return unchecked(guess - timestamp);
    }

    /// <summary>Renumbers the picture; false when its temporal layer is not wanted, and then its numbers close up.</summary>
    private bool MapPicture(long sequence, in FrameInfo frame, out int picture, out int tl0)
    {
        picture = frame.Vp8.PictureId;
        tl0 = -1;
        if (!frame.HasVp8) return true;
        if (frame.Vp8.Tl0PictureIndex >= 0)
        {
            tl0 = (frame.Vp8.Tl0PictureIndex + _tl0Shift) & 0xFF;
            if (unchecked((sbyte)(tl0 - _lastTl0)) > 0) _lastTl0 = tl0;
        }
        if (frame.Vp8.PictureId < 0 || frame.Vp8.PictureIdBits != _pictureBits || !_pictures.Started) return true;
        var input = _pictureUnwrapper.Unwrap(frame.Vp8.PictureId);
        if (input > _pictures.Highest && !WantsTemporal(frame)) _pictures.Drop(input);
        if (_pictures.TryMap(input, out var output))
        {
            picture = (int)(output & ((1L << _pictureBits) - 1));
            return true;
        }
        _sequences.Drop(sequence);
        return false;
    }

    private bool WantsTemporal(in FrameInfo frame)
    {
        var temporal = frame.Vp8.TemporalId;
        if (Settings.MaxTemporal < _temporal) _temporal = Settings.MaxTemporal;
        if (temporal <= _temporal) return true;
        if (temporal > Settings.MaxTemporal || !frame.Vp8.LayerSync) return false;
        _temporal = temporal; // a synchronisation point: nothing above the base is needed for it
        return true;
    }

    /// <summary>
    /// Leaves out a packet of padding alone, so that its number closes up. One that comes late cannot: its number was kept free, and is
    /// sent as padding.
    /// </summary>
    internal void Skip(PublishedLayer layer, long sequence, long nowUs)
    {
        if (layer.Index != CurrentLayer) return;
        if (sequence > _sequences.Highest)
        {
            _sequences.Drop(sequence);
            return;
        }
        if (!_sequences.TryMap(sequence, out var output)) return;
        var room = _sink.Reserve(_peer.Id);
        RtpHeader.WriteFixed(room, marker: false, Options.PayloadType, unchecked((ushort)output), _lastTimestamp, Options.Ssrc);
        var at = WriteExtensions(room, audioLevel: -1, out var transportSequence);
        room[0] |= RtpHeader.PaddingFlag;
        ReadOnlySpan<byte> padding = [0, 0, 0, 4]; // the last octet is their number (RFC 3550 §5.1)
        padding.CopyTo(room[at..]);
        if (Commit(at + padding.Length, transportSequence, FirstKind, nowUs)) Packets++;
    }

    /// <summary>Stops forwarding; what comes next begins with a key frame and goes on in every number.</summary>
    internal void Stop()
    {
        _restart = true;
        _frames.Pause();
        CurrentLayer = -1;
    }
}
