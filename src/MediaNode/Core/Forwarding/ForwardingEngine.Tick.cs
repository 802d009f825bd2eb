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
        for (var i = 0; i < _mirrored.Count; i++)
            foreach (var layer in _mirrored[i].Layers)
            {
                AskForKeyframe(layer, nowUs); // at its owner
                layer.Reception.UpdateRate(nowUs);
            }
        for (var i = 0; i < _rooms.Count; i++)
            if (_rooms[i].TakeChange(nowUs) is { } speakers) Events.Enqueue(new EngineEvent.Speakers(_rooms[i].Room, speakers));
    }

    private void TickPeer(Peer peer, long nowUs)
    {
        foreach (var publication in peer.Publications)
        {
            foreach (var layer in publication.Layers)
            {
                layer.Reception.UpdateRate(nowUs);
                if (!peer.IsReachable) continue;
                AskForMissing(peer, layer, nowUs);
                AskForKeyframe(layer, nowUs);
            }
        }
        if (!peer.IsReachable) return;
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

    /// <summary>
    /// The largest live layer within what is asked and what fits; else the smallest live one; the current stays until its successor's key
    /// frame.
    /// </summary>
    private void ChooseLayer(Subscription subscription, long nowUs)
    {
        var publication = subscription.Publication;
        if (subscription.Settings.Paused || publication.Muted || !subscription.IsReachable)
        {
            subscription.TargetLayer = -1;
            subscription.Stop();
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
        if (subscription.CurrentLayer < 0) target.Keyframes.WantSoon();
        else target.Keyframes.Want();
        AskForKeyframe(target, nowUs);
    }
}
