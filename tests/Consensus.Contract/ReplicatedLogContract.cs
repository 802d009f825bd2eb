using System.Runtime.CompilerServices;
using System.Text;
using VideoScale.Harness.Processes;
using Xunit.Abstractions;

namespace VideoScale.Consensus.Contract;

/// <summary>What every implementation of <see cref="IReplicatedLog"/> promises to what stands on it.</summary>
public abstract class ReplicatedLogContract(SkipTally skips, ITestOutputHelper output) : IClassFixture<SkipTally>, IAsyncLifetime
{
    private ulong _session = 1_000;
    private IContractSystem _system = null!;

    protected abstract string Implementation { get; }
    protected abstract Task<IContractSystem> StartAsync();

    public async Task InitializeAsync() => _system = await StartAsync();

    public async Task DisposeAsync() => await _system.DisposeAsync();

    [Fact]
    public async Task A_committed_command_has_been_applied_and_answers()
    {
        var leader = await _system.LeaderAsync();
        var result = await leader.ProposeAsync(new ProposalId(1, 1), "first"u8.ToArray(), CancellationToken.None);
        Assert.Equal(Outcome.Committed, result.Outcome);
        Assert.Equal(1, BitConverter.ToInt32(result.Reply.Span)); // the machine's reply: how many it has
        Assert.Equal(["first"], MachineOf(leader).Commands);
        Assert.True(leader.Status.AppliedIndex >= result.Index);
        Assert.True(result.Term > 0);
    }

    [Fact]
    public async Task A_retry_under_the_same_id_changes_nothing_and_gets_the_first_answer()
    {
        var leader = await _system.LeaderAsync();
        if (!Needs(leader, LogCapabilities.ExactlyOnceSessions)) return;
        var first = await leader.ProposeAsync(new ProposalId(1, 1), "once"u8.ToArray(), CancellationToken.None);
        await CommitAsync("another");
        var again = await leader.ProposeAsync(new ProposalId(1, 1), "once"u8.ToArray(), CancellationToken.None);
        Assert.Equal(Outcome.Committed, again.Outcome);
        Assert.Equal((first.Index, first.Term), (again.Index, again.Term));
        Assert.Equal(first.Reply.ToArray(), again.Reply.ToArray());
        Assert.Equal(["once", "another"], MachineOf(leader).Commands);
    }

    [Fact]
    public async Task Commands_in_flight_together_are_each_applied_once_and_alike_everywhere()
    {
        var leader = await _system.LeaderAsync();
        var results = await Task.WhenAll(Enumerable.Range(1, 200).Select(async i =>
            await leader.ProposeAsync(new ProposalId((ulong)(i % 7) + 1, (ulong)i), Encoding.UTF8.GetBytes($"c{i}"),
                CancellationToken.None)));
        Assert.All(results, result => Assert.Equal(Outcome.Committed, result.Outcome));
        Assert.Equal(200, results.Select(result => result.Index).Distinct().Count());
        var order = MachineOf(leader).Commands;
        Assert.Equal(Enumerable.Range(1, 200).Select(i => $"c{i}").Order(StringComparer.Ordinal), order.Order(StringComparer.Ordinal));
        foreach (var (_, machine) in _system.Replicas)
            await Eventually.HoldsAsync(() => machine.Commands.Length >= 200, "all commands are applied everywhere");
        foreach (var (_, machine) in _system.Replicas) Assert.Equal(order, machine.Commands);
    }

    [Fact]
    public async Task The_command_is_copied_before_the_call_returns()
    {
        var leader = await _system.LeaderAsync();
        var buffer = "as it was"u8.ToArray();
        var pending = leader.ProposeAsync(new ProposalId(1, 1), buffer, CancellationToken.None);
        Array.Fill(buffer, (byte)'x');
        await pending;
        Assert.Equal(["as it was"], MachineOf(leader).Commands);
    }

    [Fact]
    public async Task A_linearizable_read_anywhere_sees_what_was_acknowledged_before_it()
    {
        var leader = await _system.LeaderAsync();
        if (!Needs(leader, LogCapabilities.LinearizableReads)) return;
        for (var i = 1; i <= 5; i++)
        {
            var committed = await CommitAsync($"write {i}");
            foreach (var (log, machine) in _system.Replicas)
            {
                var fence = await log.ReadFenceAsync(ReadMode.Linearizable, CancellationToken.None);
                Assert.True(fence.Ok);
                Assert.True(fence.Index >= committed.Index);
                Assert.Equal($"write {i}", machine.Commands[i - 1]);
                Assert.True((await log.ReadFenceAsync(ReadMode.Stale, CancellationToken.None)).Ok);
            }
        }
    }

    [Fact]
    public async Task Posted_work_runs_between_entries_and_sees_what_was_applied()
    {
        var leader = await _system.LeaderAsync();
        var committed = await CommitAsync("seen");
        var work = new Look(MachineOf(leader));
        leader.Post(work);
        var (applied, commands) = await work.Seen.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(applied >= committed.Index);
        Assert.Equal(["seen"], commands);
    }

