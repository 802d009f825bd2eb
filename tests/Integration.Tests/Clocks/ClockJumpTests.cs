using System.Collections.Concurrent;
using Grpc.Core;
using VideoScale.Harness.Clocks;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;
using VideoScale.V1;
using Xunit.Abstractions;

namespace VideoScale.Integration.Tests.Clocks;

/// <summary>Somebody sets the clock of a machine that runs a replica, hours wrong, and right again; writes go on all the while.</summary>
public sealed class ClockJumpTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int BasePort = 26_300;
    private static readonly TimeSpan[] Jumps = [TimeSpan.FromHours(25), TimeSpan.FromHours(1), TimeSpan.FromHours(-1)];
    private static readonly TimeSpan BetweenWrites = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Near = TimeSpan.FromSeconds(3); // what slewing and the machine's own moments may add

    /// <summary>How long a clock stays wrong; VS_JUMP_SECONDS for longer.</summary>
    private static TimeSpan Wrong =>
        TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("VS_JUMP_SECONDS"), out var seconds) ? seconds : 2);

    private readonly List<ShiftedClock> _clocks = [];
    private readonly ConcurrentBag<(DateTimeOffset Began, string Why)> _refused = [];
    private TestCluster _cluster = null!;
    private int _done;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(3, 0, BasePort);
        foreach (var replica in _cluster.Replicas) _clocks.Add(await ShiftedClock.AttachAsync(replica, _cluster.DataRoot));
        foreach (var replica in _cluster.Replicas) replica.Start();
        await _cluster.WaitForReadyAsync();
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        foreach (var clock in _clocks) clock.Dispose();
    }

    [Fact]
    public async Task It_costs_no_write_and_no_timer_anything_beyond_the_jump()
    {
        using var stop = new CancellationTokenSource();
        using var anywhere = _cluster.Anywhere();
        var load = Task.Run(() => WriteAsync(new RoomService.RoomServiceClient(anywhere), stop.Token));
        foreach (var jump in Jumps)
            foreach (var atLeader in (bool[])[true, false])
            {
                var leader = await _cluster.WaitForLeaderAsync();
                var wrong = _cluster.Replicas.First(replica => replica == leader == atLeader);
                var what = $"{jump} at {(atLeader ? "the leader" : "a follower")}";
                var (refusedBefore, doneBefore) = (_refused.Count, _done);
                _clocks[wrong.Index].Off = jump;
                await EveryReplicaSaysThatItDiffersAsync(wrong, jump, what);
                await Task.Delay(Wrong); // how long it is wrong; nothing is measured by it
                await LogTimeIsTrueAsync($"during {what}");
                _clocks[wrong.Index].Off = TimeSpan.Zero;
                var corrected = DateTimeOffset.UtcNow;
                await LogTimeIsTrueAsync($"after {what}");
                if (atLeader) await AnEmptyRoomClosesAsync($"after {what}");
                output.WriteLine(
                    $"{what}: {_done - doneBefore} writes, refused {_refused.Count - refusedBefore}, after the correction "
                    + $"{_refused.Count(refused => refused.Began > corrected)}");
            }
        await stop.CancelAsync();
        await load;
        Assert.True(_refused.IsEmpty, string.Join('\n', _refused.Select(refused => refused.Why).Distinct()));
        Assert.True(_done > Jumps.Length);
    }

    private async Task WriteAsync(RoomService.RoomServiceClient rooms, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var began = DateTimeOffset.UtcNow;
            try
            {
                await CreateAsync(rooms);
                _done++;
            }
            catch (RpcException e) { _refused.Add((began, $"{e.StatusCode}: {e.Status.Detail}")); }
            await Task.Delay(BetweenWrites, CancellationToken.None);
        }
    }

    private static async Task<RoomReply> CreateAsync(RoomService.RoomServiceClient rooms, uint emptyAfterSeconds = 0)
    {
        var id = Guid.CreateVersion7().ToString("N");
        return await rooms.CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = id,
            RoomId = $"r-{id}",
            EmptyTimeoutSeconds = emptyAfterSeconds
        }, deadline: DateTime.UtcNow.AddSeconds(20));
    }

    private async Task EveryReplicaSaysThatItDiffersAsync(ReplicaProcess wrong, TimeSpan jump, string what)
    {
        var member = (await _cluster.Cluster(wrong).GetStatusAsync(new GetStatusRequest())).MemberId;
        foreach (var replica in _cluster.Replicas)
        {
            GetStatusReply? last = null;
            await Eventually.HoldsAsync(async () =>
            {
                last = await _cluster.Cluster(replica).GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow.AddSeconds(5));
                var differs = last.Replicas.Single(one => one.MemberId == member);
                return differs.ClockKnown && Math.Abs(differs.ClockDifferenceMs - jump.TotalMilliseconds) < Near.TotalMilliseconds;
            }, $"{replica.Name} says which clock is wrong, {what}", details: () => $"{last}\n{replica.Log}");
        }
    }

    private async Task LogTimeIsTrueAsync(string when)
    {
        foreach (var replica in _cluster.Replicas)
        {
            var before = DateTimeOffset.UtcNow;
            var made = await CreateAsync(_cluster.Rooms(replica));
            var room = (await _cluster.Rooms(replica).GetRoomAsync(new GetRoomRequest { RoomId = made.RoomId })).Room;
            var at = DateTimeOffset.FromUnixTimeMilliseconds(room.CreatedAtMs);
            Assert.True(at >= before - Near && at <= DateTimeOffset.UtcNow + Near,
                $"{when}, by {replica.Name}: {at:O} is not the true time {before:O}");
        }
    }

    private async Task AnEmptyRoomClosesAsync(string when)
    {
        var rooms = _cluster.Rooms(_cluster.Replicas[0]);
        var made = await CreateAsync(rooms, emptyAfterSeconds: 1);
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                return (await rooms.GetRoomAsync(new GetRoomRequest { RoomId = made.RoomId })).Room.Status is RoomStatus.Closing
                    or RoomStatus.Closed;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.NotFound) { return true; }
        }, $"an empty room is closed {when}");
    }
}
