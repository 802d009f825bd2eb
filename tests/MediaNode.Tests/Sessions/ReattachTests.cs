using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.V1;
using Reason = LiveKit.Proto.RequestResponse.Types.Reason;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>
/// The stream between gateway and node breaks under a client that was never away: it asks nothing again, so the answers that were lost
/// with the stream have to come again.
/// </summary>
public sealed class ReattachTests
{
    private const string Connection = "first";

    private static SignalRequest Metadata(uint id) =>
        new() { UpdateMetadata = new UpdateParticipantMetadata { Metadata = "words", RequestId = id } };

    private static SignalRequest Offer(params string[] sections) =>
        new() { Offer = new SessionDescription { Type = "offer", Id = 7, Sdp = Offers.Of("aaaa", sections) } };

    private static Task<bool> SayAsync(SessionBed bed, ParticipantSession session, SignalRequest request, ulong number) => bed.DoAsync(() =>
    {
        SessionTable.Handle(session, session.Link!, request, number);
        return true;
    });

    /// <summary>Takes what the node has sent; the first message opens the stream.</summary>
    private static List<SessionMessage> Take(GatewayLink link)
    {
        var taken = new List<SessionMessage>();
        while (link.Messages.TryRead(out var message)) taken.Add(message);
        return taken;
    }

    private static List<SignalResponse> Responses(IEnumerable<SessionMessage> messages) =>
        [.. messages.Where(message => message.KindCase == SessionMessage.KindOneofCase.Response).Select(Read)];

    private static SignalResponse Read(SessionMessage message) => SignalResponse.Parser.ParseFrom(message.Response);

    private static OpenSession Open(ParticipantSession session, string connection) =>
        new() { RoomId = "room", Epoch = 1, Identity = session.Identity.Value, ResumeSid = session.Sid, Connection = connection };

    private static Task<GatewayLink> ReattachAsync(SessionBed bed, ParticipantSession session, ulong? received) => bed.DoAsync(() =>
    {
        if (session.Link is { } before) SessionTable.Detached(session, before);
        var open = Open(session, Connection);
        open.Reattach = true;
        if (received is { } count) open.Received = count;
        var link = new GatewayLink();
        Assert.Same(session, bed.Table.Resume(open, link));
        return link;
    });

    private static async Task<(ParticipantSession Session, GatewayLink Link, ulong Received)> JoinAsync(SessionBed bed,
        string identity = "ann")
    {
        var (session, link) = await bed.JoinAsync(identity, change: open =>
        {
            open.Connection = Connection;
            open.Grants.CanUpdateMetadata = true;
        });
        return (session, link, (ulong)Take(link).Count - 1);
    }

