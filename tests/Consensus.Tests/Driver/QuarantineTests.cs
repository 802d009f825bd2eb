using VideoScale.Consensus;

namespace VideoScale.Consensus.Tests.Driver;

/// <summary>Replicas that must not decide: their disk lost entries, or their state is not the majority's.</summary>
public sealed class QuarantineTests
{
    private static async Task FillAsync(Replicas replicas, ulong from, ulong to)
    {
        for (var i = from; i <= to; i++) await replicas.CommitAsync(new ProposalId(7, i), $"c{i}");
    }

    [Fact]
    public async Task A_replica_that_lost_entries_fetches_them_under_load_and_takes_part_again()
    {
        await using var replicas = new Replicas(3);
        await FillAsync(replicas, 1, 50);
        var leader = await replicas.LeaderAsync();
        var damaged = replicas.Running.First(log => log != leader).Status.Self.Value;
        await replicas.KillAsync(damaged);
        replicas.Disks[damaged].LoseFrom(20);
        var told = 0;
        var load = FillAsync(replicas, 51, 200);
        replicas.Start(damaged, options => options with { IsDamaged = true, Repaired = () => Interlocked.Increment(ref told) });
        await load;
        await Replicas.Until(() => !replicas[damaged].Status.Repairing && replicas.Machines[damaged].Commands.Length == 200);
        Assert.Equal(1, told);
        var third = replicas.Running.First(log => log.Status.Self.Value != damaged && log != leader).Status.Self.Value;
        await replicas.KillAsync(third); // now it is needed for every majority
        await FillAsync(replicas, 201, 210);
        await Replicas.Until(() => replicas.Machines[damaged].Commands.Length == 210);
    }

    [Fact]
    public async Task A_replica_that_meets_a_leader_without_what_is_committed_here_stays_out_over_restarts()
    {
        string? found = null;
        await using var replicas = new Replicas(3, options => options.Self.Value == 1
            ? options with { ConflictFound = what => Volatile.Write(ref found, what) } : options);
        await FillAsync(replicas, 1, 20);
        await Replicas.Until(() => replicas.Machines[1].Commands.Length == 20);
        foreach (ulong id in new[] { 2, 3 })
        {
            await replicas.KillAsync(id);
            replicas.Disks[id].LoseFrom(1); // and nobody notices
        }
        await replicas.KillAsync(1);
        replicas.Start(2);
        replicas.Start(3);
        await FillAsync(replicas, 21, 30); // another line
        replicas.Start(1);
        await Replicas.Until(() => Volatile.Read(ref found) is not null);
        await replicas.KillAsync(1);
        replicas.Start(1, options => options with { Conflict = found });
        Assert.Equal(found, replicas[1].Status.Conflict);
        var kept = replicas[1].Status.LastIndex;
        await FillAsync(replicas, 31, 40);
        // it keeps what it has, and takes nothing in
        Assert.Equal((found, kept), (replicas[1].Status.Conflict, replicas[1].Status.LastIndex));
        var applied = replicas.Machines[1].Commands;
        // nothing of the other line; how much of its own it has applied again by now is open
        Assert.Equal(Enumerable.Range(1, 20).Select(i => $"c{i}").Take(applied.Length), applied);
    }

    [Fact]
    public async Task While_it_is_damaged_its_word_does_not_count()
    {
        await using var replicas = new Replicas(3);
        await FillAsync(replicas, 1, 20);
        await replicas.KillAsync(3);
        await replicas.KillAsync(2);
        await Replicas.Until(() => replicas[1].Status.Role != ReplicaRole.Leader);
        replicas.Disks[2].LoseFrom(10);
        replicas.Start(2, options => options with { IsDamaged = true });
        // 1 and 2 are two of three, but 2 may have acknowledged what it no longer has: nobody can lead.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        while (!patience.IsCancellationRequested)
        {
            Assert.NotEqual(ReplicaRole.Leader, replicas[1].Status.Role);
            Assert.NotEqual(ReplicaRole.Leader, replicas[2].Status.Role);
            await Task.Delay(10);
        }
        Assert.True(replicas[2].Status.Repairing);
        replicas.Start(3); // with it there is a majority without 2
        await FillAsync(replicas, 21, 30);
        await Replicas.Until(() => !replicas[2].Status.Repairing && replicas.Machines[2].Commands.Length == 30);
    }

    [Fact]
    public async Task A_majority_of_damaged_replicas_without_a_leader_halts_and_stays_halted()
    {
        await using var replicas = new Replicas(3);
        await FillAsync(replicas, 1, 20);
        await Replicas.Until(() => replicas.Machines[1].Commands.Length == 20);
        foreach (ulong id in new[] { 2, 3 })
        {
            await replicas.KillAsync(id);
            replicas.Disks[id].LoseFrom(5);
        }
        // a leader that lasts has all they ever acknowledged, and makes them whole
        await Replicas.Until(() => replicas[1].Status.Role != ReplicaRole.Leader);
        foreach (ulong id in new[] { 2, 3 }) replicas.Start(id, options => options with { IsDamaged = true });
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        while (!patience.IsCancellationRequested)
        {
            Assert.All(replicas.Running, log => Assert.NotEqual(ReplicaRole.Leader, log.Status.Role));
            await Task.Delay(10);
        }
        Assert.True(replicas[2].Status.Repairing && replicas[3].Status.Repairing);
        Assert.Equal(20, replicas.Machines[1].Commands.Length);
    }

    [Fact]
    public async Task A_leader_that_abstains_hands_over_and_never_leads_or_votes_again()
    {
        await using var replicas = new Replicas(3);
        await FillAsync(replicas, 1, 5);
        var odd = await replicas.LeaderAsync();
        odd.Abstain();
        await Replicas.Until(() => odd.Status.Role != ReplicaRole.Leader
            && replicas.Running.Any(log => log != odd && log.Status.Role == ReplicaRole.Leader));
        await FillAsync(replicas, 6, 10);
        await Replicas.Until(() => replicas.Machines[odd.Status.Self.Value].Commands.Length == 10); // its log is sound and goes on
        var leader = await replicas.LeaderAsync();
        await replicas.KillAsync(leader.Status.Self.Value);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        while (!patience.IsCancellationRequested)
        {
            // two are left, one of which gives no vote
            Assert.All(replicas.Running, log => Assert.NotEqual(ReplicaRole.Leader, log.Status.Role));
            await Task.Delay(10);
        }
    }
}
