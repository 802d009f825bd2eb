using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class DrainTests
{
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
}