    [Fact]
    public async Task An_answer_that_was_lost_with_the_stream_comes_again_once_and_one_that_arrived_does_not()
    {
        await using var bed = new SessionBed();
        var (ann, link, received) = await JoinAsync(bed);
        await SayAsync(bed, ann, Offer(Offers.Audio("recvonly")), 1);
        await SayAsync(bed, ann, Metadata(5), 2);
        var sent = Take(link);
        var answerAt = sent.FindIndex(message => Responses([message]) is [{ Answer: not null }]);

        // The gateway had everything up to the answer, and nothing behind it.
        var next = await ReattachAsync(bed, ann, received + (ulong)answerAt + 1);
        var told = Responses(Take(next));
        Assert.NotNull(told[0].Reconnect);
        Assert.DoesNotContain(told, response => response.Answer is not null);
        var lost = told.Single(response => response.RequestResponse is not null).RequestResponse;
        Assert.Equal((5u, Reason.Ok), (lost.RequestId, lost.Reason));
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task A_stream_that_breaks_again_and_again_loses_no_answer_and_repeated_requests_are_handled_once()
    {
        await using var bed = new SessionBed();
        var (ann, _, received) = await JoinAsync(bed);
        await SayAsync(bed, ann, Offer(Offers.Audio("recvonly")), 1);
        for (var i = 0; i < 3; i++)
        {
            var broken = await ReattachAsync(bed, ann, received); // opened, and broken before its gateway had anything of it
            Assert.Equal(7u, Responses(Take(broken)).Single(response => response.Answer is not null).Answer.Id);
        }
        var link = await ReattachAsync(bed, ann, received);
        await SayAsync(bed, ann, Offer(Offers.Audio("recvonly")), 1); // its gateway does not know that it was handled
        var last = Take(link);
        Assert.Single(Responses(last), response => response.Answer is not null);
        Assert.Contains(last, message => message.Handled == 1);

        // Counted over all streams: what this one brought is had, and what comes behind it is not.
        received += (ulong)last.Count - 1;
        await SayAsync(bed, ann, Metadata(6), 2);
        var told = Responses(Take(await ReattachAsync(bed, ann, received)));
        Assert.DoesNotContain(told, response => response.Answer is not null);
        Assert.Equal(6u, told.Single(response => response.RequestResponse is not null).RequestResponse.RequestId);
        Assert.Null(bed.Broken);
    }

    /// <summary>Asked for once and never again until its client offers: a viewer would wait for ever.</summary>
    [Fact]
    public async Task Sections_that_a_client_was_asked_for_in_vain_and_refusals_come_again()
    {
        await using var bed = new SessionBed();
        var (ann, link, received) = await JoinAsync(bed);
        await SayAsync(bed, ann, Offer(Offers.Audio("recvonly")), 1);
        received += (ulong)Take(link).Count;
        var (bob, _) = await bed.JoinAsync("bob");
        var camera = new AddTrackRequest { Cid = "cam", Type = TrackType.Video, Source = TrackSource.Camera };
        await bed.AskAsync(bob, new SignalRequest { AddTrack = camera });
        var offer = new SessionDescription { Type = "offer", Sdp = Offers.Of("bbbb", Offers.Video("sendonly")) };
        await bed.AskAsync(bob, new SignalRequest { Offer = offer });
        await SayAsync(bed, ann, new SignalRequest { AddTrack = new AddTrackRequest { Cid = "data", Type = TrackType.Data } }, 2);
        Assert.Contains(Responses(Take(link)), response => response.MediaSectionsRequirement is not null);
        var told = Responses(Take(await ReattachAsync(bed, ann, received)));
        Assert.Equal(1u, told.Single(response => response.MediaSectionsRequirement is not null).MediaSectionsRequirement.NumVideos);
        Assert.Equal("data", told.Single(response => response.RequestResponse is not null).RequestResponse.AddTrack.Cid);
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task Nothing_comes_again_to_an_older_gateway_another_connection_or_after_a_minute()
    {
        await using var bed = new SessionBed();
        var (ann, link, received) = await JoinAsync(bed);
        await SayAsync(bed, ann, Offer(Offers.Audio("recvonly")), 1);
        Take(link);
        Assert.DoesNotContain(Responses(Take(await ReattachAsync(bed, ann, received: null))), response => response.Answer is not null);

        var (bob, bobLink, bobReceived) = await JoinAsync(bed, "bob");
        await SayAsync(bed, bob, Offer(Offers.Audio("recvonly")), 1);
        await bed.DoAsync(() =>
        {
            bobLink.Forget(Environment.TickCount64 + UnsureAnswers.KeepMs + 1);
            return true;
        });
        Assert.DoesNotContain(Responses(Take(await ReattachAsync(bed, bob, bobReceived))), response => response.Answer is not null);

        var (cat, _, catReceived) = await JoinAsync(bed, "cat");
        await SayAsync(bed, cat, Offer(Offers.Audio("recvonly")), 1);
        var back = await bed.DoAsync(() => // the client itself came back, by another socket: it offers anew
        {
            SessionTable.Detached(cat, cat.Link!);
            var renewed = new GatewayLink();
            var open = Open(cat, "second");
            open.Received = catReceived;
            Assert.NotNull(bed.Table.Resume(open, renewed));
            return renewed;
        });
        Assert.DoesNotContain(Responses(Take(back)), response => response.Answer is not null);
        Assert.Null(bed.Broken);
    }

    [Fact]
    public void What_is_kept_is_bounded_in_number_and_octets()
    {
        var kept = new UnsureAnswers();
        for (var i = 0; i < 10_000; i++) Sent(new RequestResponse { RequestId = (uint)i });
        Assert.InRange(kept.After(0).Count, 1, 256);
        Sent(new RequestResponse { Message = new string('x', 900_000) });
        Assert.InRange(kept.After(0).Sum(message => message.CalculateSize()), 900_000, 1 << 20);
        kept.Sent(new SessionMessage { Handled = 1 }, isAnswer: false, nowMs: 0);
        Assert.Empty(kept.After(10_001));

        void Sent(RequestResponse answer) =>
            kept.Sent(GatewayLink.Pack(new SignalResponse { RequestResponse = answer }), isAnswer: true, nowMs: 0);
    }

    [LiveKitSurface("Signalling", "publish_data_track_request", Surface.Refused,
        "UNSUPPORTED_TYPE at once, instead of a time-out; NOT_ALLOWED without canPublishData")]
    [Fact]
    public async Task A_data_track_is_refused_by_its_number()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann", change: open => open.Grants.CanPublishData = true);
        var (bob, bobLink) = await bed.JoinAsync("bob");
        var request = new SignalRequest { PublishDataTrackRequest = new PublishDataTrackRequest { PubHandle = 41, Name = "positions" } };
        SessionBed.Told(link);
        SessionBed.Told(bobLink);
        await bed.AskAsync(ann, request);
        await bed.AskAsync(bob, request);
        await bed.AskAsync(bob, new SignalRequest { UnpublishDataTrackRequest = new UnpublishDataTrackRequest { PubHandle = 42 } });
        var refused = Assert.Single(SessionBed.Told(link)).RequestResponse;
        Assert.Equal((Reason.UnsupportedType, 41u), (refused.Reason, refused.PublishDataTrack.PubHandle));
        var told = SessionBed.Told(bobLink).Select(response => response.RequestResponse).ToList();
        Assert.Equal([Reason.NotAllowed, Reason.NotFound], told.Select(answer => answer.Reason));
        Assert.Equal((41u, 42u), (told[0].PublishDataTrack.PubHandle, told[1].UnpublishDataTrack.PubHandle));
    }
}
