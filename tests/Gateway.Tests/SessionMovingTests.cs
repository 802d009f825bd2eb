using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Signalling;
using VideoScale.V1;
using static VideoScale.Gateway.Tests.SessionHarness;

namespace VideoScale.Gateway.Tests;

/// <summary>A session whose room goes to another node.</summary>
public sealed class SessionMovingTests
{
    private const LeaveRequest.Types.Action Resume = LeaveRequest.Types.Action.Resume, Reconnect = LeaveRequest.Types.Action.Reconnect;

    [Theory]
    [InlineData("the node gives the room up")]
    [InlineData("the stream breaks")]
    [InlineData("the node hangs")]
    public void The_session_is_opened_at_the_new_owner_and_the_client_told_to_come_for_it(string how)
    {
        var ann = Serving();
        if (how == "the stream breaks") ann.Ended();
        else if (how == "the node hangs") ann.Step(new SessionInput.RoomChanged());
        else ann.NodeSays(new SessionMessage { Ended = new SessionEnded { Reason = SessionEndReason.RoomGivenUp } });
        ann.Seen(Place(2, "two", seat: KeptSeat));
        if (how == "the node hangs") ann.Seen(Place(2, "two", seat: KeptSeat));
        ann.Seen(Place(2, "two", seat: KeptSeat));
        Assert.Equal(("two", 2ul, "PA_1"), (ann.Line.NodeAddress, ann.Line.Open.Epoch, ann.Line.Open.ResumeSid));
        Assert.NotNull(ann.Line.Open.Carried);
        ann.Opened();
        ann.Pass(SessionTiming.StaggerMsPerParticipant);
        Assert.Equal((DisconnectReason.Migration, Resume), (ann.Left.Reason, ann.Left.Action));
        ann.ClientCloses();
        Assert.False(ann.HasEnded); // what it said last is being handled
        ann.Ended();
        Assert.True(ann.HasEnded);
    }

    [Fact]
    public void What_it_says_until_it_goes_is_delivered_there_but_for_descriptions_and_answers_come_back()
    {
        var ann = Serving();
        ann.Says("before");
        ann.Says(new SignalRequest { Offer = new SessionDescription() });
        Moved(ann);
        ann.Opened();
        ann.Says("after");
        Assert.Equal(["before", "after"], ann.SentCids);
        ann.NodeSays(new SignalResponse { Reconnect = new ReconnectResponse() });
        ann.NodeSays(new SignalResponse { RequestResponse = new RequestResponse { RequestId = 9 } });
        Assert.Equal(9u, Assert.Single(ann.Told).RequestResponse.RequestId);
    }

    [Fact]
    public void Clients_of_a_large_room_are_told_one_after_the_other() => Assert.All(Enumerable.Range(1, 20), seed =>
    {
        var ann = new SessionHarness(seed: seed);
        ann.Granted();
        ann.Opened();
        ann.Seen(Place(1, "one"));
        ann.Ended();
        ann.Seen(Place(2, "two", participants: 1_000));
        var until = new Random(seed).Next(SessionTiming.MaxStaggerMs);
        ann.Pass(until - 1);
        Assert.Empty(ann.Told);
        ann.Pass(1);
        ann.Seen(Place(2, "two"));
        Assert.Equal(Reconnect, ann.Left.Action);
    });

    [Theory]
    [InlineData("firefox", true, true)]
    [InlineData("", false, true)]
    [InlineData("", true, false)]
    public void A_session_that_cannot_be_carried_begins_anew(string browser, bool carried, bool kept)
    {
        var ann = Serving(browser, carried);
        Moved(ann, kept);
        ann.PassUntil<SessionEffect.NoteMoved>(100);
        ann.Seen(Place(2, "two"));
        Assert.Equal((DisconnectReason.Migration, Reconnect), (ann.Left.Reason, ann.Left.Action));
        Assert.Equal(1, ann.Count<SessionEffect.OpenLine>());
    }

