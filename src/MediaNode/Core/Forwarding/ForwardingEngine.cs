using VideoScale.MediaNode.Bandwidth;
using VideoScale.MediaNode.Rtp;
using VideoScale.Model;

namespace VideoScale.MediaNode.Forwarding;

/// <summary>
/// Selective forwarding for the peers of one shard: plaintext packets in, plaintext packets out, no clock, socket or thread of its own.
/// </summary>
/// <remarks>
/// One caller at a time. Time comes in as microseconds of any monotonic clock, greater than zero. Nothing is allocated per forwarded
/// packet. Commands are methods, refused by a <see cref="Failure"/>; what happened is drained from <see cref="Events"/>.
/// </remarks>
public sealed partial class ForwardingEngine
{
    /// <summary>The source of our reports and requests.</summary>
    public const uint EngineSsrc = 1;
    /// <summary>A peer that brings more streams is broken or hostile.</summary>
    public const int MaxIncomingStreams = 128;

    private readonly IPacketSink _sink;
    private readonly IMirrorLink? _mirrors;
    private readonly Func<IBandwidthEstimator> _estimators;
    private readonly Dictionary<int, Peer> _peers = [];
    private readonly Dictionary<int, Publication> _publications = [];
    private readonly Dictionary<int, Subscription> _subscriptions = [];
    // Enumeration goes over lists, in the order of joining.
    private readonly List<Peer> _peerOrder = [];
    private readonly List<ActiveSpeakers> _rooms = [];
    private readonly List<Publication> _mirrored = [];

    public ForwardingEngine(IPacketSink sink, IMirrorLink? mirrors = null, Func<IBandwidthEstimator>? estimators = null)
    {
        _sink = sink;
        _mirrors = mirrors;
        _estimators = estimators ?? (static () => new LossBasedEstimator());
    }

    public Queue<EngineEvent> Events { get; } = new();
    /// <summary>What was on its way to a subscriber, and was not sent.</summary>
    public PacketDrops Drops { get; } = new();
    public long PacketsReceived { get; private set; }
    /// <summary>Packets that are no RTP, of no known stream, or too large.</summary>
    public long PacketsRefused { get; private set; }

    public Failure? AddPeer(PeerOptions options)
    {
        if (_peers.ContainsKey(options.Peer)) return Failure.AlreadyExists($"peer {options.Peer}");
        var peer = new Peer(options, _estimators());
        _peers.Add(options.Peer, peer);
        _peerOrder.Add(peer);
        return null;
    }

    /// <summary>A later offer of the peer has named its header extensions anew.</summary>
    public Failure? SetExtensions(int id, ExtensionIds extensions)
    {
        if (!_peers.TryGetValue(id, out var peer)) return Failure.NotFound($"peer {id}");
        peer.Extensions = extensions;
        return null;
    }

    /// <summary>
    /// A peer's transport has connected, or has gone. What is forwarded to it begins with a key frame, which is asked for now.
    /// </summary>
    public void SetReachable(int id, bool reachable, long nowUs)
    {
        if (!_peers.TryGetValue(id, out var peer) || peer.IsReachable == reachable) return;
        peer.IsReachable = reachable;
        foreach (var subscription in peer.Subscriptions)
        {
            if (reachable) subscription.AskedKeyframeUs = long.MinValue / 2;
            ChooseLayer(subscription, nowUs);
        }
    }

    /// <returns>False when there is none.</returns>
    public bool RemovePeer(int id)
    {
        if (!_peers.TryGetValue(id, out var peer)) return false;
        while (peer.Subscriptions.Count > 0) Unsubscribe(peer.Subscriptions[^1].Options.Subscription);
        while (peer.Publications.Count > 0) Unpublish(peer.Publications[^1].Options.Track);
        _peers.Remove(id);
        _peerOrder.Remove(peer);
        return true;
    }

    public Failure? Publish(PublicationOptions options)
    {
        if (!_peers.TryGetValue(options.Peer, out var peer)) return Failure.NotFound($"peer {options.Peer}");
        if (Check(options) is { } failure) return failure;
        var publication = new Publication(options, peer);
        foreach (var layer in publication.Layers)
        {
            if ((layer.Ssrc != 0 && peer.Incoming.ContainsKey(layer.Ssrc))
                || (layer.RtxSsrc != 0
                && peer.Incoming.ContainsKey(layer.RtxSsrc))) return Failure.AlreadyExists($"a stream of SSRC {layer.Ssrc}");
        }
        foreach (var layer in publication.Layers)
        {
            if (layer.Ssrc != 0) peer.Incoming[layer.Ssrc] = new(layer, Retransmission: false);
            if (layer.RtxSsrc != 0) peer.Incoming[layer.RtxSsrc] = new(layer, Retransmission: true);
        }
        peer.Publications.Add(publication);
        _publications.Add(options.Track, publication);
        if (publication.IsVideo) return null;
        publication.Room = RoomOf(options.Room);
        publication.Room.Add(options.Track);
        return null;
    }

