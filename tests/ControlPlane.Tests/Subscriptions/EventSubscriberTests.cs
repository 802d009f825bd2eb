using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.EventLog.Backfill;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Subscriptions;
using VideoScale.ControlPlane.Tests.EventLog;
using VideoScale.ControlPlane.Tests.HostTests;
using VideoScale.Harness;
using VideoScale.Harness.Processes;
using VideoScale.V1;
using Log = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.ControlPlane.Tests.Subscriptions;

public sealed class EventSubscriberTests
{
    private static readonly HashSet<EventType> Created = [EventType.RoomCreated];

    [Fact]
    public async Task What_passes_the_filter_is_given_in_order_and_again_when_the_handler_fails_also_after_a_restart()
    {
        using var directory = new TempDirectory();
        using var log = Logs.Open(directory.Of("events"));
        var script = new Script(new Random(7), 600);
        var (seen, random) = (new List<ulong>(), new Random(3));
        ValueTask Take(IReadOnlyList<EventEnvelope> events, CancellationToken cancellationToken)
        {
            foreach (var happened in events)
            {
                if (random.Next(60) == 0) throw new InvalidOperationException("the handler fails");
                Assert.Equal("RoomCreated", happened.Type);
                seen.Add(happened.EventSeq);
            }
            return ValueTask.CompletedTask;
        }
        var subscriber = new EventSubscriber("test", Take)
        {
            Types = Created,
            IsDurable = true,
            BeginsAt = BeginsAt.FirstEvent,
            MaxBatch = 7,
        };
        for (var (round, until) = (0, 200UL); until <= 600; round++, until += 200)
        {
            var before = seen.Count;
            await using var run = new Run(directory.Path, log, subscriber);
            script.Feed(log, until);
            await Eventually.HoldsAsync(() => run.One.Position.Seq == log.AppendedSeq, "all is handled",
                details: () => $"{run.One.Position.Seq} of {log.AppendedSeq}");
            if (round > 0) Assert.True(seen[before] > until - 200 - 14, $"it begins where it was, and not at {seen[before]}");
        }
        Assert.Equal(Numbers(log, "RoomCreated"), seen.Distinct());
        for (var i = 1; i < seen.Count; i++)
            Assert.True(seen[i] > seen[i - 1] || seen[i - 1] - seen[i] < 60, "what is given again is the last batch, from its beginning");
    }

    [Fact]
    public async Task One_to_whom_only_the_latest_matter_begins_with_them_and_leaves_out_what_it_is_too_far_behind_for()
    {
        using var directory = new TempDirectory();
        using var log = Logs.Open(directory.Of("events"));
        var script = new Script(new Random(9), 300);
        script.Feed(log, 200);
        await log.SyncAsync();
        var seen = new ConcurrentQueue<ulong>();
        var first = log.Reader.LastSeq - 9;
        using var held = new SemaphoreSlim(1);
        var take = Into(seen);
        await using var run = new Run(directory.Path, log, new EventSubscriber("test", async (events, cancellationToken) =>
        {
            await take(events, cancellationToken);
            await held.WaitAsync(cancellationToken);
        })
        { OnlyLast = 10 });
        await Eventually.HoldsAsync(() => seen.Count == 10, "the last ten are given");
        script.Feed(log, 203);
        await Eventually.HoldsAsync(() => seen.Count >= 11, "and what comes"); // its handler is held from here on
        var before = seen.Count;
        script.Feed(log);
        await log.SyncAsync();
        held.Release(100);
        await Eventually.HoldsAsync(() => seen.LastOrDefault() == script.Count, "it comes to the end");
        Assert.Equal(Enumerable.Range((int)first, before).Select(n => (ulong)n), seen.Take(before));
        Assert.True(seen.Count <= before + 10, $"{seen.Count - before} of nearly a hundred, of which the last ten matter");
        Assert.False(Directory.Exists(directory.Of("subscribers")), "it is not durable");
    }

    [Fact]
    public async Task What_lies_before_this_replicas_log_is_waited_for_until_peers_have_sent_it()
    {
        using var directory = new TempDirectory();
        var script = new Script(new Random(2), 64 * 3);
        using var peer = Logs.Open(directory.Of("peer"));
        script.Feed(peer, 150);
        var (tail, index) = (EventLogTests.TailOf(peer), script.IndexOf(peer.NextSeq - 1));
        script.Feed(peer);
        await peer.SyncAsync();
        using var log = Logs.Open(directory.Of("events"));
        EventLogTests.Restore(log, tail, index);
        script.Feed(log);
        await log.SyncAsync();
        var seen = new ConcurrentQueue<ulong>();
        await using var run = new Run(directory.Path, log, new EventSubscriber("test", Into(seen))
        {
            IsDurable = true,
            BeginsAt = BeginsAt.FirstEvent,
        });
        await Task.Delay(200);
        Assert.Empty(seen); // nothing is skipped
        var source = new BackfillTests.CuttingSource(peer, new Random(4));
        var backfill = new SegmentBackfill(log, () => [source], TimeProvider.System, NullLogger.Instance);
        for (var round = 0; round < 5_000 && log.Reader.Floor > 1; round++) await backfill.RunOnceAsync(CancellationToken.None);
        await Eventually.HoldsAsync(() => seen.Count == (int)script.Count, "all is given");
        Assert.Equal(Enumerable.Range(1, (int)script.Count).Select(n => (ulong)n), seen);
    }

