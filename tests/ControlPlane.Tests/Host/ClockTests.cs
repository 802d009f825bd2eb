using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>A wall clock that jumps costs nothing beyond the jump.</summary>
public sealed class ClockTests
{
    private static readonly TimeSpan[] Jumps = [TimeSpan.FromHours(25), TimeSpan.FromHours(1), TimeSpan.FromHours(-1),
        TimeSpan.FromSeconds(10)];
    private static readonly TimeSpan Allowed = TimeSpan.FromSeconds(3); // what slewing and the machine's own moments may add

    [Fact]
    public async Task A_clock_that_jumps_at_leader_or_follower_refuses_nobody_and_deadlines_keep_to_true_time()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        await using var media = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 11))).KeepBeating();
        using var stop = new CancellationTokenSource();
        var load = Task.Run(() => LoadAsync(cluster, stop.Token));
        foreach (var atLeader in (bool[])[true, false])
            foreach (var jump in Jumps)
            {
                var clock = cluster.Clocks[atLeader ? cluster.LeaderIndex : cluster.FollowerIndex];
                clock.Off = jump;
                await LogTimeIsTrueAsync(cluster);
                if (atLeader && jump == Jumps[0]) await TimersKeepToTrueTimeAsync(cluster, $"during a jump of {jump}");
                clock.Off = TimeSpan.Zero;
                await LogTimeIsTrueAsync(cluster);
                if (atLeader && jump == Jumps[1]) await TimersKeepToTrueTimeAsync(cluster, $"after a jump of {jump}");
            }
        await stop.CancelAsync();
        Assert.InRange(await load, Jumps.Length, int.MaxValue); // it went on all the while, and no call was refused
    }

    [Fact]
    public async Task A_clock_that_differs_is_named_in_status_by_every_replica_and_a_new_leader_goes_on_from_the_log()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var wrong = cluster.LeaderIndex;
        var member = cluster[wrong].Replica.Core.Cluster.Self.Value;
        cluster.Clocks[wrong].Off = TimeSpan.FromHours(25);
        for (var i = 0; i < cluster.Count; i++)
            await StatusAsync(cluster, i, status => status.ClocksAgree
                && status.Replicas.Count(replica => replica.ClockKnown && Math.Abs(replica.ClockDifferenceMs) > 1_000) == 1
                && Math.Abs(status.Replicas.Single(replica => replica.MemberId == member).ClockDifferenceMs - TimeSpan.FromHours(25)
                    .TotalMilliseconds) < 5_000, "the wrong clock is named");
        await StatusAsync(cluster, wrong, status => Math.Abs(status.LogTimeAheadMs) < Allowed.TotalMilliseconds,
            "log time keeps to the majority's clocks");
        var right = cluster.FollowerIndex;
        foreach (var leader in (int[])[right, wrong]) // away from the wrong clock, and back to it
        {
            await Eventually.HoldsAsync(async () =>
            {
                try
                {
                    return (await cluster.Clusters(0).TransferLeadershipAsync(new TransferLeadershipRequest
                    {
                        TargetMemberId =
                        cluster[leader].Replica.Core.Cluster.Self.Value
                    })).LeaderId == cluster[leader].Replica.Core.Cluster.Self.Value;
                }
                catch (RpcException) { return false; }
            }, "leadership is handed over");
            await CreateAsync(cluster, leader, Guid.CreateVersion7().ToString("N"));
            await LogTimeIsTrueAsync(cluster);
        }
    }

    [Fact]
    public async Task A_voter_alone_is_not_moved_by_a_jump_either_and_a_restart_after_a_long_time_has_the_right_time()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        await CreateAsync(cluster, 0, "first"); // an empty log begins with whatever this clock says
        cluster.Clocks[0].Off = TimeSpan.FromHours(25);
        for (var i = 0; i < 5; i++) await CreateAsync(cluster, 0, Guid.CreateVersion7().ToString("N"));
        cluster.Clocks[0].Off = TimeSpan.Zero;
        await TimersKeepToTrueTimeAsync(cluster, "after the jump");
        await cluster.StopAsync(0);
        cluster.Clocks[0].Off = TimeSpan.FromDays(7); // a week goes by
        await cluster.StartAsync_(0);
        await cluster.WaitReadyAsync();
        await StatusAsync(cluster, 0, status => Math.Abs(status.LogTimeMs - cluster.Clocks[0].GetUtcNow()
            .ToUnixTimeMilliseconds()) < Allowed.TotalMilliseconds, "log time is a week further");
        await CreateAsync(cluster, 0, Guid.CreateVersion7(cluster.Clocks[0].GetUtcNow()).ToString("N"));
    }

    private static async Task LogTimeIsTrueAsync(TestCluster cluster)
    {
        for (var i = 0; i < 3; i++)
        {
            var before = DateTimeOffset.UtcNow;
            var made = await CreateAsync(cluster, i % cluster.Count, Guid.CreateVersion7().ToString("N"));
            var room = (await cluster.Rooms(0).GetRoomAsync(new GetRoomRequest { RoomId = made.RoomId })).Room;
            Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds(room.CreatedAtMs), before - Allowed, DateTimeOffset.UtcNow + Allowed);
        }
    }

    /// <summary>An empty room is closed in its second, not when a wrong clock has been caught up with.</summary>
    private static async Task TimersKeepToTrueTimeAsync(TestCluster cluster, string when)
    {
        var made = await CreateAsync(cluster, 0, Guid.CreateVersion7().ToString("N"), emptyAfterSeconds: 1);
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                return (await cluster.Rooms(0).GetRoomAsync(new GetRoomRequest { RoomId = made.RoomId })).Room.Status is RoomStatus.Closing
                    or RoomStatus.Closed;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.NotFound) { return true; }
        }, $"an empty room is closed {when}");
    }

    private static async Task<int> LoadAsync(TestCluster cluster, CancellationToken cancellationToken)
    {
        var done = 0;
        for (; !cancellationToken.IsCancellationRequested; done++)
        {
            await CreateAsync(cluster, done % cluster.Count, Guid.CreateVersion7().ToString("N"));
            await Task.Delay(20, CancellationToken.None);
        }
        return done;
    }

    private static async Task<RoomReply> CreateAsync(TestCluster cluster, int replica, string requestId, uint emptyAfterSeconds = 0) =>
        await cluster.Rooms(replica).CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = requestId,
            RoomId = "r-" + requestId,
            EmptyTimeoutSeconds = emptyAfterSeconds,
        });

    private static async Task StatusAsync(TestCluster cluster, int replica, Func<GetStatusReply, bool> holds, string what)
    {
        GetStatusReply? last = null;
        try
        {
            await Eventually.HoldsAsync(async () => holds(last = await cluster.Clusters(replica).GetStatusAsync(new GetStatusRequest())),
                what);
        }
        catch (Exception e) { throw new InvalidOperationException($"replica {replica}: {last}", e); }
    }
}
