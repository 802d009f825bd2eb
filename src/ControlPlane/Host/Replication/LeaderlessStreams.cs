namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>
/// Ends streams of changes at a replica that has lost the leader: nothing would come, and nobody could tell that from a quiet cluster.
/// </summary>
/// <param name="endAll">Ends them with UNAVAILABLE and this reason, so that their callers go elsewhere.</param>
internal sealed class LeaderlessStreams(Leadership leadership, LeaderAbsence absence, Action<string> endAll)
{
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var ended = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            var now = leadership.Now;
            var left = absence.Timing.StreamPatience - leadership.LeaderlessFor;
            if (now.Leader.IsNone && left <= TimeSpan.Zero && !ended)
            {
                endAll($"{absence.Refusal(mayBeDone: false).Message}; what changed since is not known here");
                ended = true;
            }
            ended &= now.Leader.IsNone;
            await leadership.ChangesWithinAsync(now, now.Leader.IsNone && !ended ? left : Timeout.InfiniteTimeSpan, cancellationToken);
        }
    }
}
