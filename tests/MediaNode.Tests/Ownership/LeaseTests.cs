using VideoScale.MediaNode.Ownership;
using VideoScale.Model;
using static VideoScale.MediaNode.Tests.Ownership.AuthorityBench;

namespace VideoScale.MediaNode.Tests.Ownership;

public sealed class LeaseTests
{
    [Fact]
    public void A_new_node_has_no_authority()
    {
        var node = new AuthorityBench();
        node.Assign(20);
        Assert.False(node.Holds(20));
        Assert.Equal(0u, node.Authority.View(node.NowNs).LeaseLeftMs);
        Assert.Empty(node.Authority.View(node.NowNs).Rooms);
    }

    [Fact]
    public void A_lease_is_counted_from_when_the_acknowledged_heartbeat_was_sent()
    {
        var node = new AuthorityBench();
        node.Assign(20);
        var beat = node.Beat();
        node.Pass(1_900); // the acknowledgement was slow
        node.Ack(beat);
        Assert.Equal(TtlMs - 1_900, node.Authority.View(node.NowNs).LeaseLeftMs);
        node.Pass(TtlMs - 1_901);
        Assert.True(node.Holds(20));
        node.Pass(1);
        Assert.False(node.Holds(20));
    }

    [Fact]
    public void An_acknowledgement_that_comes_after_the_lease_is_over_gives_nothing()
    {
        var node = new AuthorityBench();
        node.Assign(20);
        var beat = node.Beat();
        node.Pass(TtlMs);
        node.Ack(beat);
        Assert.False(node.Holds(20));
    }

    [Fact]
    public void An_acknowledgement_of_a_heartbeat_that_was_never_sent_gives_nothing()
    {
        var node = new AuthorityBench();
        node.Assign(20);
        node.Ack(1);
        Assert.False(node.Holds(20));
        node.Beat();
        node.Ack(2);
        Assert.False(node.Holds(20));
    }

    [Fact]
    public void A_repeated_or_older_acknowledgement_changes_nothing()
    {
        var node = new AuthorityBench();
        var first = node.Beat();
        node.Pass(1_000);
        var second = node.Beat();
        node.Ack(second);
        var until = node.Authority.LeaseUntilNs;
        node.Ack(first);
        node.Ack(second);
        Assert.Equal(until, node.Authority.LeaseUntilNs);
    }

    [Fact]
    public void A_shorter_lease_never_takes_back_what_was_granted()
    {
        var node = new AuthorityBench();
        node.Renew();
        var until = node.Authority.LeaseUntilNs;
        node.Ack(node.Beat(), ttlMs: 1_000);
        Assert.Equal(until, node.Authority.LeaseUntilNs);
    }

    [Fact]
    public void A_lease_that_lapsed_is_revived_under_the_same_epoch()
    {
        var node = new AuthorityBench();
        node.Assign(20);
        node.Renew();
        node.Pass(60_000);
        Assert.False(node.Holds(20));
        Assert.Equal([new Holding(Room, new Epoch(20))], node.Attach().Held);
        node.Renew();
        Assert.True(node.Holds(20));
    }

    [Fact]
    public void What_an_acknowledgement_names_is_given_up_before_the_lease_counts_as_renewed()
    {
        var node = new AuthorityBench();
        node.Assign(20);
        node.Assign(21, new RoomId("other"));
        node.Renew();
        node.Pass(1_000);
        node.Ack(node.Beat(), giveUp: new Holding(Room, new Epoch(20)));
        Assert.False(node.Holds(20));
        Assert.True(node.Holds(21, new RoomId("other")));
        Assert.Equal(new Report.Released(Room, new Epoch(20)), Assert.Single(node.TakeReports()).Report);
        Assert.Equal(TtlMs, node.Authority.View(node.NowNs).LeaseLeftMs);
    }

    [Fact]
    public void An_expelled_incarnation_loses_everything_at_once_and_a_new_one_begins_empty()
    {
        var node = new AuthorityBench();
        node.Assign(20, seats: Seat(Ann, 1));
        node.Renew();
        Assert.True(node.Take(Ann, 1, 20).IsGranted);
        node.Apply(new Directive.Expelled("lost"));
        Assert.False(node.Holds(20));
        Assert.Equal(VideoScale.MediaNode.Seats.SessionEnd.Expelled, Assert.Single(node.Ended).Why);
        node.Renew(); // a dead incarnation renews nothing
        Assert.Equal(0u, node.Authority.View(node.NowNs).LeaseLeftMs);
        node.Authority.BeginIncarnation(8);
        var start = node.Attach();
        Assert.Equal(8ul, start.Incarnation);
        Assert.Empty(start.Held);
        Assert.Empty(node.TakeReports());
    }
}
