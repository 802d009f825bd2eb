using VideoScale.Bench.Replay;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Tests.EventLog;
using VideoScale.Harness;
using VideoScale.V1;
using Log = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.ControlPlane.Tests.Audit;

public sealed class DiffTests
{
    [Fact]
    public void What_differs_is_told_and_nothing_else_in_both_directions() => Seeds.Run(2, random =>
    {
        using var directory = new TempDirectory();
        var log = Play(directory.Path, 1_500, random.Next());
        var queries = new AuditQueries(log, KeptFolds.None);
        for (var i = 0; i < 4; i++)
        {
            var (from, to) = ((ulong)random.Next(1, 1_500), (ulong)random.Next(1, 1_500));
            var there = Diff(queries, from, to);
            Assert.Equal(Differing(log, from, to), there.Changes.Select(ScopeOf).Distinct().Order(StringComparer.Ordinal));
            Assert.All(there.Changes, change => Assert.NotEqual(change.BeforeJson, change.AfterJson));
            var back = Diff(queries, to, from);
            Assert.Equal(there.Changes.Select(c => (c.Path, c.BeforeJson, c.AfterJson)).Order(),
                back.Changes.Select(c => (c.Path, c.AfterJson, c.BeforeJson)).Order());
        }
        Assert.Empty(Diff(queries, 700, 700).Changes);
    });

    [Fact]
    public void A_scope_tells_of_that_room_alone_and_a_limit_says_that_there_is_more()
    {
        using var directory = new TempDirectory();
        var log = Play(directory.Path, 1_500, 1);
        var queries = new AuditQueries(log, KeptFolds.None);
        var whole = Diff(queries, 100, 1_400);
        var room = whole.Changes.Select(ScopeOf).First(scope => scope.StartsWith("room/", StringComparison.Ordinal));
        var alone = Diff(queries, 100, 1_400, room);
        Assert.Equal(whole.Changes.Where(change => ScopeOf(change) == room), alone.Changes);
        var few = queries.Diff(new() { From = At(100), To = At(1_400), Limit = 3 }, CancellationToken.None).Value!;
        Assert.True(few.Truncated);
        Assert.Equal(whole.Changes.Take(3), few.Changes);
        Assert.Contains("limit: 10001", queries.Diff(new() { From = At(1), To = At(2), Limit = 10_001 }, default).Failure!.Message,
            StringComparison.Ordinal);
        Assert.Contains("to.at: nothing", queries.Diff(new() { From = At(1) }, default).Failure!.Message, StringComparison.Ordinal);
        Assert.Contains("does not exist yet", queries.Diff(new() { From = At(1), To = At(9_999) }, default).Failure!.Message,
            StringComparison.Ordinal);
    }

    /// <summary>Rooms, nodes and settings whose rendering is another one: found without the code that is tested.</summary>
    private static IEnumerable<string> Differing(EventLogReader log, ulong from, ulong to)
    {
        var (before, after) = (PastStates.FoldTo(log, KeptFolds.None, from, default), PastStates.FoldTo(log, KeptFolds.None, to, default));
        var scopes = new[] { before, after }.SelectMany(state => state.Rooms.InOrder().Select(room => $"room/{room.Record.Id}")
            .Concat(state.Nodes.InOrder().Select(node => $"node/{node.Record.Id}"))).Distinct();
        var found = scopes.Where(scope => StateView.Render(before, scope).Value != StateView.Render(after, scope).Value).ToList();
        if (StateView.Cluster(before) != StateView.Cluster(after)) found.Add("cluster/");
        return found.Order(StringComparer.Ordinal);
    }

    private static string ScopeOf(StateChange change)
    {
        var parts = change.Path.Split('/');
        return parts[0] == "cluster" ? "cluster/" : $"{parts[0]}/{parts[1]}";
    }

    private static DiffReply Diff(AuditQueries queries, ulong from, ulong to, string scope = "") =>
        queries.Diff(new() { From = At(from), To = At(to), Scope = scope, Limit = 10_000 }, CancellationToken.None).Value!;

    private static Moment At(ulong seq) => new() { EventSeq = seq };

    private static EventLogReader Play(string directory, ulong events, int seed)
    {
        using (var log = Log.Open(directory, Script.Cluster, new EventLogOptions { EventsPerSegment = 1_024 }))
        {
            log.RestoreEmpty();
            using var story = new FleetStory(log, seed, nodes: 20, liveRooms: 60);
            story.PlayUntil(events);
        }
        return EventLogReader.OpenDirectory(directory);
    }
}