    /// <summary>A publication whose packets come from another shard through <see cref="HandleMirrored"/>.</summary>
    public Failure? Mirror(PublicationOptions options)
    {
        if (Check(options) is { } failure) return failure;
        var mirror = new Publication(options, peer: null);
        _publications.Add(options.Track, mirror);
        _mirrored.Add(mirror);
        return null;
    }

    /// <summary>Whether packets of a publication of ours go to the mirror link too.</summary>
    public Failure? SetMirrored(int track, bool mirrored)
    {
        if (!_publications.TryGetValue(track, out var publication)) return Failure.NotFound($"track {track}");
        publication.Mirrored = mirrored;
        return null;
    }

    /// <returns>False when it is not published, or no longer: its publisher may have gone before.</returns>
    public bool Unpublish(int track)
    {
        if (!_publications.Remove(track, out var publication)) return false;
        while (publication.Subscriptions.Count > 0) Unsubscribe(publication.Subscriptions[^1].Options.Subscription);
        if (publication.Peer is { } peer)
        {
            peer.Publications.Remove(publication);
            foreach (var (ssrc, _) in peer.Incoming.Where(stream => stream.Value.Layer.Publication == publication)
                .OrderBy(stream => stream.Key).ToList()) peer.Incoming.Remove(ssrc);
        }
        else _mirrored.Remove(publication);
        if (publication.Room is { } room)
        {
            room.Remove(track);
            if (room.IsEmpty) _rooms.Remove(room);
        }
        return true;
    }

    /// <summary>A muted publication is not forwarded, whatever its publisher sends.</summary>
    public Failure? SetMuted(int track, bool muted)
    {
        if (!_publications.TryGetValue(track, out var publication)) return Failure.NotFound($"track {track}");
        if (publication.Muted == muted) return null;
        publication.Muted = muted;
        foreach (var subscription in publication.Subscriptions) if (muted) subscription.Stop();
        return null;
    }

    public Failure? Subscribe(SubscriptionOptions options, long nowUs)
    {
        if (!_peers.TryGetValue(options.Peer, out var peer)) return Failure.NotFound($"peer {options.Peer}");
        if (!_publications.TryGetValue(options.Track, out var publication)) return Failure.NotFound($"track {options.Track}");
        if (_subscriptions.ContainsKey(options.Subscription)) return Failure.AlreadyExists($"subscription {options.Subscription}");
        if (peer.SubscriptionsBySsrc.ContainsKey(options.Ssrc)) return Failure.AlreadyExists($"an outgoing stream of SSRC {options.Ssrc}");
        var subscription = new Subscription(options, publication, peer, _sink, Drops);
        _subscriptions.Add(options.Subscription, subscription);
        peer.Subscriptions.Add(subscription);
        peer.SubscriptionsBySsrc.Add(options.Ssrc, subscription);
        publication.Subscriptions.Add(subscription);
        ChooseLayer(subscription, nowUs);
        return null;
    }

    /// <returns>False when there is none, or no longer: it ends with its publication and with its peer.</returns>
    public bool Unsubscribe(int id)
    {
        if (!_subscriptions.Remove(id, out var subscription)) return false;
        var peer = _peers[subscription.Options.Peer];
        peer.Subscriptions.Remove(subscription);
        peer.SubscriptionsBySsrc.Remove(subscription.Options.Ssrc);
        subscription.Publication.Subscriptions.Remove(subscription);
        return true;
    }

    public Failure? Configure(int subscription, SubscriptionSettings settings, long nowUs)
    {
        if (!_subscriptions.TryGetValue(subscription, out var found)) return Failure.NotFound($"subscription {subscription}");
        found.Settings = settings;
        ChooseLayer(found, nowUs);
        return null;
    }

    public Publication? FindPublication(int track) => _publications.GetValueOrDefault(track);
    public Subscription? FindSubscription(int subscription) => _subscriptions.GetValueOrDefault(subscription);
    public long EstimateBps(int peer) => _peers.TryGetValue(peer, out var found) ? found.Estimator.EstimateBps : 0;

    /// <summary>
    /// Of a peer's way, smoothed, in microseconds: by its answers to our reports, else by its retransmissions; 0 before any.
    /// </summary>
    public long RoundTripUs(int id)
    {
        if (!_peers.TryGetValue(id, out var peer)) return 0;
        var longest = peer.RoundTripUs;
        if (longest > 0) return longest;
        foreach (var publication in peer.Publications)
            foreach (var layer in publication.Layers) longest = Math.Max(longest, layer.Nacks?.RoundTripUs ?? 0);
        return longest;
    }

    private Failure? Check(PublicationOptions options)
    {
        if (_publications.ContainsKey(options.Track)) return Failure.AlreadyExists($"track {options.Track}");
        return options.Layers.Count is >= 1 and <= 3 ? null : Failure.InvalidArgument($"layers: {options.Layers.Count}, must be 1 to 3");
    }

    private ActiveSpeakers RoomOf(int id)
    {
        foreach (var room in _rooms) if (room.Room == id) return room;
        var added = new ActiveSpeakers(id);
        _rooms.Add(added);
        return added;
    }
}
