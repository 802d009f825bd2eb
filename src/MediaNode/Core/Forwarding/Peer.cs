using VideoScale.MediaNode.Bandwidth;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Forwarding;

/// <summary>One transport with what it publishes and what it receives.</summary>
internal sealed class Peer(PeerOptions options, IBandwidthEstimator estimator)
{
    public int Id { get; } = options.Peer;
    public ExtensionIds Extensions { get; set; } = options.Extensions;
    /// <summary>Its transport is connected: nothing is forwarded to, or asked of, one that is not.</summary>
    public bool IsReachable { get; set; } = options.IsReachable;
    public IBandwidthEstimator Estimator { get; } = estimator;
    public TransportFeedbackRecorder Feedback { get; } = new();

    /// <summary>Incoming SSRCs; a retransmission stream is known by the layer it repairs.</summary>
    public Dictionary<uint, IncomingStream> Incoming { get; } = [];
    public List<Publication> Publications { get; } = [];
    public List<Subscription> Subscriptions { get; } = [];
    public Dictionary<uint, Subscription> SubscriptionsBySsrc { get; } = [];

    /// <summary>Transport-wide numbers run over everything sent to the peer.</summary>
    public ushort NextTransportSequence;
    public long LossExpected;
    public double LossLost;
    /// <summary>Over the reports of all streams, smoothed: one late report of a busy client is no long way. 0 before any.</summary>
    public long RoundTripUs;
    public long FeedbackUs;
    public long ReportUs;
    public long AllocatedUs;
}

internal readonly record struct IncomingStream(PublishedLayer Layer, bool Retransmission);
