using VideoScale.Bench.Replay;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Tests.EventLog;
using VideoScale.Harness;
using Log = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.ControlPlane.Tests.Audit;

public sealed class FoldKeeperTests
{
    private const ulong Every = 300;

    [Fact]
    public async Task States_are_kept_while_the_log_grows_and_a_question_folds_on_from_the_nearest()
    {
        using var directory = new TempDirectory();
        using var log = Log.Open(directory.Path, Script.Cluster, new EventLogOptions { EventsPerSegment = 1_024 });
        log.RestoreEmpty();
        using var story = new FleetStory(log, seed: 1, nodes: 20, liveRooms: 60);
        var folds = new KeptFolds(directory.Of("folds"), Every);
        using var stop = new CancellationTokenSource();
        var keeper = new FoldKeeper(folds, log.Reader);
        var running = keeper.RunAsync(stop.Token);
        for (var to = 100UL; to <= 1_000; to += 100)
        {
            story.PlayUntil(to);
            keeper.OnApplied(to, [], story.State);
            if (to % Every == 0)
                await Eventually.HoldsAsync(() => folds.Newest >= to, "the state of that moment is kept"); // nobody has asked a thing
        }
        Assert.Equal(3, Directory.GetFiles(directory.Of("folds")).Length);

        var nearest = folds.Nearest(log.Reader, 899);
        Assert.InRange(nearest.LastEventSeq, 600UL, 899UL);
        var whole = PastStates.FoldTo(log.Reader, KeptFolds.None, nearest.LastEventSeq, CancellationToken.None);
        Assert.Equal(whole.StateHash(), nearest.StateHash());

        // After a restart it goes on behind what is kept.
        var again = new FoldKeeper(folds, log.Reader);
        again.OnApplied(1_000, [], story.State);
        Assert.Equal(3, Directory.GetFiles(directory.Of("folds")).Length);
        await stop.CancelAsync();
        await running;
    }
}
