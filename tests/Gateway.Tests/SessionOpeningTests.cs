using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Signalling;
using VideoScale.V1;
using static VideoScale.Gateway.Tests.SessionHarness;

namespace VideoScale.Gateway.Tests;

/// <summary>How a client comes in, and back.</summary>
public sealed class SessionOpeningTests
{
    private const LeaveRequest.Types.Action Disconnect = LeaveRequest.Types.Action.Disconnect,
        Reconnect = LeaveRequest.Types.Action.Reconnect;

    [Fact]
    public void Who_joins_gets_a_seat_then_a_stream_and_what_it_said_meanwhile_goes_there()
    {
        var ann = new SessionHarness();
        ann.Says("early");
        ann.Granted("one");
        Assert.Equal(("one", "", 7ul), (ann.Line.NodeAddress, ann.Line.Open.ResumeSid, ann.Line.Open.SeatId));
        ann.Opened();
        Assert.Equal(["early"], ann.SentCids);
        ann.NodeSays(new SignalResponse { Join = new JoinResponse() });
        Assert.NotNull(Assert.Single(ann.Told).Join);
    }

    [Fact]
    public void A_node_that_does_not_have_the_room_yet_is_asked_again_with_a_seat_asked_for_anew()
    {
        var ann = new SessionHarness();
        ann.Granted("one");
        ann.Refused(StatusCode.FailedPrecondition);
        ann.PassUntil<SessionEffect.Admit>(200);
        Assert.Equal(2, ann.Count<SessionEffect.Admit>());
        ann.Granted("two", 2);
        Assert.Equal("two", ann.Line.NodeAddress);
    }

    [Fact]
    public void Who_gets_no_seat_is_told_and_its_socket_closed()
    {
        var ann = new SessionHarness();
        ann.Step(new SessionInput.NotAdmitted(StatusCode.ResourceExhausted, "full"));
        Assert.Equal((DisconnectReason.JoinFailure, Disconnect), (ann.Left.Reason, ann.Left.Action));
        Assert.True(ann.IsClosing && !ann.HasEnded);
        ann.ClientCloses();
        Assert.True(ann.HasEnded);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_join_that_nobody_answers_ends_after_its_time(bool hasSeat)
    {
        var ann = new SessionHarness();
        if (hasSeat) ann.Granted();
        ann.Pass(SessionTiming.JoinMs - 1);
        Assert.False(ann.IsClosing);
        ann.Pass(1);
        Assert.Equal(DisconnectReason.JoinFailure, ann.Left.Reason);
        ann.Pass(SessionTiming.CloseMs);
        Assert.True(ann.HasEnded);
        ann.Granted(); // too late: nothing is opened for it
        Assert.Equal(hasSeat ? 1 : 0, ann.Count<SessionEffect.OpenLine>());
    }

    [Fact]
    public void Whoever_goes_before_it_was_answered_is_taken_out_too()
    {
        var ann = new SessionHarness();
        ann.ClientCloses();
        ann.Granted();
        ann.Opened();
        Assert.Equal(["Leave"], ann.SentCids);
        Assert.Equal(1, ann.Count<SessionEffect.CompleteLine>());
        ann.Handled(1);
        ann.Ended();
        Assert.True(ann.HasEnded);
    }

    [Fact]
    public void Who_comes_back_through_any_gateway_has_its_session_without_a_seat_being_asked_for()
    {
        var ann = new SessionHarness(resumes: "PA_1");
        Assert.Equal(1, ann.Count<SessionEffect.CatchUp>());
        ann.Step(new SessionInput.CaughtUp());
        ann.Seen(Place(3, "three", seat: KeptSeat));
        Assert.Equal(("three", "PA_1", 3ul), (ann.Line.NodeAddress, ann.Line.Open.ResumeSid, ann.Line.Open.Epoch));
        ann.Opened();
        Assert.Equal(0, ann.Count<SessionEffect.Admit>());
    }

    [Fact]
    public void Who_comes_back_while_its_room_has_no_owner_waits_for_the_next()
    {
        var ann = Returning(Place(1));
        ann.Pass(SessionTiming.CarryMs - 1);
        ann.Step(new SessionInput.RoomChanged());
        ann.Seen(Place(2, "two"));
        Assert.Equal("two", ann.Line.NodeAddress);
    }

    [Fact]
    public void This_replica_may_be_behind_the_one_that_carried_the_session()
    {
        var ann = Returning(Place(1, "one"));
        ann.Refused(StatusCode.NotFound);
        Assert.False(ann.IsClosing);
        ann.Step(new SessionInput.RoomChanged());
        ann.Seen(Place(2, "two"));
        ann.Opened();
        Assert.False(ann.IsClosing);
    }

    [Theory]
    [InlineData(StatusCode.OutOfRange, DisconnectReason.ParticipantRemoved, Disconnect)]
    [InlineData(StatusCode.AlreadyExists, DisconnectReason.DuplicateIdentity, Disconnect)]
    [InlineData(StatusCode.NotFound, DisconnectReason.StateMismatch, Reconnect)]
    public void A_session_that_is_over_says_why(StatusCode refusal, DisconnectReason reason, LeaveRequest.Types.Action action)
    {
        var ann = Returning(Place(1, "one"));
        ann.Refused(refusal);
        if (refusal == StatusCode.NotFound)
        {
            ann.Pass(SessionTiming.BehindMs);
            ann.Seen(Place(1, "one"));
        }
        Assert.Equal((reason, action), (ann.Left.Reason, ann.Left.Action));
        // Clients take a leave that comes first for a failed attempt.
        Assert.Equal(refusal != StatusCode.NotFound, ann.Told.First().Reconnect is not null);
    }

    [Theory]
    [InlineData(0, DisconnectReason.StateMismatch)]
    [InlineData(9, DisconnectReason.ParticipantRemoved)]
    public void A_room_that_is_closed_has_no_session(ulong removed, DisconnectReason reason)
    {
        var ann = Returning(Place(1, status: RoomStatus.Closed));
        ann.Seen(Place(1, status: RoomStatus.Closed, removed: removed));
        Assert.Equal(reason, ann.Left.Reason);
    }

    private static SessionHarness Returning(RoomPlace? place)
    {
        var ann = new SessionHarness(resumes: "PA_1");
        ann.Step(new SessionInput.CaughtUp());
        ann.Seen(place);
        return ann;
    }
}
