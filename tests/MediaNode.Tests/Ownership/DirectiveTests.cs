using VideoScale.MediaNode.Ownership;
using VideoScale.Model;
using static VideoScale.MediaNode.Tests.Ownership.AuthorityBench;

namespace VideoScale.MediaNode.Tests.Ownership;

public sealed class DirectiveTests
{
    [Fact]
    public void A_lower_epoch_never_replaces_a_higher_one()
    {
        var node = new AuthorityBench();
        node.Renew();
        node.Assign(30);
        node.Assign(20);
        Assert.True(node.Holds(30));
        Assert.False(node.Holds(20));
    }

    [Fact]
    public void A_higher_epoch_ends_the_lower_one_and_its_sessions()
    {
        var node = new AuthorityBench();
        node.Renew();
        node.Assign(20, seats: Seat(Ann, 1));
        Assert.True(node.Take(Ann, 1, 20).IsGranted);
        node.Assign(30, seats: Seat(Ann, 1));
        Assert.False(node.Holds(20));
        Assert.True(node.Holds(30));
        Assert.Single(node.Ended);
        Assert.Equal(0u, node.Authority.Counts(node.NowNs).Subscribers); // the seat has to be taken up again, under the new epoch
    }

    [Fact]
    public void A_late_echo_of_an_assignment_does_not_bring_a_released_room_back()
    {
        var node = new AuthorityBench();
        node.Renew();
        node.Assign(20);
        node.Revoke(20);
        Assert.False(node.Holds(20));
        node.Ack(node.Beat(), reportsDone: (ulong)node.TakeReports().Length);
        node.Assign(20);
        Assert.False(node.Holds(20));
        node.Assign(31);
        Assert.True(node.Holds(31));
    }

    [Fact]
    public void A_revoke_that_overtakes_its_assignment_still_wins_and_is_reported()
    {
        var node = new AuthorityBench();
        node.Renew();
        node.Revoke(20);
        Assert.Equal(new Report.Released(Room, new Epoch(20)), Assert.Single(node.TakeReports()).Report);
        node.Assign(20);
        Assert.False(node.Holds(20));
    }

    [Fact]
    public void A_revoke_of_an_older_epoch_leaves_the_newer_one()
    {
        var node = new AuthorityBench();
        node.Renew();
        node.Assign(30);
        node.Revoke(20);
        Assert.True(node.Holds(30));
    }

    [Fact]
    public void What_comes_from_an_older_stream_is_ignored()
    {
        var node = new AuthorityBench();
        node.Renew();
        var old = node.Stream;
        node.Assign(20);
        var beat = node.Beat();
        node.Attach();
        node.Authority.Apply(old, new Directive.Revoke(40, Room, new Epoch(20), "late"), node.Ended);
        node.Authority.Apply(old, new Directive.Assign(41, new RoomId("ghost"), new Epoch(41), default, []), node.Ended);
        var until = node.Authority.LeaseUntilNs;
        node.Authority.Acknowledge(old, new Acknowledgement(beat, 50, 60_000, [], 0), node.Ended);
        Assert.True(node.Holds(20));
        Assert.False(node.Holds(41, new RoomId("ghost")));
        Assert.Equal(until, node.Authority.LeaseUntilNs);
    }

    [Fact]
    public void A_leader_that_is_behind_is_not_followed()
    {
        var node = new AuthorityBench();
        node.Index = 100;
        node.Attach(index: 100, term: 5);
        node.Renew();
        var deposed = node.Authority.BeginStream();
        Assert.Contains("term 4", node.Authority.Welcome(deposed.Stream, 200, term: 4)!.Message, StringComparison.Ordinal);
        Assert.Contains("index 99", node.Authority.Welcome(deposed.Stream, 99, term: 5)!.Message, StringComparison.Ordinal);
        node.Authority.Apply(deposed.Stream, new Directive.Assign(99, Room, new Epoch(20), default, []), node.Ended);
        Assert.False(node.Holds(20)); // what it says is not carried out
    }

    [Fact]
    public void Reports_are_sent_again_on_every_stream_until_they_are_in_the_log()
    {
        var node = new AuthorityBench();
        node.Renew();
        node.Assign(20, seats: [Seat(Ann, 1), Seat(Ben, 2)]);
        node.Take(Ann, 1, 20);
        node.Take(Ben, 2, 20);
        Assert.Equal([1ul, 2ul], node.TakeReports().Select(r => r.Sequence));
        Assert.Empty(node.TakeReports());
        node.Ack(node.Beat(), reportsDone: 1);
        node.Authority.LeaveSeat(Room, new Epoch(20), Ann, 1);
        node.Attach();
        Assert.Equal([(1ul, (Report)new Report.Joined(Room, new Epoch(20), Ben, 2)), (2ul, new Report.Left(Room, new Epoch(20), Ann, 1))],
            node.TakeReports().Select(r => (r.Sequence, r.Report)));
        node.Ack(node.Beat(), reportsDone: 2);
        node.Attach();
        Assert.Empty(node.TakeReports());
    }

    [Fact]
    public void A_heartbeat_says_how_far_directives_were_carried_out()
    {
        var node = new AuthorityBench();
        node.Assign(20);
        Assert.Equal(node.Index, node.Authority.SendHeartbeat(node.Stream, node.NowNs).AppliedIndex);
    }

    [Fact]
    public void A_node_that_leaves_gives_all_up_and_takes_nothing_new()
    {
        var node = new AuthorityBench();
        node.Renew();
        node.Assign(20);
        node.Authority.Leave(node.Ended);
        Assert.False(node.Holds(20));
        node.Assign(30);
        Assert.False(node.Holds(30));
        Assert.Equal([new Report.Released(Room, new Epoch(20)), new Report.Released(Room, new Epoch(30))],
            node.TakeReports().Select(r => r.Report));
    }

    [Fact]
    public void Memory_of_ended_epochs_is_bounded_and_still_forbids_the_oldest()
    {
        var node = new AuthorityBench();
        node.Renew();
        for (var i = 1; i <= EpochFloors.Limit + 10; i++)
        {
            node.Revoke((ulong)i, new RoomId($"r{i}"));
            if (i % 1_000 == 0) node.Ack(node.Beat(), reportsDone: (ulong)(node.TakeReports().LastOrDefault().Sequence));
        }
        node.Assign(1, new RoomId("r1"));
        Assert.False(node.Holds(1, new RoomId("r1")));
        node.Assign(100_000, new RoomId("r1"));
        Assert.True(node.Holds(100_000, new RoomId("r1")));
    }
}
