using VideoScale.MediaNode.Ownership;
using VideoScale.MediaNode.Seats;
using VideoScale.Model;
using static VideoScale.MediaNode.Tests.Ownership.AuthorityBench;

namespace VideoScale.MediaNode.Tests.Ownership;

public sealed class SeatTests
{
    private static AuthorityBench Owner(SeatCaps caps = default, NodeSeatCaps? nodeCaps = null, int maxPendingReports = 100_000,
        params Seat[] seats)
    {
        var node = new AuthorityBench(caps: nodeCaps, maxPendingReports: maxPendingReports);
        node.Renew();
        node.Assign(20, caps: caps, seats: seats);
        return node;
    }

    [Fact]
    public void A_reserved_seat_is_granted_under_the_epoch_and_reported_once()
    {
        var node = Owner(seats: Seat(Ann, 1));
        node.Pass(1_000);
        var decision = node.Take(Ann, 1, 20);
        Assert.Equal(new SeatGrant(new Epoch(20), TtlMs - 1_000), decision.Grant);
        Assert.True(node.Take(Ann, 1, 20).IsGranted);
        Assert.Equal(new Report.Joined(Room, new Epoch(20), Ann, 1), Assert.Single(node.TakeReports()).Report);
        Assert.Equal(new AuthorityCounts(1, 1, 1), node.Authority.Counts(node.NowNs));
    }

    [Fact]
    public void A_seat_that_is_reserved_later_is_granted_from_then_on()
    {
        var node = Owner();
        Assert.Equal(SeatRefusalKind.SeatUnknown, node.Take(Ann, 1, 20).Refusal);
        node.Apply(new Directive.Seated(Room, new Epoch(20), Seat(Ann, 1)));
        Assert.True(node.Take(Ann, 1, 20).IsGranted);
    }

