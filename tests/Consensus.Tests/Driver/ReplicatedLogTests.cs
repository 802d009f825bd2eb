using System.Buffers.Binary;
using System.Text;
using VideoScale.Consensus;
using VideoScale.Consensus.Contract;

namespace VideoScale.Consensus.Tests.Driver;

public sealed class ReplicatedLogTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task What_is_committed_is_applied_everywhere_in_one_order(int count)
    {
        await using var replicas = new Replicas(count);
        for (var i = 1; i <= 50; i++)
        {
            var result = await replicas.CommitAsync(new ProposalId(1, (ulong)i), $"c{i}");
            Assert.Equal(i, BinaryPrimitives.ReadInt32LittleEndian(result.Reply.Span));
        }
        var expected = Enumerable.Range(1, 50).Select(i => $"c{i}").ToArray();
        foreach (var machine in replicas.Machines.Values) await Replicas.Until(() => machine.Commands.Length == 50);
        Assert.All(replicas.Machines.Values, machine => Assert.Equal(expected, machine.Commands));
    }

    [Fact]
    public async Task Many_proposals_at_once_are_all_committed_once()
    {
        // patient: a change of leaders would leave the fate of some unknown
        await using var replicas = new Replicas(3, options => options with { TickMs = 50 });
        var leader = await replicas.LeaderAsync();
        var tasks = Enumerable.Range(1, 5_000)
            .Select(i => leader.ProposeAsync(ProposalId.None, Encoding.UTF8.GetBytes($"p{i}"), None).AsTask());
        var results = await Task.WhenAll(tasks);
        Assert.All(results, result => Assert.Equal(Outcome.Committed, result.Outcome));
        Assert.Equal(5_000, results.Select(result => result.Index).Distinct().Count());
        Assert.Equal(Enumerable.Range(1, 5_000).Select(i => $"p{i}"), replicas.Machines[leader.Status.Self.Value].Commands);
    }

    [Fact]
    public async Task A_slow_disk_is_named_in_one_line()
    {
        await using var replicas = new Replicas(1);
        await replicas.CommitAsync(new ProposalId(1, 1), "quick");
        Assert.Empty(replicas.Log.Of(2120));
        replicas.Disks[1].SyncTime = TimeSpan.FromSeconds(1.1);
        await replicas.CommitAsync(new ProposalId(1, 2), "slow");
        await replicas.CommitAsync(new ProposalId(1, 3), "slow as well");
        Assert.Single(replicas.Log.Of(2120)); // the second is in the next line
    }

    [Fact]
    public async Task Posted_work_sees_nothing_that_those_who_follow_the_state_were_not_told()
    {
        await using var replicas = new Replicas(1);
        var leader = await replicas.LeaderAsync();
        var machine = replicas.Machines[1];
        machine.Going.Reset();
        var first = leader.ProposeAsync(ProposalId.None, "held"u8.ToArray(), None);
        await Replicas.Until(() => machine.IsHeld);
        var second = leader.ProposeAsync(ProposalId.None, "behind it"u8.ToArray(), None);
        await Replicas.Until(() => leader.Status.CommitIndex == 3); // the first entry is the leader's own
        var look = new Look(machine); // waits together with the second one
        leader.Post(look);
        machine.Going.Set();
        Assert.Equal((3UL, 3UL), await look.Seen);
        Assert.Equal((2UL, 3UL), ((await first).Index, (await second).Index));
    }

    private sealed class Look(JournalMachine machine) : IApplyWork
    {
        private readonly TaskCompletionSource<(ulong, ulong)> _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        internal Task<(ulong Applied, ulong Told)> Seen => _seen.Task;
        public void Run(ulong appliedIndex) => _seen.SetResult((appliedIndex, machine.LastBatchEnd));
    }

    [Fact]
    public async Task A_killed_leader_is_replaced_and_nothing_acknowledged_is_lost()
    {
        await using var replicas = new Replicas(3);
        for (var i = 1; i <= 20; i++) await replicas.CommitAsync(new ProposalId(1, (ulong)i), $"a{i}");
        var old = (await replicas.LeaderAsync()).Status.Self.Value;
        await replicas.KillAsync(old);
        for (var i = 21; i <= 40; i++) await replicas.CommitAsync(new ProposalId(1, (ulong)i), $"a{i}");
        replicas.Start(old);
        var expected = Enumerable.Range(1, 40).Select(i => $"a{i}").ToArray();
        foreach (var machine in replicas.Machines.Values) await Replicas.Until(() => machine.Commands.Length == 40);
        Assert.All(replicas.Machines.Values, machine => Assert.Equal(expected, machine.Commands));
    }

    [Fact]
    public async Task A_retry_under_the_same_id_gets_the_first_reply_and_is_applied_once()
    {
        await using var replicas = new Replicas(3);
        var first = await replicas.CommitAsync(new ProposalId(7, 1), "once");
        var again = await replicas.CommitAsync(new ProposalId(7, 1), "once");
        Assert.Equal(first.Index, again.Index);
        Assert.Equal(first.Reply.ToArray(), again.Reply.ToArray());
        await replicas.CommitAsync(new ProposalId(7, 2), "twice");
        Assert.Equal(["once", "twice"], replicas.Machines[(await replicas.LeaderAsync()).Status.Self.Value].Commands);
    }

    [Fact]
    public async Task A_retry_is_known_after_restart_from_a_snapshot()
    {
        await using var replicas = new Replicas(1, options => options with { TailBytes = 0 });
        var first = await replicas.CommitAsync(new ProposalId(7, 1), "once");
        var info = await replicas[1].CreateSnapshotAsync(None);
        Assert.Equal(info.Index + 1, info.FirstIndex);
        await replicas.KillAsync(1);
        replicas.Start(1);
        var again = await replicas.CommitAsync(new ProposalId(7, 1), "once");
        Assert.Equal((first.Index, first.Term), (again.Index, again.Term));
        Assert.Equal(["once"], replicas.Machines[1].Commands);
        Assert.Equal(1, replicas.Machines[1].Restores);
    }

    [Fact]
    public async Task A_follower_refuses_proposals_and_answers_linearizable_reads()
    {
        await using var replicas = new Replicas(3);
        var written = await replicas.CommitAsync(ProposalId.None, "x");
        var follower = replicas.Running.First(log => log.Status.Role == ReplicaRole.Follower);
        var refused = await follower.ProposeAsync(ProposalId.None, Encoding.UTF8.GetBytes("y"), None);
        Assert.Equal((Outcome.Rejected, RejectReason.NotLeader), (refused.Outcome, refused.Reason));
        var fence = await follower.ReadFenceAsync(ReadMode.Linearizable, None);
        Assert.True(fence.Ok);
        Assert.True(fence.Index >= written.Index);
        Assert.Equal(["x"], replicas.Machines[follower.Status.Self.Value].Commands);
    }

    [Fact]
    public async Task Without_a_quorum_reads_fail_and_the_leader_steps_down()
    {
        await using var replicas = new Replicas(3, options => options with { ReadTimeoutMs = 200 });
        await replicas.CommitAsync(ProposalId.None, "x");
        var leader = await replicas.LeaderAsync();
        replicas.Network.Isolate(leader.Status.Self);
        Assert.False((await leader.ReadFenceAsync(ReadMode.Linearizable, None)).Ok);
        await Replicas.Until(() => leader.Status.Role != ReplicaRole.Leader);
    }

    [Fact]
    public async Task A_cut_off_leaders_proposal_is_unknown_and_can_be_retried_elsewhere()
    {
        await using var replicas = new Replicas(3);
        await replicas.CommitAsync(new ProposalId(1, 1), "before");
        var leader = await replicas.LeaderAsync();
        replicas.Network.Isolate(leader.Status.Self);
        var result = await leader.ProposeAsync(new ProposalId(1, 2), Encoding.UTF8.GetBytes("split"), None);
        Assert.Equal(Outcome.Unknown, result.Outcome);
        replicas.Network.Heal();
        await replicas.CommitAsync(new ProposalId(1, 2), "split");
        foreach (var machine in replicas.Machines.Values) await Replicas.Until(() => machine.Commands.Length == 2);
        Assert.All(replicas.Machines.Values, machine => Assert.Equal(["before", "split"], machine.Commands));
    }

    [Fact]
    public async Task Cancelling_leaves_the_fate_unknown()
    {
        await using var replicas = new Replicas(3);
        var leader = await replicas.LeaderAsync();
        foreach (var disk in replicas.Disks.Values) disk.SyncTime = TimeSpan.FromMilliseconds(100);
        using var cancel = new CancellationTokenSource();
        var pending = leader.ProposeAsync(ProposalId.None, "late"u8.ToArray(), cancel.Token);
        await cancel.CancelAsync();
        Assert.Equal(Outcome.Unknown, (await pending).Outcome);
    }

    [Fact]
    public async Task Leadership_goes_to_the_member_that_was_named()
    {
        await using var replicas = new Replicas(3);
        await replicas.CommitAsync(ProposalId.None, "x");
        var leader = await replicas.LeaderAsync();
        var target = replicas.Running.First(log => log != leader);
        await leader.TransferLeadershipAsync(target.Status.Self, None);
        await Replicas.Until(() => target.Status.Role == ReplicaRole.Leader);
        Assert.Equal(leader.Status.Term, target.Status.Term);
    }

    [Fact]
    public async Task A_leader_that_stops_hands_over()
    {
        await using var replicas = new Replicas(3);
        await replicas.CommitAsync(ProposalId.None, "x");
        var leader = await replicas.LeaderAsync();
        var term = leader.Status.Term;
        await leader.DisposeAsync();
        await Replicas.Until(() =>
            replicas.Running.Any(log => log != leader && log.Status is { Role: ReplicaRole.Leader } status && status.Term == term + 1));
    }

    [Fact]
    public async Task Snapshots_compact_the_log_and_a_lagging_follower_gets_one()
    {
        await using var replicas = new Replicas(3, options => options with { SnapshotLogBytes = 20_000, TailBytes = 2_000 });
        await replicas.CommitAsync(ProposalId.None, "first");
        var lagging = replicas.Running.First(log => log.Status.Role == ReplicaRole.Follower).Status.Self;
        await replicas.KillAsync(lagging.Value);
        for (var i = 1; i <= 600; i++) await replicas.CommitAsync(new ProposalId(1, (ulong)i), $"s{i:000}");
        var leader = await replicas.LeaderAsync();
        await Replicas.Until(() => leader.Status.FirstIndex > 100);
        replicas.Start(lagging.Value);
        await replicas.CommitAsync(new ProposalId(1, 601), "last");
        await Replicas.Until(() => replicas.Machines[lagging.Value].Commands.Length == 602);
        Assert.True(replicas.Machines[lagging.Value].Restores > 0);
        Assert.Equal(replicas.Machines[leader.Status.Self.Value].Commands, replicas.Machines[lagging.Value].Commands);
    }

    [Fact]
    public async Task Compaction_stops_where_the_state_machine_says()
    {
        await using var replicas = new Replicas(1, options => options with { TailBytes = 0 });
        replicas.Machines[1].CompactionLimit = 3;
        for (var i = 1; i <= 10; i++) await replicas.CommitAsync(ProposalId.None, $"c{i}");
        var info = await replicas[1].CreateSnapshotAsync(None);
        Assert.Equal(4UL, info.FirstIndex);
        replicas.Machines[1].CompactionLimit = ulong.MaxValue;
        await replicas.CommitAsync(ProposalId.None, "more");
        await Replicas.Until(() => replicas[1].Status.FirstIndex == info.Index + 1);
    }

    [Fact]
    public async Task A_failed_sync_stops_the_replica_and_acknowledges_nothing()
    {
        await using var replicas = new Replicas(1);
        await replicas.CommitAsync(ProposalId.None, "x");
        replicas.Disks[1].FailNextSync = new IOException("fdatasync: EIO");
        var result = await replicas[1].ProposeAsync(ProposalId.None, "y"u8.ToArray(), None);
        Assert.NotEqual(Outcome.Committed, result.Outcome);
        Assert.IsType<IOException>(await replicas[1].Fatal.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(Outcome.Rejected, (await replicas[1].ProposeAsync(ProposalId.None, "z"u8.ToArray(), None)).Outcome);
    }

    [Fact]
    public async Task A_state_machine_that_throws_stops_the_replica()
    {
        await using var replicas = new Replicas(1);
        replicas.Machines[1].ThrowOn = "bad";
        await replicas.LeaderAsync();
        var result = await replicas[1].ProposeAsync(ProposalId.None, "bad"u8.ToArray(), None);
        Assert.Equal(Outcome.Unknown, result.Outcome);
        Assert.IsType<InvalidOperationException>(await replicas[1].Fatal.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_full_queue_refuses_instead_of_growing()
    {
        await using var replicas = new Replicas(1, options => options with { MaxQueuedProposals = 10 });
        await replicas.LeaderAsync();
        var tasks = Enumerable.Range(0, 20_000).Select(_ => replicas[1].ProposeAsync(ProposalId.None, "x"u8.ToArray(), None).AsTask())
            .ToArray();
        var results = await Task.WhenAll(tasks);
        Assert.All(results, result => Assert.True(result.Outcome == Outcome.Committed || result.Reason == RejectReason.Overloaded));
        Assert.Equal(results.Count(result => result.Outcome == Outcome.Committed), replicas.Machines[1].Commands.Length);
    }

    [Fact]
    public async Task Roles_are_told_from_now_on()
    {
        await using var replicas = new Replicas(1);
        await foreach (var change in replicas[1].Roles(None))
        {
            if (change.Role != ReplicaRole.Leader) continue;
            Assert.Equal(new MemberId(1), change.Leader);
            break;
        }
    }

    [Fact]
    public async Task Who_has_much_to_apply_leaves_leading_to_who_can_serve()
    {
        await using var replicas = new Replicas(3, options => options with { TickMs = 100 });
        var leader = await replicas.LeaderAsync();
        while (leader != replicas[3]) // the others take turns in order of their ids: 1 is the one to hold back
        {
            await leader.TransferLeadershipAsync(new MemberId(3), CancellationToken.None);
            leader = await replicas.LeaderAsync();
        }
        await Replicas.Until(() => replicas[1].Status.Leader == new MemberId(3) && replicas[2].Status.Leader == new MemberId(3));
        replicas.Machines[1].Going.Reset();
        try
        {
            for (ulong i = 1; i <= 300; i++) await replicas.CommitAsync(new ProposalId(5, i), $"c{i}");
            await Replicas.Until(() => replicas[1].Status.CommitIndex > 300 && replicas.Machines[2].Commands.Length == 300);
            replicas.Network.Isolate(new MemberId(3));
            replicas.Network.BreakConnectionsOf(new MemberId(3));
            await Replicas.Until(() => replicas[1].Status.Role == ReplicaRole.Leader || replicas[2].Status.Role == ReplicaRole.Leader);
            Assert.Equal(ReplicaRole.Leader, replicas[2].Status.Role);
        }
        finally { replicas.Machines[1].Going.Set(); }
    }
}
