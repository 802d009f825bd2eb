using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Signalling;
using VideoScale.Gateway.Tokens;
using VideoScale.Harness;
using VideoScale.V1;
using static VideoScale.Gateway.Tests.SessionHarness;

namespace VideoScale.Gateway.Tests;

/// <summary>A session whose stream stands, and one whose stream breaks.</summary>
public sealed class SessionServingTests
{
    [Fact]
    public void What_is_said_while_the_stream_is_broken_is_kept_and_delivered_in_order_once_the_node_lets_it_back()
    {
        var ann = Serving();
        ann.Says("a");
        ann.Handled(1);
        ann.Says("b");
        ann.Ended();
        ann.Says("c");
        ann.Seen(Place(1, "one"));
        // that it is carried, and that the first was handled
        Assert.True(ann.Line.Open is { Reattach: true, ResumeSid: "PA_1", Received: 2 });
        ann.Says("d");
        ann.Opened();
        Assert.Empty(ann.SentCids); // the node says first that it is back
        ann.NodeSays(new SignalResponse { Reconnect = new ReconnectResponse() });
        Assert.Equal(["b", "c", "d"], ann.SentCids);
        Assert.Equal([2ul, 3ul, 4ul], ann.Sent.Select(message => message.Number));
        Assert.DoesNotContain(ann.Told, told => told.Reconnect is not null); // it was never away
    }

    [Fact]
    public void Whenever_the_stream_breaks_every_request_is_handled_once_in_order() => Seeds.Run(100, random =>
    {
        var ann = Serving();
        var (said, sent) = (0, 0); // the latter over this stream, and heard by the node
        var heard = new List<ulong>();
        for (var i = 0; i < 60; i++)
        {
            if (random.Next(2) == 0) { ann.Says($"{++said}"); }
            foreach (var message in ann.Sent.Skip(sent).ToList())
            {
                if (random.Next(3) == 0) break; // on its way still, or lost with the stream
                sent++;
                if (heard.Count == 0 || message.Number > heard[^1]) heard.Add(message.Number);
                ann.Handled(message.Number);
            }
            if (random.Next(6) != 0) continue;
            ann.Ended();
            sent = 0;
            if (random.Next(2) == 0) ann.Says($"{++said}");
            ann.Seen(Place(1, "one"));
            if (random.Next(2) == 0) ann.Says($"{++said}");
            if (random.Next(3) == 0)
            {
                ann.Refused(StatusCode.Unavailable);
                ann.PassUntil<SessionEffect.Look>(1_000);
                ann.Seen(Place(1, "one"));
            }
            ann.Opened();
            ann.NodeSays(new SignalResponse { Reconnect = new ReconnectResponse() });
        }
        foreach (var message in ann.Sent.Where(message => message.Number > (heard.Count == 0 ? 0 : heard[^1]))) heard.Add(message.Number);
        Assert.Equal(Enumerable.Range(1, said).Select(number => (ulong)number), heard);
    });

    [Fact]
    public void More_than_is_kept_is_not_read()
    {
        var ann = Serving();
        ann.Ended();
        for (var i = 0; i < KeptRequests.MaxRequests; i++) ann.Says($"{i}");
        Assert.False(ann.MayRead);
        ann.Seen(Place(1, "one"));
        ann.Opened();
        ann.NodeSays(new SignalResponse { Reconnect = new ReconnectResponse() });
        ann.Handled(1);
        Assert.True(ann.MayRead);
    }

    [Fact]
    public void A_node_of_an_older_version_has_handled_what_was_written_to_it()
    {
        var ann = new SessionHarness();
        ann.Granted();
        ann.Opened(acknowledges: false);
        ann.Says("a");
        ann.Step(new SessionInput.LineSent(ann.Line.Line, 1));
        ann.Ended();
        ann.Seen(Place(1, "one"));
        ann.Seen(Place(1, "one"));
        ann.Opened();
        ann.NodeSays(new SignalResponse { Reconnect = new ReconnectResponse() });
        Assert.Empty(ann.SentCids);
    }

    [Theory]
    [InlineData(StatusCode.NotFound, DisconnectReason.StateMismatch)]
    [InlineData(StatusCode.OutOfRange, DisconnectReason.ParticipantRemoved)]
    [InlineData(StatusCode.AlreadyExists, DisconnectReason.DuplicateIdentity)]
    public void A_node_that_has_no_such_session_any_more_ends_it_aloud(StatusCode refusal, DisconnectReason reason)
    {
        var ann = Serving();
        ann.Ended();
        ann.Seen(Place(1, "one"));
        ann.Says("kept until then");
        ann.Refused(refusal);
        Assert.Equal(reason, ann.Left.Reason);
    }

    [Fact]
    public void A_host_that_answers_nothing_is_let_go_when_the_log_says_something_new()
    {
        var ann = Serving();
        ann.Ended();
        ann.Seen(Place(1, "one"));
        ann.Pass(30_000);
        Assert.Equal(2, ann.Count<SessionEffect.OpenLine>());
        ann.Step(new SessionInput.RoomChanged());
        Assert.True(ann.Count<SessionEffect.CloseLine>() == 2);
        ann.PassUntil<SessionEffect.Look>(1_000);
    }

