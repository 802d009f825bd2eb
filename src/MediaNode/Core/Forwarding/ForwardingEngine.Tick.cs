using VideoScale.MediaNode.Recovery;

namespace VideoScale.MediaNode.Forwarding;

/// <summary>What time brings: requests, reports, layer choice, speakers.</summary>
public sealed partial class ForwardingEngine
{
    /// <summary>Between two feedbacks to a publisher's congestion control (libwebrtc: 50 to 250 ms).</summary>
    public const long FeedbackUs = 50_000;
    public const long ReportUs = 1_000_000;
    public const long AllocateUs = 500_000;

    /// <summary>To be called about every 10 ms.</summary>
    public void Tick(long nowUs)
    {
        for (var i = 0; i < _peerOrder.Count; i++) TickPeer(_peerOrder[i], nowUs);
        for (var i = 0; i < _rooms.Count; i++)
            if (_rooms[i].TakeChange(nowUs) is { } speakers) Events.Enqueue(new EngineEvent.Speakers(_rooms[i].Room, speakers));
    }

    private void TickPeer(Peer peer, long nowUs)
    {
        foreach (var publication in peer.Publications)
        {
            foreach (var layer in publication.Layers)
            {
                AskForMissing(peer, layer, nowUs);
                AskForKeyframe(layer, nowUs);
                layer.Reception.UpdateRate(nowUs);
            }
        }
        if (nowUs - peer.FeedbackUs >= FeedbackUs)
        {
            peer.FeedbackUs = nowUs;
            SendTransportFeedback(peer);
        }
        if (nowUs - peer.ReportUs >= ReportUs)
        {
            peer.ReportUs = nowUs;
            SendReceiverReport(peer, nowUs);
            foreach (var subscription in peer.Subscriptions) subscription.SendReport(nowUs);
            TellLoss(peer, nowUs);
        }
        if (nowUs - peer.AllocatedUs >= AllocateUs)
        {
            peer.AllocatedUs = nowUs;
            LayerAllocator.Allocate(peer, nowUs);
        }
        foreach (var subscription in peer.Subscriptions) ChooseLayer(subscription, nowUs);
    }

    private static void TellLoss(Peer peer, long nowUs)
    {
        if (peer.LossExpected == 0) return;
        peer.Estimator.OnLoss(peer.LossLost / peer.LossExpected, nowUs);
        peer.LossExpected = 0;
        peer.LossLost = 0;
    }

    /// <summary>The largest live layer within what is asked and what fits; else the smallest live one; the current stays until its successor's key frame.</summary>
    private void ChooseLayer(Subscription subscription, long nowUs)
    {
        var publication = subscription.Publication;
        if (subscription.Settings.Paused || publication.Muted)
        {
            subscription.TargetLayer = -1;
            Stopped(subscription);
            return;
        }
        var limit = Math.Min(subscription.Settings.MaxLayer, subscription.AllowedLayer);
        var best = -1;
        for (var i = 0; i < publication.Layers.Length; i++)
        {
            var layer = publication.Layers[i];
            var usable = i > subscription.CurrentLayer && subscription.CurrentLayer >= 0 ? layer.IsSettled(nowUs) : layer.IsLive(nowUs);
            if (usable && (i <= limit || best < 0)) best = i;
        }
        subscription.TargetLayer = best < 0 && publication.Layers.Length == 1 ? 0 : best;
        if (!subscription.WaitsForKeyframe || nowUs - subscription.AskedKeyframeUs < KeyframeRequester.WaitUs) return;
        subscription.AskedKeyframeUs = nowUs;
        var target = publication.Layers[subscription.TargetLayer];
        target.Keyframes.Want();
        AskForKeyframe(target, nowUs);
    }
}

/// <summary>Shares a peer's bandwidth among its videos: every one gets its smallest layer, then all rise in turn.</summary>
internal static class LayerAllocator
{
    /// <summary>To rise, the larger layer has to fit with this to spare; staying takes no margin, so that choices do not swing.</summary>
    private const double RiseMargin = 1.2;
    /// <summary>Between two rises of a subscription.</summary>
    private const long RiseUs = 2_000_000;

    public static void Allocate(Peer peer, long nowUs)
    {
        var left = (double)peer.Estimator.EstimateBps;
        foreach (var subscription in peer.Subscriptions)
        {
            if (Takes(subscription) || !subscription.Publication.IsVideo) left -= Rate(subscription.Publication, 0);
            subscription.PlannedLayer = 0;
        }
        for (var level = 1; level < 3; level++)
            foreach (var subscription in peer.Subscriptions)
                if (Takes(subscription) && subscription.PlannedLayer == level - 1) TryRaise(subscription, level, ref left, nowUs);
        foreach (var subscription in peer.Subscriptions)
        {
            if (!Takes(subscription)) continue;
            if (subscription.PlannedLayer > subscription.AllowedLayer) subscription.RaisedUs = nowUs;
            subscription.AllowedLayer = subscription.PlannedLayer;
        }
    }

    private static void TryRaise(Subscription subscription, int level, ref double left, long nowUs)
    {
        if (level >= subscription.Publication.Layers.Length || level > subscription.Settings.MaxLayer) return;
        var step = Rate(subscription.Publication, level) - Rate(subscription.Publication, level - 1);
        var rising = level > subscription.AllowedLayer;
        if (rising && nowUs - subscription.RaisedUs < RiseUs) return;
        if (step * (rising ? RiseMargin : 1) > left) return;
        left -= step;
        subscription.PlannedLayer = level;
    }

    private static bool Takes(Subscription subscription) => subscription.Publication.IsVideo && !subscription.Settings.Paused && !subscription.Publication.Muted;

    private static long Rate(Publication publication, int layer) => publication.Layers[layer].Reception.BitsPerSecond;
}
