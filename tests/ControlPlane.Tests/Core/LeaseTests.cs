using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Leases;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class LeaseTests
{
    private static readonly LeaseRules Rules = new(LeaseSettings.Default, 5_000, 500);
    private static readonly NodeId N1 = new("n1");

    [Fact]
    public void A_new_leader_expires_nothing_before_ttl_and_margin()
    {
        var table = new LeaseTable(Rules, electedAtMs: 1_000);
        Assert.Equal([LeaseVerdictKind.Suspect], Verdicts(table, 6_499, Healthy("n1"), Healthy("n2", alive: table)));
        Assert.Equal([LeaseVerdictKind.DeclareLost], Verdicts(table, 6_500, Healthy("n1"), Healthy("n2", alive: table, at: 6_500)));
    }

    [Fact]
    public void An_acknowledged_lease_counts_from_receipt_plus_margin()
    {
        var table = new LeaseTable(Rules, 0);
        table.HeartbeatReceived(N1, 1, 10_000);
        table.Acknowledged(N1, 1, receivedAtMs: 10_000, appliedIndex: 5);
        Assert.Equal(15_500, table.ExpiresAtMs(N1, 1));
        Assert.Equal([LeaseVerdictKind.Suspect], Verdicts(table, 15_499, Healthy("n1"), Healthy("n2", alive: table, at: 15_499)));
        Assert.Equal([LeaseVerdictKind.DeclareLost], Verdicts(table, 15_500, Healthy("n1"), Healthy("n2", alive: table, at: 15_500)));
    }

    [Fact]
    public void A_node_that_registers_long_after_the_election_has_the_whole_lease_to_send_its_first_heartbeat()
    {
        var table = new LeaseTable(Rules, electedAtMs: 0);
        // one nobody heard of
        Assert.Equal([LeaseVerdictKind.DeclareLost], Verdicts(table, 100_000, Healthy("n1"), Healthy("n2", alive: table, at: 100_000)));
        table = new LeaseTable(Rules, electedAtMs: 0);
        table.Registered(N1, 1, 100_000);
        Assert.Empty(Verdicts(table, 102_500, Healthy("n1"), Healthy("n2", alive: table, at: 102_500)));
        Assert.Equal([LeaseVerdictKind.Suspect], Verdicts(table, 105_499, Healthy("n1"), Healthy("n2", alive: table, at: 105_499)));
        Assert.Equal([LeaseVerdictKind.DeclareLost], Verdicts(table, 105_500, Healthy("n1"), Healthy("n2", alive: table, at: 105_500)));
    }

    [Fact]
    public void The_longest_lease_ever_granted_counts_after_it_was_shortened()
    {
        var table = new LeaseTable(new(new(2_000, 100, 500), LongestTtlMs: 20_000, LongestMarginMs: 1_000), 0);
        table.Acknowledged(N1, 1, 1_000, 1);
        Assert.Equal(22_000, table.ExpiresAtMs(N1, 1));
    }

    [Fact]
    public void No_acknowledgement_while_a_loss_is_in_flight_or_after_it()
    {
        var table = new LeaseTable(Rules, 0);
        var holder = new LeaseHolder(N1, 1, NodeHealth.Healthy);
        Assert.True(table.MayAcknowledge(N1, 1, holder));
        table.LossProposed(N1, 1);
        Assert.False(table.MayAcknowledge(N1, 1, holder));
        Assert.Throws<InvariantViolation>(() => table.Acknowledged(N1, 1, 1, 1));
        table.LossRefused(N1, 1);
        Assert.True(table.MayAcknowledge(N1, 1, holder));
        Assert.False(table.MayAcknowledge(N1, 1, holder with { Health = NodeHealth.Lost }));
        Assert.False(table.MayAcknowledge(N1, 2, holder));
        Assert.False(table.MayAcknowledge(N1, 1, null));
    }

    [Fact]
    public void A_loss_of_unknown_fate_is_proposed_again_and_still_gets_no_acknowledgement()
    {
        var table = new LeaseTable(Rules, 0);
        table.LossProposed(N1, 1);
        Assert.Empty(Verdicts(table, 10_000, Healthy("n1"), Healthy("n2", alive: table, at: 10_000)));
        table.LossUnknown(N1, 1);
        table.HeartbeatReceived(N1, 1, 10_000);
        Assert.Equal([LeaseVerdictKind.DeclareLost], Verdicts(table, 10_000, Healthy("n1"), Healthy("n2", alive: table, at: 10_000)));
        Assert.False(table.MayAcknowledge(N1, 1, new(N1, 1, NodeHealth.Healthy)));
    }

    [Fact]
    public void When_more_than_half_fall_silent_together_none_is_evicted_and_an_alarm_sounds()
    {
        var table = new LeaseTable(Rules, 0);
        var round = table.Judge([Healthy("n1"), Healthy("n2"), Healthy("n3", alive: table, at: 100_000)], 100_000);
        Assert.True(round.Alarm);
        Assert.Equal((2, 3), (round.Silent, round.Known));
        Assert.All(round.Verdicts, v => Assert.Equal(LeaseVerdictKind.Suspect, v.Kind));
        round = table.Judge([Healthy("n1"), Healthy("n3", alive: table, at: 100_000)], 100_000); // exactly half
        Assert.False(round.Alarm);
        Assert.Equal(LeaseVerdictKind.DeclareLost, Assert.Single(round.Verdicts).Kind);
    }

    [Fact]
    public void Nodes_that_hold_nothing_are_no_witnesses_of_a_fault_here_and_the_alarm_ends_after_its_time()
    {
        var table = new LeaseTable(Rules, 0) { SilenceHoldMs = 60_000 };
        LeaseHolder Empty(string node) => new(new(node), 1, NodeHealth.Suspected, HoldsRooms: false);
        var round = table.Judge([Empty("e1"), Empty("e2"), Empty("e3"), Healthy("n1"), Healthy("n2", alive: table, at: 100_000)], 100_000);
        Assert.Equal((false, 1, 2), (round.Alarm, round.Silent, round.Known));
        Assert.All(round.Verdicts, v => Assert.Equal(LeaseVerdictKind.DeclareLost, v.Kind));
        round = table.Judge([Empty("e1"), Healthy("n1"), Healthy("n2"), Healthy("n3", alive: table, at: 200_000)], 200_000);
        Assert.True(round is { Alarm: true, AlarmOver: false });
        Assert.DoesNotContain(round.Verdicts, v => v.Kind == LeaseVerdictKind.DeclareLost);
        round = table.Judge([Healthy("n1"), Healthy("n2"), Healthy("n3", alive: table, at: 259_999)], 259_999);
        Assert.True(round is { Alarm: true, AlarmOver: false });
        round = table.Judge([Healthy("n1"), Healthy("n2"), Healthy("n3", alive: table, at: 260_000)], 260_000);
        Assert.True(round is { Alarm: false, AlarmOver: true });
        Assert.Equal(2, round.Verdicts.Count(v => v.Kind == LeaseVerdictKind.DeclareLost));
    }

    [Fact]
    public void A_node_that_said_so_has_left_once_its_connection_is_over_and_it_holds_nothing()
    {
        var table = new LeaseTable(Rules, 0);
        var (holding, empty) = (new LeaseHolder(N1, 1, NodeHealth.Healthy), new LeaseHolder(N1, 1, NodeHealth.Healthy, HoldsRooms: false));
        table.StreamBegan(N1, 1);
        table.HeartbeatReceived(N1, 1, 1_000);
        Assert.Empty(Verdicts(table, 1_100, empty));
        table.StreamEnded(N1, 1, leaving: true);
        Assert.Empty(Verdicts(table, 1_100, holding));
        Assert.Equal([LeaseVerdictKind.Leave], Verdicts(table, 1_100, empty));
        table.StreamBegan(N1, 1);
        Assert.Empty(Verdicts(table, 1_200, empty)); // it came back to give something up
    }

    [Fact]
    public void A_process_is_alive_while_it_is_attached_and_heard_and_for_a_moment_after_an_election()
    {
        var table = new LeaseTable(Rules, electedAtMs: 10_000);
        Assert.True(table.IsAlive(N1, 1, 10_900));
        Assert.False(table.IsAlive(N1, 1, 11_100));
        table.StreamBegan(N1, 1);
        table.HeartbeatReceived(N1, 1, 20_000);
        Assert.True(table.IsAlive(N1, 1, 22_000));
        Assert.False(table.IsAlive(N1, 1, 23_000)); // a machine that lost its power closes no connection
        table.HeartbeatReceived(N1, 1, 24_000);
        Assert.True(table.IsAlive(N1, 1, 24_100));
        table.StreamEnded(N1, 1, leaving: false);
        Assert.False(table.IsAlive(N1, 1, 24_100)); // a process that starts anew does not wait
    }

    [Fact]
    public void A_superseded_process_is_evicted_at_the_end_of_its_lease_even_during_an_alarm()
    {
        var table = new LeaseTable(Rules, 0);
        table.HeartbeatReceived(N1, 1, 10_000);
        table.Acknowledged(N1, 1, 10_000, 1);
        table.HeartbeatReceived(N1, 2, 11_000); // the new process speaks: the old one's lease is not touched by it
        table.OtherIncarnationSeen(N1, 1);
        Assert.Equal([LeaseVerdictKind.Suspect], Verdicts(table, 15_499, Healthy("n1")));
        Assert.Equal([LeaseVerdictKind.DeclareSuperseded], Verdicts(table, 15_500, Healthy("n1")));
    }

    [Fact]
    public void A_suspected_node_that_is_heard_recovers()
    {
        var table = new LeaseTable(Rules, 0);
        table.HeartbeatReceived(N1, 1, 9_000);
        Assert.Equal([LeaseVerdictKind.Recover], Verdicts(table, 9_500, new LeaseHolder(N1, 1, NodeHealth.Suspected)));
    }

    [Fact]
    public void A_revoked_room_expires_with_the_lease_as_acknowledged_before_the_revoke()
    {
        var table = new LeaseTable(Rules, 0);
        var owner = new Ownership(N1, 1, Epoch.Of(0, 9), default, 0, new(20, Index: 50, 0), RevokeReason.Move, new(""));
        table.Acknowledged(N1, 1, 10_000, appliedIndex: 40);
        table.RevokeApplied(new("r"), owner);
        table.Acknowledged(N1, 1, 12_000, appliedIndex: 50); // knows of the revoke: the node gives the room up before it renews
        Assert.False(table.MayExpire(new("r"), owner.Epoch, 15_499));
        Assert.True(table.MayExpire(new("r"), owner.Epoch, 15_500));
        table.Acknowledged(N1, 1, 13_000, appliedIndex: 49); // decided before the revoke was applied: extends what the owner may believe
        Assert.False(table.MayExpire(new("r"), owner.Epoch, 18_499));
        Assert.True(table.MayExpire(new("r"), owner.Epoch, 18_500));
        table.OwnershipEnded(new("r"), owner.Epoch);
        Assert.False(table.MayExpire(new("r"), owner.Epoch, 99_999));
    }

    /// <summary>
    /// Node and leader on clocks that drift apart within the margin, messages delayed, leaders replaced: whenever the table lets the leader
    /// expire a lease, the node's own authority has ended.
    /// </summary>
    [Fact]
    public void Authority_is_over_before_the_leader_may_expire_it() => Seeds.Run(400, random =>
    {
        // True time in ms; the node's clock runs up to 5 % slow (500 ms over a 5 s lease is 10 %).
        var slow = 1.0 - random.NextDouble() * 0.05;
        var authorityUntilTrueMs = 0.0;
        var electedAt = 0L;
        var table = new LeaseTable(Rules, electedAt);
        var inFlight = new List<(long AckArrives, long SentAt)>();
        for (long now = 0; now < 120_000; now += 50)
        {
            if (now % 1_000 == 0 && random.Next(5) > 0)
            {
                var received = now + random.Next(0, 800);
                table.HeartbeatReceived(N1, 1, received);
                if (random.Next(4) > 0) { table.Acknowledged(N1, 1, received, 1); inFlight.Add((received + random.Next(0, 2_000), now)); }
            }
            foreach (var ack in inFlight.Where(a => a.AckArrives <= now))
                authorityUntilTrueMs = Math.Max(authorityUntilTrueMs, ack.SentAt + 5_000 / slow);
            inFlight.RemoveAll(a => a.AckArrives <= now);
            // another leader: knows nothing of what was acknowledged
            if (random.Next(800) == 0) table = new LeaseTable(Rules, electedAt = now);
            if (now >= table.ExpiresAtMs(N1, 1))
            {
                Assert.True(authorityUntilTrueMs <= now, $"at {now}: the node believes until {authorityUntilTrueMs}");
                Assert.DoesNotContain(inFlight, a => a.SentAt + 5_000 / slow > now);
            }
        }
    });

    [Fact]
    public void Whoever_leaves_while_a_member_does_not_read_that_is_lost_when_its_lease_ends()
    {
        var table = new LeaseTable(Rules, electedAtMs: 0) { MayLeave = false };
        var holder = new LeaseHolder(N1, 1, NodeHealth.Healthy, HoldsRooms: false);
        table.Registered(N1, 1, 0);
        table.StreamEnded(N1, 1, leaving: true);
        Assert.DoesNotContain(LeaseVerdictKind.Leave, Verdicts(table, 10, holder));
        Assert.Equal([LeaseVerdictKind.DeclareLost], Verdicts(table, 600_000, holder));
        table = new LeaseTable(Rules, electedAtMs: 0);
        table.Registered(N1, 1, 0);
        table.StreamEnded(N1, 1, leaving: true);
        Assert.Equal([LeaseVerdictKind.Leave], Verdicts(table, 10, holder));
    }

    private static LeaseHolder Healthy(string node, LeaseTable? alive = null, long at = 6_400)
    {
        alive?.HeartbeatReceived(new(node), 1, at);
        return new(new(node), 1, NodeHealth.Healthy);
    }

    private static LeaseVerdictKind[] Verdicts(LeaseTable table, long now, params LeaseHolder[] holders) =>
        [.. table.Judge(holders, now).Verdicts.Select(v => v.Kind)];
}
