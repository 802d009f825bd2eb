using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Leases;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class NodeTests
{
    [Theory]
    [InlineData("node_id")]
    [InlineData("incarnation")]
    [InlineData("region")]
    [InlineData("zone")]
    [InlineData("address")]
    [InlineData("capacity.publishers")]
    [InlineData("capacity.subscribers")]
    [InlineData("capacity.bitrate_kbps")]
    public void A_bad_field_is_refused_with_field_value_and_rule(string field)
    {
        var good = Bed.Describe("n1");
        var (bad, value) = field switch
        {
            "node_id" => (good with { Node = new("n/1") }, "n/1"),
            "incarnation" => (good with { Incarnation = 0 }, "0"),
            "region" => (good with { Region = "e u" }, "e u"),
            "zone" => (good with { Zone = ".a" }, ".a"),
            "address" => (good with { Address = "host:70000" }, "host:70000"),
            "capacity.publishers" => (good with { Capacity = good.Capacity with { Publishers = 0 } }, "0"),
            "capacity.subscribers" => (good with { Capacity = good.Capacity with { Subscribers = 1_000_001 } }, "1000001"),
            _ => (good with { Capacity = good.Capacity with { BitrateKbps = 1_000_000_001 } }, "1000000001"),
        };
        var message = new Bed().Refused(FailureCode.InvalidArgument, new NodeCommand.Register(bad));
        Assert.StartsWith(field + ":", message, StringComparison.Ordinal);
        Assert.Contains(value, message, StringComparison.Ordinal);
        Assert.Contains("breaks the rule: ", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("host:1", true)]
    [InlineData("[::1]:65535", true)]
    [InlineData("host", false)]
    [InlineData(":80", false)]
    [InlineData("host:", false)]
    [InlineData("host:0", false)]
    [InlineData("ho st:80", false)]
    [InlineData("host:８０", false)]
    public void An_address_is_host_and_port(string address, bool good) => Assert.Equal(good, Rules.Address("address", address) is null);

    [Fact]
    public void A_lost_node_gives_up_its_rooms_at_once_and_each_says_why()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Node("n2");
        bed.Room("a", "n1");
        bed.Room("b", "n1");
        bed.Room("c", "n2");
        var from = bed.Events.Count;
        bed.Must(new NodeCommand.DeclareLost(new("n1"), 1, LossReason.LeaseEnded));
        Assert.Equal(["MediaNodeLost", "RoomReleased", "RoomReleased"], bed.EventNames(from));
        Assert.All(bed.Events.Skip(from + 1), e => Assert.Equal(bed.Events[from].Context.Seq, e.Cause.Seq));
        Assert.Equal(["a", "b"], bed.State.WaitingForPlacement().Select(r => r.Name));
        Assert.Equal(Reservation.Nothing, bed.GetNode("n1").Charged);
        bed.Assign("a", "n2");
        Assert.Equal(bed.Events[from].Context.Seq, bed.Events[^2].Cause.Seq); // PlacementDecided ← MediaNodeLost
    }

    [Fact]
    public void A_fenced_incarnation_never_comes_back()
    {
        var bed = new Bed();
        bed.Node("n1", 7);
        bed.Must(new NodeCommand.DeclareLost(new("n1"), 7, LossReason.LeaseEnded));
        Assert.Contains("fenced", bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.Register(Bed.Describe("n1", 7))),
            StringComparison.Ordinal);
        bed.Node("n1", 8);
        Assert.Contains("fenced", bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.Register(Bed.Describe("n1", 7))),
            StringComparison.Ordinal);
        bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.DeclareLost(new("n1"), 7, LossReason.LeaseEnded));
        Assert.Equal(NodeHealth.Healthy, bed.GetNode("n1").Record.Health);
    }

    [Fact]
    public void A_new_incarnation_waits_until_the_old_one_holds_nothing()
    {
        var bed = new Bed();
        bed.Node("n1", 1);
        bed.Room("r", "n1");
        Assert.Contains("still holds 1 rooms", bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.Register(Bed.Describe("n1", 2))),
            StringComparison.Ordinal);
        bed.Must(new NodeCommand.DeclareLost(new("n1"), 1, LossReason.Superseded));
        bed.Node("n1", 2);
        Assert.Contains("incarnation 2 now, not 1", bed.Refused(FailureCode.FailedPrecondition,
            new RoomCommand.Assign(new("r"), bed.Get("r").LastEpoch, bed.Choice("n1") with { Incarnation = 1 })), StringComparison.Ordinal);
        bed.Assign("r", "n1");
    }

    [Fact]
    public void A_process_does_not_change_its_attributes()
    {
        var bed = new Bed();
        bed.Node("n1");
        var events = bed.Events.Count;
        bed.Node("n1"); // a repeat
        Assert.Equal(events, bed.Events.Count);
        bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.Register(Bed.Describe("n1", publishers: 1)));
    }

    [Theory]
    [InlineData("suspected")]
    [InlineData("lost")]
    [InlineData("cordoned")]
    [InlineData("draining")]
    [InlineData("drained")]
    public void Nothing_is_placed_on_a_node_that_takes_no_rooms(string state)
    {
        var bed = new Bed();
        bed.Node("n1");
        switch (state)
        {
            case "suspected": bed.Must(new NodeCommand.Suspect(new("n1"), 1)); break;
            case "lost": bed.Must(new NodeCommand.DeclareLost(new("n1"), 1, LossReason.LeaseEnded)); break;
            case "cordoned": bed.Must(new NodeCommand.Cordon(new("n1"))); break;
            default:
                bed.Must(new DrainCommand.Begin(new("n1"), 0));
                if (state == "drained") bed.Must(new DrainCommand.Complete(new("n1")));
                break;
        }
        bed.Room("r");
        Assert.Contains("takes no rooms", bed.Refused(FailureCode.FailedPrecondition,
            new RoomCommand.Assign(new("r"), Epoch.None, bed.Choice("n1"))), StringComparison.Ordinal);
        Assert.Equal(0, bed.State.NodesTakingRooms);
    }

    [Fact]
    public void Suspicion_and_cordon_can_be_undone()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Must(new NodeCommand.Suspect(new("n1"), 1));
        bed.Must(new NodeCommand.Recover(new("n1"), 1));
        bed.Must(new NodeCommand.Cordon(new("n1")));
        bed.Must(new NodeCommand.Uncordon(new("n1")));
        Assert.True(bed.GetNode("n1").Record.TakesRooms);
        Assert.Equal(1, bed.State.NodesTakingRooms);
    }

    [Fact]
    public void A_node_leaves_the_records_only_when_it_holds_nothing()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Room("r", "n1");
        Assert.Contains("still holds 1 rooms", bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.Deregister(new("n1"))),
            StringComparison.Ordinal);
        bed.Must(new NodeCommand.DeclareLost(new("n1"), 1, LossReason.LeaseEnded));
        bed.Must(new NodeCommand.Deregister(new("n1")));
        Assert.Null(bed.State.FindNode(new("n1")));
    }

    [Fact]
    public void A_command_decided_in_another_term_is_refused()
    {
        var bed = new Bed { Term = 3 };
        bed.Node("n1");
        var reply = bed.Run(new(new NodeCommand.Suspect(new("n1"), 1), Actor.System, null, DecidedInTerm: 2));
        Assert.Equal("decided in term 2, but this is term 3", reply.Failure!.Message);
        Assert.Equal(FailureCode.PermissionDenied, bed.Run(new(new NodeCommand.Suspect(new("n1"), 1), Actor.System)).Failure!.Code);
    }

    [Fact]
    public void A_drain_ends_only_when_nothing_is_owned_or_unreleased()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Node("n2");
        bed.Room("r", "n1");
        bed.Room("q");
        var begun = bed.Must(new DrainCommand.Begin(new("n1"), 60_000)).Outcome;
        Assert.Equal((bed.Now.UnixMs + 60_000, 1u, NodeScheduling.Draining), (begun.DeadlineMs, begun.Rooms, begun.Scheduling));
        bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.Assign(new("q"), Epoch.None, bed.Choice("n1")));
        Assert.Contains("60000 ms left", bed.Refused(FailureCode.FailedPrecondition, new DrainCommand.TimeOut(new("n1"))),
            StringComparison.Ordinal);
        bed.Refused(FailureCode.FailedPrecondition, new DrainCommand.Complete(new("n1")));
        bed.Pass(60_000);
        bed.Must(new DrainCommand.TimeOut(new("n1")));
        bed.Must(new RoomCommand.Revoke(new("r"), bed.Get("r").LastEpoch, RevokeReason.Drain, new("")));
        Assert.Contains("1 rooms", bed.Refused(FailureCode.FailedPrecondition, new DrainCommand.Complete(new("n1"))),
            StringComparison.Ordinal);
        bed.Must(new RoomCommand.Release(new("r"), bed.Get("r").LastEpoch, new("n1"), 1));
        var from = bed.Events.Count;
        bed.Assign("r", "n2");
        Assert.Equal(["PlacementDecided", "RoomPlaced", "DrainRoomMoved"], bed.EventNames(from));
        Assert.Equal(EventType.DrainStarted, bed.Events[(int)bed.Events[from].Cause.Seq - 1].Event.Type);
        bed.Must(new DrainCommand.Complete(new("n1")));
        Assert.Equal(NodeScheduling.Drained, bed.GetNode("n1").Record.Scheduling);
        bed.Refused(FailureCode.FailedPrecondition, new DrainCommand.Cancel(new("n1")));
        bed.Must(new NodeCommand.Uncordon(new("n1")));
        Assert.True(bed.GetNode("n1").Record.TakesRooms);
    }

    [Fact]
    public void A_drain_that_runs_gets_another_deadline_sooner_or_later_and_may_time_out_again()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Room("r", "n1");
        // none ran: it begins
        Assert.Equal(bed.Now.UnixMs + 5_000, bed.Must(new DrainCommand.SetDeadline(new("n1"), 5_000)).Outcome.DeadlineMs);
        bed.Pass(5_000);
        bed.Must(new DrainCommand.TimeOut(new("n1")));
        Assert.Equal(bed.Now.UnixMs + 60_000, bed.Must(new DrainCommand.SetDeadline(new("n1"), 60_000)).Outcome.DeadlineMs);
        Assert.False(bed.GetNode("n1").Record.DrainTimedOut);
        Assert.Equal(EventType.DrainStarted, bed.Events[(int)bed.Events[^1].Cause.Seq - 1].Event.Type);
        bed.Refused(FailureCode.FailedPrecondition, new DrainCommand.TimeOut(new("n1")));
        bed.Must(new DrainCommand.SetDeadline(new("n1"), 0));
        bed.Must(new DrainCommand.TimeOut(new("n1")));
        bed.Must(new DrainCommand.RecordBlocked(new("n1"), 1, new("r"), "it is bound to region eu"));
        Assert.Equal(["DrainTimedOut", "DrainDeadlineChanged", "DrainDeadlineChanged", "DrainTimedOut", "DrainBlocked"],
            bed.EventNames(bed.Events.Count - 5));
    }

    [Fact]
    public void A_node_leaves_only_when_it_holds_nothing_and_its_name_is_free_then()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Room("r", "n1");
        bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.Leave(new("n1"), 1));
        bed.Must(new RoomCommand.Release(new("r"), bed.Get("r").LastEpoch, new("n1"), 1));
        bed.Must(new NodeCommand.Leave(new("n1"), 1));
        Assert.Equal((NodeHealth.Left, false), (bed.GetNode("n1").Record.Health, bed.GetNode("n1").Record.TakesRooms));
        Assert.Contains("was fenced", bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.Register(Bed.Describe("n1"))),
            StringComparison.Ordinal);
        Assert.Contains("is left", bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.Recover(new("n1"), 1)),
            StringComparison.Ordinal);
        bed.Node("n1", incarnation: 2);
        Assert.Equal(NodeHealth.Healthy, bed.GetNode("n1").Record.Health);
    }

    [Fact]
    public void A_cancelled_drain_goes_back_to_what_was()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Must(new NodeCommand.Cordon(new("n1")));
        bed.Must(new DrainCommand.Begin(new("n1"), 0));
        bed.Must(new DrainCommand.Begin(new("n1"), 5)); // a repeat keeps the deadline
        Assert.Equal(bed.Now.UnixMs, bed.GetNode("n1").Record.DrainDeadlineMs);
        bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.Uncordon(new("n1")));
        bed.Must(new DrainCommand.Cancel(new("n1")));
        Assert.Equal(NodeScheduling.Cordoned, bed.GetNode("n1").Record.Scheduling);
        Assert.StartsWith("within_ms: 604800001", bed.Refused(FailureCode.InvalidArgument, new DrainCommand.Begin(new("n1"), 604_800_001)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(999, 100, 100, "lease.ttl_ms: 999")]
    [InlineData(5000, 49, 1000, "lease.margin_ms: 49")]
    [InlineData(5000, 2501, 1000, "lease.margin_ms: 2501")]
    [InlineData(5000, 500, 99, "lease.heartbeat_ms: 99")]
    [InlineData(5000, 500, 1667, "lease.heartbeat_ms: 1667")]
    public void Lease_settings_are_checked(uint ttl, uint margin, uint heartbeat, string starts)
    {
        var message = new Bed().Refused(FailureCode.InvalidArgument, new ClusterCommand.SetLease(new(ttl, margin, heartbeat)));
        Assert.StartsWith(starts, message, StringComparison.Ordinal);
        Assert.Contains("breaks the rule", message, StringComparison.Ordinal);
    }

    [Fact]
    public void After_a_change_the_longest_lease_ever_granted_counts()
    {
        var bed = new Bed();
        bed.Must(new ClusterCommand.SetLease(new(20_000, 1_000, 1_000)));
        bed.Must(new ClusterCommand.SetLease(new(2_000, 100, 500)));
        Assert.Equal(new LeaseRules(new(2_000, 100, 500), 20_000, 1_000), LeaseRules.Of(bed.State.Cluster));
    }

    [Fact]
    public void Checkpoints_leaders_and_generations_only_go_forward()
    {
        var bed = new Bed { Term = 5 };
        bed.Must(new ClusterCommand.RecordLeadership(2));
        bed.Refused(FailureCode.FailedPrecondition, new ClusterCommand.RecordLeadership(3));
        bed.Must(new ClusterCommand.CommitCheckpoint(new(1, 1, 9, new byte[32], new byte[32], [1, 2])));
        bed.Refused(FailureCode.FailedPrecondition, new ClusterCommand.CommitCheckpoint(new(1, 1, 9, new byte[32], new byte[32], [1, 2])));
        bed.Refused(FailureCode.InvalidArgument, new ClusterCommand.CommitCheckpoint(new(99, 1, 9, new byte[32], new byte[32], [1, 2])));
        bed.Refused(FailureCode.InvalidArgument, new ClusterCommand.CommitCheckpoint(new(2, 999, 9, new byte[32], new byte[32], [1, 2])));
        bed.Node("n1");
        var before = bed.Room("r", "n1").Outcome.Epoch;
        bed.Must(new ClusterCommand.RaiseRecoveryGeneration(1));
        bed.Refused(FailureCode.FailedPrecondition, new ClusterCommand.RaiseRecoveryGeneration(1));
        var after = bed.Room("q", "n1").Outcome.Epoch;
        Assert.Equal(((ushort)0, (ushort)1), (before.Generation, after.Generation));
    }

    [Fact]
    public void Rules_this_program_does_not_know_stop_it() =>
        Assert.Throws<UnknownCommandException>(() => new Bed()
            .Do(new ClusterCommand.RaiseRulesVersion(ClusterRecord.KnownRulesVersion + 1)));
}
