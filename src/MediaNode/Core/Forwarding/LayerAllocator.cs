namespace VideoScale.MediaNode.Forwarding;

/// <summary>Shares a peer's bandwidth among its videos: every one gets its smallest layer, then all rise in turn.</summary>
internal static class LayerAllocator
{
    /// <summary>To rise, the larger layer has to fit with this to spare; staying takes no margin, so that choices do not swing.</summary>
    private const double RiseMargin = 1.2;
    /// <summary>Between two rises of a subscription.</summary>
    internal const long RiseUs = 2_000_000;
    /// <summary>
    /// A rise that had to be taken back so soon was a mistake: the next waits longer, twice as long each time, so that a narrow path is not
    /// tried again and again.
    /// </summary>
    private const long MistakeUs = 15_000_000;
    private const long FirstRetryUs = 15_000_000;
    private const long LongestRetryUs = 120_000_000;

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
            if (Takes(subscription)) Settle(subscription, nowUs);
    }

    private static void Settle(Subscription subscription, long nowUs)
    {
        var wanted = Math.Min(subscription.Settings.MaxLayer, subscription.Publication.Layers.Length - 1);
        if (subscription.PlannedLayer > subscription.AllowedLayer)
        {
            subscription.RaisedUs = nowUs;
            subscription.IsOnTrial = true;
        }
        else if (subscription.PlannedLayer < Math.Min(subscription.AllowedLayer, wanted))
        {
            if (subscription.IsOnTrial && nowUs - subscription.RaisedUs < MistakeUs)
                subscription.RiseAfterUs = Math.Clamp(2 * subscription.RiseAfterUs, FirstRetryUs, LongestRetryUs);
            subscription.IsOnTrial = false;
            subscription.RaisedUs = nowUs;
        }
        else if (nowUs - subscription.RaisedUs > LongestRetryUs) subscription.RiseAfterUs = RiseUs;
        subscription.AllowedLayer = subscription.PlannedLayer;
    }

    private static void TryRaise(Subscription subscription, int level, ref double left, long nowUs)
    {
        if (level >= subscription.Publication.Layers.Length || level > subscription.Settings.MaxLayer) return;
        var step = Rate(subscription.Publication, level) - Rate(subscription.Publication, level - 1);
        var rising = level > subscription.AllowedLayer;
        if (rising && nowUs - subscription.RaisedUs < subscription.RiseAfterUs) return;
        if (step * (rising ? RiseMargin : 1) > left) return;
        left -= step;
        subscription.PlannedLayer = level;
    }

    private static bool Takes(Subscription subscription) =>
        subscription.Publication.IsVideo && !subscription.Settings.Paused && !subscription.Publication.Muted;

    private static long Rate(Publication publication, int layer) => publication.Layers[layer].Reception.BitsPerSecond;
}