    /// <summary>Which takes every leave for the end of its connections.</summary>
    [Theory]
    [InlineData(11, false)]
    [InlineData(12, false)]
    [InlineData(13, true)]
    [InlineData(16, true)]
    public void A_client_before_leaves_that_say_what_to_do_comes_back_from_a_socket_that_closed(int protocol, bool isTold)
    {
        var ann = Serving(protocol: protocol);
        Assert.True(ann.Line.Open.TwoConnections);
        Moved(ann);
        ann.Opened();
        ann.PassUntil<SessionEffect.NoteMoved>(100);
        Assert.Equal((isTold ? 1 : 0, !isTold), (ann.Told.Count(told => told.Leave is not null), ann.IsClosing));
        Assert.Contains(ann.Line.Line, ann.LinesHeld); // until what it said last is handled
        ann.ClientCloses();
        ann.Ended();
        Assert.True(ann.HasEnded);
    }

    [Fact]
    public void A_client_before_such_leaves_joins_anew_where_its_session_cannot_be_carried()
    {
        var ann = Serving(carried: false, protocol: 11);
        Moved(ann);
        ann.PassUntil<SessionEffect.NoteMoved>(100);
        ann.Seen(Place(2, "two"));
        Assert.True(ann.Left.CanReconnect);
    }

    [Fact]
    public void A_new_owner_that_knows_nothing_of_it_yet_is_asked_again_for_a_while()
    {
        var ann = Serving();
        Moved(ann);
        for (var tries = 0; ann.Count<SessionEffect.NoteNotCarried>() == 0; tries++)
        {
            Assert.InRange(tries, 0, SessionTiming.CarryMs / SessionTiming.RetryPauseMs);
            ann.Refused(StatusCode.FailedPrecondition);
            ann.Pass(SessionTiming.RetryPauseMs);
            ann.Seen(Place(2, "two", seat: KeptSeat));
        }
        Assert.True(ann.Count<SessionEffect.OpenLine>() > 10);
    }

    [Fact]
    public void A_new_owner_that_does_not_answer_is_waited_for_no_longer_than_that()
    {
        var ann = Serving();
        Moved(ann);
        ann.PassUntil<SessionEffect.NoteNotCarried>(SessionTiming.CarryMs + 10);
        ann.PassUntil<SessionEffect.Look>(100);
        ann.Seen(Place(2, "two", removed: 7));
        Assert.Equal(DisconnectReason.ParticipantRemoved, ann.Left.Reason); // it was removed while its room moved
    }

    [Fact]
    public void The_last_words_of_one_that_has_gone_are_carried_whatever_its_browser()
    {
        var ann = Serving("firefox");
        ann.Says(new SignalRequest { Leave = new LeaveRequest() });
        ann.ClientCloses();
        Moved(ann);
        ann.Opened();
        Assert.Equal(["Leave"], ann.SentCids);
        Assert.Equal(1, ann.CompletedLines(ann.Line.Line));
        ann.Handled(1);
        ann.Ended();
        Assert.True(ann.HasEnded);
    }

    [Fact]
    public void A_room_that_its_node_gave_up_and_then_kept_is_joined_anew()
    {
        var ann = Serving();
        ann.NodeSays(new SessionMessage { Ended = new SessionEnded { Reason = SessionEndReason.RoomGivenUp } });
        for (var i = 0; i <= SessionTiming.GiveUpMs / SessionTiming.LookPauseMs + 1 && !ann.IsClosing; i++)
        {
            ann.Seen(Place(1, "one"));
            ann.Pass(SessionTiming.LookPauseMs);
        }
        Assert.Equal((DisconnectReason.StateMismatch, Reconnect), (ann.Left.Reason, ann.Left.Action));
    }

    private static void Moved(SessionHarness ann, bool kept = true)
    {
        ann.Ended();
        var place = Place(2, "two", seat: kept ? KeptSeat : null);
        ann.Seen(place);
        ann.Seen(place);
    }
}
