using VideoScale.Consensus.Engine.Storage;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>
/// Counts this process's start up from time to time and tells the others: whatever copy of the directory was made before comes back with a
/// number that they know from this process. Without it a copy that was made under a running process would start like an ordinary restart.
/// </summary>
internal sealed class StartCounter(TransportOptions options, MemberStarts starts, Func<IReadOnlyList<PeerSender>> peers, TransportLog log)
{
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(options.CountUpEveryMs));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
                await Task.Factory.StartNew(CountUp, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (OperationCanceledException) { }
    }

    /// <summary>Over connections of their own: those that stand are busy, and must not wait for a disk.</summary>
    private void CountUp()
    {
        var told = peers().Where(peer => peer.IsGreeted).ToArray(); // earlier versions would take the question for a connection
        if (told.Length == 0) return;
        try { starts.RaiseAbove(starts.Start); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return; } // a full disk is met by whoever must write
        foreach (var peer in told)
        {
            try { Line.Connect(options, peer.Address, peer.Member, Channel.Control, onlyAsks: true).Dispose(); }
            catch (Exception e) when (PeerSender.EndsConnection(e)) { log.ConnectionFailed(peer.Member, Channel.Control, e); }
            catch (GreetingRefusedException) { } // the connections that stand meet it as well
        }
    }
}