    [Fact]
    public async Task On_the_leader_alone_and_the_next_leader_goes_on_where_the_last_one_was()
    {
        var seen = new ConcurrentQueue<(int Replica, ulong Seq)>();
        await using var cluster = await HostTests.TestCluster.StartAsync(3, i =>
        [
            new EventSubscriber("test", (events, _) =>
            {
                foreach (var happened in events) seen.Enqueue((i, happened.EventSeq));
                return ValueTask.CompletedTask;
            }) { RunsOn = RunsOn.Leader, IsDurable = true, BeginsAt = BeginsAt.FirstEvent, Types = Created },
        ]);
        var term = cluster[0].Replica.Core.Leadership.Term;
        for (var i = 0; i < 20; i++) await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = $"a{i}",
            RoomId = $"a{i}",
        });
        await Eventually.HoldsAsync(() => Distinct(seen) == 20, "the leader's subscriber has all rooms");
        var first = await LeaderAsync(cluster);
        // A machine without time for its replicas may have changed leaders meanwhile: then a few may have come twice, from two of them.
        if (cluster[first].Replica.Core.Leadership.Term == term) Assert.All(seen, one => Assert.Equal(first, one.Replica));
        var handled = seen.Max(one => one.Seq);
        await Eventually.HoldsAsync(() => cluster.Running.All(app => app.Replica.Core.Subscriptions.Find("test")!.Position.Seq >= handled),
            "all know how far it is");
        await cluster.StopAsync(first);
        var before = seen.Count;
        var second = await LeaderAsync(cluster);
        for (var i = 0; i < 10; i++) await cluster.Rooms(second).CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = $"b{i}",
            RoomId = $"b{i}",
        });
        await Eventually.HoldsAsync(() => Distinct(seen) == 30, "the next leader's has those that came since",
            details: () => string.Join(' ', seen));
        Assert.All(seen.Skip(before), one => Assert.True(one.Replica != first && one.Seq > handled, $"{one} was handled before"));

        static int Distinct(IEnumerable<(int Replica, ulong Seq)> seen) => seen.Select(one => one.Seq).Distinct().Count();
    }

    private static async Task<int> LeaderAsync(HostTests.TestCluster cluster)
    {
        await Eventually.HoldsAsync(() => cluster.LeaderIndex >= 0, "somebody leads");
        return cluster.LeaderIndex;
    }

    [Fact]
    public void A_damaged_position_is_named_and_not_taken_for_a_beginning()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory.Of("test.json"), "{ \"format\": 1, ");
        Assert.Contains("test.json is damaged",
            Assert.Throws<InvalidDataException>(() => new SubscriberPosition(directory.Path, "test")).Message, StringComparison.Ordinal);
    }

    private static Func<IReadOnlyList<EventEnvelope>, CancellationToken, ValueTask> Into(ConcurrentQueue<ulong> seen) => (events, _) =>
    {
        foreach (var happened in events) seen.Enqueue(happened.EventSeq);
        return ValueTask.CompletedTask;
    };

    private static IEnumerable<ulong> Numbers(Log log, string type)
    {
        using var cursor = log.Reader.Read(1);
        while (cursor.MoveNext())
            if (cursor.View.ToEnvelope(cursor.Chain) is var happened && happened.Type == type) yield return happened.EventSeq;
    }

    /// <summary>One run of a replica's subscriptions, on a directory that outlives it.</summary>
    private sealed class Run : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Leadership _leadership;
        private readonly Task _running;

        internal Run(string directory, Log log, EventSubscriber subscriber)
        {
            _leadership = new Leadership(new StubLog(StubLog.StatusOf(Membership.Of(StubLog.One))));
            var all = new EventSubscriptions(Path.Combine(directory, "subscribers"), log.Reader, _leadership, new Nobody(),
                TimeProvider.System, NullLogger<EventSubscriptions>.Instance);
            all.Add(subscriber);
            One = all.All[0];
            _running = all.RunAsync(_stop.Token);
        }

        internal Subscription One { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _leadership.DisposeAsync();
            _stop.Dispose();
        }
    }

    private sealed class Nobody : IPositionExchange
    {
        public Task<(ulong? Highest, bool IsMajority)> ExchangeAsync(string subscriber, ulong? seq, CancellationToken cancellationToken) =>
            Task.FromResult(((ulong?)null, true));
    }
}