    [Fact]
    public void Who_is_removed_or_whose_room_is_closed_while_the_stream_is_broken_is_told()
    {
        var removed = Serving();
        removed.Ended();
        removed.Seen(Place(1, "one", removed: 7));
        Assert.Equal(DisconnectReason.ParticipantRemoved, removed.Left.Reason);
        var closed = Serving();
        closed.Ended();
        closed.Seen(Place(1, status: RoomStatus.Closed));
        Assert.Equal(DisconnectReason.RoomDeleted, closed.Left.Reason);
    }

    [Fact]
    public void A_session_that_its_node_ended_closes_the_socket()
    {
        var ann = Serving();
        ann.NodeSays(new SignalResponse { Leave = new LeaveRequest { Reason = DisconnectReason.DuplicateIdentity } });
        ann.NodeSays(new SessionMessage { Ended = new SessionEnded { Reason = SessionEndReason.Unspecified } });
        Assert.True(ann.IsClosing);
        ann.Pass(SessionTiming.CloseMs);
        Assert.True(ann.HasEnded);
    }

    [Fact]
    public void The_last_words_of_a_client_that_has_gone_are_delivered_over_as_many_streams_as_it_takes_but_not_for_ever()
    {
        var ann = Serving();
        ann.Says(new SignalRequest { Leave = new LeaveRequest() });
        ann.ClientCloses();
        Assert.Equal(1, ann.Count<SessionEffect.CompleteLine>());
        ann.Ended();
        ann.Seen(Place(1, "one"));
        ann.Refused(StatusCode.Unavailable);
        ann.PassUntil<SessionEffect.Look>(1_000);
        ann.Seen(Place(1, "one"));
        ann.Opened();
        ann.NodeSays(new SignalResponse { Reconnect = new ReconnectResponse() });
        Assert.Equal(["Leave"], ann.SentCids);
        ann.Pass(SessionTiming.DeliveryMs);
        Assert.True(ann.HasEnded);
    }

    [Fact]
    public void A_client_that_cannot_be_told_any_more_has_a_while_to_finish_what_it_says()
    {
        var ann = Serving();
        ann.Step(new SessionInput.ClientUnreachable());
        ann.Pass(SessionTiming.CloseMs);
        Assert.Equal(1, ann.Count<SessionEffect.Abort>());
        ann.Pass(SessionTiming.DeliveryMs);
        Assert.True(ann.IsClosing);
    }

    [Fact]
    public void The_node_is_told_when_its_client_falls_silent_and_when_it_is_heard_again()
    {
        var ann = Serving();
        ann.Pass(3_000);
        Assert.Empty(ann.Sent);
        ann.Pass(2_000, quiet: true);
        ann.Pass(2_000);
        Assert.Equal([true, false], ann.Sent.Select(message => message.Quiet));
        ann.ClientCloses(isUnanswering: true);
        Assert.True(ann.Sent.Last().Quiet);
    }

    [Fact]
    public void A_gateway_that_goes_sends_its_clients_elsewhere_and_still_delivers_what_they_said()
    {
        var ann = Serving();
        ann.Says("a");
        var done = ann.Step(new SessionInput.GatewayStopping());
        Assert.True(done.OfType<SessionEffect.Close>().Single().IsGoingAway);
        Assert.Equal(["a"], ann.SentCids);
        Assert.Equal(1, ann.CompletedLines(ann.Line.Line)); // the node keeps the session for who comes back
        Assert.Empty(ann.Told);
        ann.Handled(1);
        ann.NodeSays(new SessionMessage { Ended = new SessionEnded { Reason = SessionEndReason.RoomGivenUp } });
        Assert.True(ann.HasEnded);
    }

    [Fact]
    public void Who_waits_for_a_seat_or_an_owner_at_a_gateway_that_goes_is_let_go_at_once()
    {
        var joining = new SessionHarness();
        Assert.True(joining.Step(new SessionInput.GatewayStopping()).OfType<SessionEffect.Close>().Single().IsGoingAway);
        var following = Serving();
        following.Ended();
        following.Seen(Place(2, ""));
        Assert.True(following.Step(new SessionInput.GatewayStopping()).OfType<SessionEffect.Close>().Single().IsGoingAway);
        foreach (var ann in (SessionHarness[])[joining, following])
        {
            ann.ClientCloses();
            Assert.True(ann.HasEnded);
            Assert.Empty(ann.Told);
        }
    }

    [Fact]
    public void A_fresh_token_comes_when_claims_do_and_now_and_then()
    {
        var ann = Serving();
        ann.NodeSays(new SessionMessage { Claims = new SessionClaims { Name = "ann" } });
        Assert.Equal(1, ann.Count<SessionEffect.Refresh>());
        ann.Pass(2 * (long)TokenRefresher.Period.TotalMilliseconds);
        Assert.Equal(3, ann.Count<SessionEffect.Refresh>());
    }
}