    [Fact]
    public void Nobody_is_seated_once_the_lease_has_ended()
    {
        var node = Owner(seats: Seat(Ann, 1));
        node.Pass(TtlMs);
        var decision = node.Take(Ann, 1, 20);
        Assert.Equal(SeatRefusalKind.LeaseEnded, decision.Refusal);
        Assert.Contains("lease has ended", decision.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stale_epoch_is_refused_and_the_current_one_named()
    {
        var node = Owner(seats: Seat(Ann, 1));
        var decision = node.Take(Ann, 1, 19);
        Assert.Equal(SeatRefusalKind.StaleEpoch, decision.Refusal);
        Assert.Contains("under epoch 20", decision.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(SeatRefusalKind.EpochAhead, node.Take(Ann, 1, 21).Refusal);
        node.Revoke(20);
        Assert.Equal(SeatRefusalKind.StaleEpoch, node.Take(Ann, 1, 20).Refusal);
        Assert.Equal(SeatRefusalKind.RoomNotHeld, node.Take(Ann, 1, 20, new RoomId("elsewhere")).Refusal);
    }

    [Theory]
    [InlineData(1, 0, 10, 10, "max_participants is 1")]
    [InlineData(0, 1, 10, 10, "max_publishers is 1")]
    [InlineData(0, 0, 1, 10, "publishers; its capacity is 1")]
    [InlineData(0, 0, 10, 1, "subscribers; its capacity is 1")]
    public void Every_cap_refuses_the_one_too_many_and_lets_in_when_one_leaves(uint participants, uint publishers, uint nodePublishers,
        uint nodeSubscribers, string words)
    {
        var node = Owner(new SeatCaps(participants, publishers), new NodeSeatCaps(nodePublishers, nodeSubscribers),
            seats: [Seat(Ann, 1), Seat(Ben, 2)]);
        Assert.True(node.Take(Ann, 1, 20).IsGranted);
        var decision = node.Take(Ben, 2, 20);
        Assert.Equal(SeatRefusalKind.CapReached, decision.Refusal);
        Assert.Equal(FailureCode.ResourceExhausted, decision.Failure!.Code);
        Assert.Contains(words, decision.Failure.Message, StringComparison.Ordinal);
        Assert.Null(node.Authority.LeaveSeat(Room, new Epoch(20), Ann, 1));
        Assert.True(node.Take(Ben, 2, 20).IsGranted);
    }

    [Fact]
    public void No_seat_is_granted_while_too_many_reports_wait()
    {
        var node = Owner(maxPendingReports: 1, seats: [Seat(Ann, 1), Seat(Ben, 2)]);
        Assert.True(node.Take(Ann, 1, 20).IsGranted);
        Assert.Equal(SeatRefusalKind.CapReached, node.Take(Ben, 2, 20).Refusal);
        node.TakeReports();
        node.Ack(node.Beat(), reportsDone: 1);
        Assert.True(node.Take(Ben, 2, 20).IsGranted);
    }

    [Fact]
    public void A_seat_that_was_left_is_gone_even_if_the_leader_names_it_again_before_it_has_heard()
    {
        var node = Owner(seats: Seat(Ann, 1));
        node.Take(Ann, 1, 20);
        Assert.Null(node.Authority.LeaveSeat(Room, new Epoch(20), Ann, 1));
        Assert.Null(node.Authority.LeaveSeat(Room, new Epoch(20), Ann, 1)); // a repeat
        Assert.Equal(SeatRefusalKind.SeatUnknown, node.Take(Ann, 1, 20).Refusal);
        node.Attach();
        node.Assign(20, seats: Seat(Ann, 1));
        Assert.Equal(SeatRefusalKind.SeatUnknown, node.Take(Ann, 1, 20).Refusal);
        Assert.Equal(2, node.TakeReports().Length);
    }

    [Fact]
    public void A_seat_taken_away_ends_the_session_without_a_report()
    {
        var node = Owner(seats: Seat(Ann, 1));
        node.Take(Ann, 1, 20);
        node.TakeReports();
        node.Apply(new Directive.Evict(Room, new Epoch(20), Ann, 1));
        Assert.Equal(new EndedSession(Room, Ann, 1, SessionEnd.Evicted), Assert.Single(node.Ended));
        Assert.Equal(SeatRefusalKind.SeatUnknown, node.Take(Ann, 1, 20).Refusal);
        Assert.Empty(node.TakeReports());
    }

    [Fact]
    public void Seats_the_leader_names_no_more_were_taken_away_while_nobody_could_say_so()
    {
        var node = Owner(seats: [Seat(Ann, 1), Seat(Ben, 2)]);
        node.Take(Ann, 1, 20);
        node.Take(Ben, 2, 20);
        node.Attach();
        node.Assign(20, seats: Seat(Ben, 2));
        Assert.Equal(Ann, Assert.Single(node.Ended).Identity);
        Assert.Equal(1u, node.Authority.Counts(node.NowNs).Subscribers);
    }

    [Fact]
    public void An_identity_admitted_anew_replaces_its_old_session_and_an_older_seat_never_returns()
    {
        var node = Owner(seats: Seat(Ann, 1));
        node.Take(Ann, 1, 20);
        node.Apply(new Directive.Seated(Room, new Epoch(20), Seat(Ann, 5)));
        Assert.Equal(1ul, Assert.Single(node.Ended).SeatId);
        Assert.Equal(SeatRefusalKind.SeatUnknown, node.Take(Ann, 1, 20).Refusal);
        Assert.True(node.Take(Ann, 5, 20).IsGranted);
        node.Apply(new Directive.Seated(Room, new Epoch(20), Seat(Ann, 1)));
        Assert.True(node.Take(Ann, 5, 20).IsGranted);
    }

    [Fact]
    public void A_changed_role_is_counted_as_the_new_one()
    {
        var node = Owner(seats: Seat(Ann, 1));
        node.Take(Ann, 1, 20);
        node.Apply(new Directive.Seated(Room, new Epoch(20), Seat(Ann, 1, SeatRole.Subscriber)));
        Assert.Equal(new AuthorityCounts(1, 0, 1), node.Authority.Counts(node.NowNs));
        Assert.Empty(node.Ended);
        Assert.Null(node.Authority.LeaveSeat(Room, new Epoch(20), Ann, 1));
        Assert.Equal(new AuthorityCounts(1, 0, 0), node.Authority.Counts(node.NowNs));
    }

    [Theory]
    [InlineData(MediaContinuity.Continue)]
    [InlineData(MediaContinuity.Stop)]
    public void The_continuity_policy_changes_what_happens_to_those_who_joined_and_nothing_else(MediaContinuity policy)
    {
        var node = new AuthorityBench(policy, graceMs: 10_000);
        node.Renew();
        node.Assign(20, seats: [Seat(Ann, 1), Seat(Ben, 2)]);
        node.Take(Ann, 1, 20);
        node.TakeReports();
        node.Pass(TtlMs);
        node.Authority.Tick(node.NowNs, node.Ended);
        Assert.Equal(SeatRefusalKind.LeaseEnded, node.Take(Ben, 2, 20).Refusal); // nobody new, either way
        Assert.Equal(policy == MediaContinuity.Stop ? 1 : 0, node.Ended.Count);
        node.Pass(9_999);
        node.Authority.Tick(node.NowNs, node.Ended);
        Assert.Equal(policy == MediaContinuity.Stop ? 1 : 0, node.Ended.Count);
        node.Pass(1);
        node.Authority.Tick(node.NowNs, node.Ended);
        Assert.Equal(new EndedSession(Room, Ann, 1, SessionEnd.Isolated), Assert.Single(node.Ended));
        // told when the leader is back
        Assert.Equal(new Report.Left(Room, new Epoch(20), Ann, 1), Assert.Single(node.TakeReports()).Report);
    }
}
