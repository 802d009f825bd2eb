using VideoScale.Bench.Replay;
using VideoScale.ControlPlane.Canonical;
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

        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task After_a_start_it_goes_on_behind_what_is_kept_and_with_an_event_of_its_own()
    {
        using var directory = new TempDirectory();
        using var log = Log.Open(directory.Path, Script.Cluster, new EventLogOptions { EventsPerSegment = 1_024 });
        log.RestoreEmpty();
        using var story = new FleetStory(log, seed: 1, nodes: 20, liveRooms: 60);
        story.PlayUntil(1_000);
        var (kept, none) = (new KeptFolds(directory.Of("folds"), Every), new KeptFolds(directory.Of("none"), Every));
        await log.Reader.WaitAsync(story.State.LastEventSeq, CancellationToken.None);
        kept.Keep(log.Reader, story.State);
        var first = kept.Newest;
        using var stop = new CancellationTokenSource();
        FoldKeeper[] keepers = [new(kept, log.Reader), new(none, log.Reader)];
        var running = Task.WhenAll(keepers.Select(keeper => keeper.RunAsync(stop.Token)));
        foreach (var to in (ulong[])[1_000, 1_100, 1_300])
        {
            story.PlayUntil(to);
            foreach (var keeper in keepers) keeper.OnApplied(to, [], story.State);
            if (to == 1_100) await Eventually.HoldsAsync(() => none.Newest >= to, "a state that no folder had is kept soon");
        }
        await Eventually.HoldsAsync(() =>
        {
            foreach (var keeper in keepers) keeper.OnApplied(1_300, [], story.State); // the one before may be under way still
            return kept.Newest >= 1_300 && none.Newest >= 1_300;
        }, "the next one is kept");
        Assert.Equal((2, 2), (Directory.GetFiles(directory.Of("folds")).Length, Directory.GetFiles(directory.Of("none")).Length));
        Assert.Equal(first, kept.Nearest(log.Reader, 1_199).LastEventSeq);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public void A_state_whose_event_is_not_held_is_not_kept()
    {
        using var directory = new TempDirectory();
        using var log = Log.Open(directory.Of("here"), Script.Cluster, new EventLogOptions { EventsPerSegment = 1_024 });
        using var joined = Log.Open(directory.Of("joined"), Script.Cluster, new EventLogOptions { EventsPerSegment = 1_024 });
        log.RestoreEmpty();
        using var story = new FleetStory(log, seed: 1, nodes: 20, liveRooms: 60);
        story.PlayUntil(400);
        using var writer = new CanonicalWriter();
        using (var tail = log.Capture()) tail.WriteTo(writer);
        var reader = new CanonicalReader(writer.WrittenSpan);
        joined.Restore(ref reader, 1); // it goes on from a snapshot; what came before is still being fetched
        Assert.Equal(story.State.LastEventSeq, joined.Reader.LastSeq);
        var folds = new KeptFolds(directory.Of("folds"), Every);
        folds.Keep(joined.Reader, story.State);
        Assert.Equal(0UL, folds.Newest);
    }
}
