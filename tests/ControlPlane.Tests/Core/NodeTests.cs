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
}