    [Fact]
    public async Task A_leader_that_handed_over_refuses_and_the_next_one_goes_on()
    {
        var old = await _system.LeaderAsync();
        if (!Needs(old, LogCapabilities.Transfer)) return;
        await CommitAsync("before");
        var termBefore = old.Status.Term;
        var to = _system.Replicas.Select(r => r.Log.Status.Self).FirstOrDefault(id => id != old.Status.Self, new MemberId(0xFF));
        await old.TransferLeadershipAsync(to, CancellationToken.None);
        await Eventually.HoldsAsync(() => old.Status.Role != ReplicaRole.Leader, "the old leader leads no more");
        var refused = await old.ProposeAsync(new ProposalId(1, 99), "refused"u8.ToArray(), CancellationToken.None);
        Assert.Equal((Outcome.Rejected, RejectReason.NotLeader), (refused.Outcome, refused.Reason));
        var committed = await CommitAsync("after");
        Assert.True(committed.Term > termBefore);
        foreach (var (_, machine) in _system.Replicas)
            await Eventually.HoldsAsync(() => machine.Commands.SequenceEqual(["before", "after"]), "both are applied everywhere");
    }

    [Fact]
    public async Task Roles_begin_with_the_role_now_and_tell_every_change()
    {
        var leader = await _system.LeaderAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var roles = leader.Roles(patience.Token).GetAsyncEnumerator(patience.Token);
        Assert.True(await roles.MoveNextAsync());
        Assert.Equal((ReplicaRole.Leader, leader.Status.Self), (roles.Current.Role, roles.Current.Leader));
        if (!Needs(leader, LogCapabilities.Transfer)) return;
        var next = _system.Replicas.Select(r => r.Log.Status.Self).FirstOrDefault(id => id != leader.Status.Self, new MemberId(0xFF));
        for (var handedOver = false; !handedOver && leader.Status.Role == ReplicaRole.Leader;)
        {
            try
            {
                await leader.TransferLeadershipAsync(next, CancellationToken.None);
                handedOver = true;
            }
            // on a busy machine the next one may be late: the leader leads on, and is asked again
            catch (TimeoutException) when (!patience.IsCancellationRequested) { }
        }
        do Assert.True(await roles.MoveNextAsync());
        while (roles.Current.Role == ReplicaRole.Leader);
    }

    [Fact]
    public async Task A_snapshot_covers_what_was_applied()
    {
        var leader = await _system.LeaderAsync();
        if (!Needs(leader, LogCapabilities.Snapshots)) return;
        var committed = await CommitAsync("kept");
        var snapshot = await leader.CreateSnapshotAsync(CancellationToken.None);
        Assert.True(snapshot.Index >= committed.Index && snapshot.Bytes > 0);
        await Eventually.HoldsAsync(() => leader.Status.SnapshotIndex >= snapshot.Index, "the snapshot is known");
        Assert.Equal(Outcome.Committed, (await CommitAsync("goes on")).Outcome);
    }

    [Fact]
    public async Task A_membership_change_from_an_old_configuration_is_refused()
    {
        var leader = await _system.LeaderAsync();
        if (!Needs(leader, LogCapabilities.Membership)) return;
        var same = new MembershipChange([.. _system.Replicas.Select(r => r.Log.Status.Self)], []);
        Assert.Equal(Outcome.Rejected,
            (await leader.ChangeMembershipAsync(same, leader.Status.MembershipIndex + 7, CancellationToken.None)).Outcome);
        var changed = await leader.ChangeMembershipAsync(same, leader.Status.MembershipIndex, CancellationToken.None);
        Assert.Equal(Outcome.Committed, changed.Outcome);
        Assert.Equal(changed.ConfigIndex, leader.Status.MembershipIndex);
    }

    [Fact]
    public async Task A_state_machine_that_throws_stops_the_replica_and_acknowledges_nothing()
    {
        var leader = await _system.LeaderAsync();
        MachineOf(leader).ThrowOn = "poison";
        var result = await leader.ProposeAsync(new ProposalId(1, 1), "poison"u8.ToArray(), CancellationToken.None);
        Assert.NotEqual(Outcome.Committed, result.Outcome);
        Assert.IsType<InvalidOperationException>(await leader.Fatal.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_log_that_was_disposed_of_refuses()
    {
        var leader = await _system.LeaderAsync();
        await leader.DisposeAsync();
        var refused = await leader.ProposeAsync(new ProposalId(1, 1), "late"u8.ToArray(), CancellationToken.None);
        Assert.Equal(Outcome.Rejected, refused.Outcome);
        Assert.NotEqual(RejectReason.None, refused.Reason);
        Assert.False((await leader.ReadFenceAsync(ReadMode.Linearizable, CancellationToken.None)).Ok);
    }

    private JournalMachine MachineOf(IReplicatedLog log) => _system.Replicas.Single(r => r.Log == log).Machine;

    /// <summary>Commits under one id, whoever leads, however often it takes.</summary>
    private async Task<ProposeResult> CommitAsync(string command)
    {
        var id = new ProposalId(++_session, 1);
        while (true)
        {
            var leader = await _system.LeaderAsync();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            var result = await leader.ProposeAsync(id, Encoding.UTF8.GetBytes(command), patience.Token);
            if (result.Outcome == Outcome.Committed) return result;
            Assert.False(patience.IsCancellationRequested, $"'{command}' was never committed");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    private bool Needs(IReplicatedLog log, LogCapabilities capability, [CallerMemberName] string test = "")
    {
        if (log.Capabilities.HasFlag(capability)) return true;
        skips.Skip(Implementation, test, capability);
        output.WriteLine($"SKIPPED: {Implementation} does not have {capability}");
        return false;
    }

    private sealed class Look(JournalMachine machine) : IApplyWork
    {
        private readonly TaskCompletionSource<(ulong, string[])> _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        internal Task<(ulong Applied, string[] Commands)> Seen => _seen.Task;
        public void Run(ulong appliedIndex) => _seen.SetResult((appliedIndex, machine.Commands));
    }
}
