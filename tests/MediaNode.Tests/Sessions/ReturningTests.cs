using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>Clients whose signalling breaks, and those whose media is gone with it.</summary>
public sealed class ReturningTests
{
    private static OpenSession Back(ParticipantSession session, ulong epoch = 1, string connection = "second") =>
        new() { RoomId = "room", Epoch = epoch, Identity = session.Identity.Value, ResumeSid = session.Sid, Connection = connection };

    private static Task<T> AwayAsync<T>(SessionBed bed, ParticipantSession session, Func<T> meanwhile) => bed.DoAsync(() =>
    {
        SessionTable.Detached(session, session.Link!);
        return meanwhile();
    });

    private static async Task<List<SignalResponse>> ReturnAsync(SessionBed bed, ParticipantSession session)
    {
        var link = new GatewayLink();
        Assert.Same(session, await bed.DoAsync(() => bed.Table.Resume(Back(session), link)));
        return SessionBed.Told(link);
    }

    private static List<(string, ParticipantInfo.Types.State)> Shown(List<SignalResponse> told) =>
        [.. told.Where(response => response.Update is not null).SelectMany(response => response.Update.Participants)
            .Select(info => (info.Identity, info.State))];

    private static bool Leave(SessionBed bed, ParticipantSession session)
    {
        bed.Table.Leave(session, SessionEndReason.Left);
        return true;
    }

    [LiveKitSurface("Signalling", "who resumes hears what changed meanwhile", Surface.Served)]
    [Fact]
    public async Task Whoever_comes_back_hears_who_left_and_who_came_meanwhile_in_that_order()
    {
        await using var bed = new SessionBed();
        var (ann, _) = await bed.JoinAsync("ann");
        var (bob, _) = await bed.JoinAsync("bob");
        var (cat, _) = await bed.JoinAsync("cat");
        var (ghost, _) = await bed.JoinAsync("ghost", change: open => open.Grants.Hidden = true);
        await AwayAsync(bed, ann, () =>
        {
            Leave(bed, bob);
            Leave(bed, cat);
            Leave(bed, ghost);
            bed.Join("cat", offer: null);
            bed.Join("dan", offer: null);
            ann.Room.SetMetadata("new words");
            return true;
        });
        var told = await ReturnAsync(bed, ann);
        Assert.NotNull(told[0].Reconnect);
        Assert.Equal([("bob", ParticipantInfo.Types.State.Disconnected), ("cat", ParticipantInfo.Types.State.Disconnected),
            ("ann", ParticipantInfo.Types.State.Joined),
            ("cat", ParticipantInfo.Types.State.Joined), ("dan", ParticipantInfo.Types.State.Joined)], Shown(told));
        Assert.Equal("new words", Assert.Single(told, response => response.RoomUpdate is not null).RoomUpdate.Room.Metadata);
    }

    [Fact]
    public async Task Who_left_just_before_is_told_again_unless_he_is_back_and_a_half_open_socket_is_taken_over_at_once()
    {
        await using var bed = new SessionBed();
        var (ann, before) = await bed.JoinAsync("ann");
        var (bob, _) = await bed.JoinAsync("bob");
        var (cat, catLink) = await bed.JoinAsync("cat");
        await bed.DoAsync(() => Leave(bed, bob) && Leave(bed, cat));
        var (_, again) = await bed.JoinAsync("cat");
        SessionBed.Told(again);
        // Her old socket is open still, for all the gateway knows: what was sent over it may be lost.
        var told = await ReturnAsync(bed, ann);
        Assert.Equal([("bob", ParticipantInfo.Types.State.Disconnected), ("ann", ParticipantInfo.Types.State.Joined),
            ("cat", ParticipantInfo.Types.State.Joined)], Shown(told));
        Assert.DoesNotContain(SessionBed.Told(again), response => response.Update?.Participants.Any(info => info.Identity == "ann"
            && info.State == ParticipantInfo.Types.State.Disconnected) == true);
        await bed.DoAsync(() => { SessionTable.Detached(ann, before); return true; });
        Assert.NotNull(ann.Link);
        Assert.NotNull(catLink);
    }

    [Fact]
    public async Task A_client_that_missed_more_than_the_node_remembers_begins_anew()
    {
        await using var bed = new SessionBed();
        var (ann, _) = await bed.JoinAsync("ann");
        await AwayAsync(bed, ann, () =>
        {
            for (var i = 0; i <= 1_024; i++) Leave(bed, bed.Join($"guest-{i}", offer: null).Session);
            return true;
        });
        Assert.Null(await bed.DoAsync(() => bed.Table.Resume(Back(ann), new GatewayLink())));
    }

    [Fact]
    public async Task What_was_said_to_a_client_alone_while_it_was_away_is_said_again()
    {
        await using var bed = new SessionBed();
        string[] receiving = [Offers.Audio("recvonly"), Offers.Video("recvonly")];
        var (ann, _) = await bed.JoinAsync("ann", Offers.Of("aaaa", receiving));
        var (bob, _) = await bed.JoinAsync("bob", Offers.Of("bbbb", receiving));
        foreach (var (session, fragment) in new[] { (ann, "aaaa"), (bob, "bbbb") })
        {
            await bed.AskAsync(session,
                new SignalRequest { AddTrack = new AddTrackRequest { Cid = "cam", Type = TrackType.Video, Source = TrackSource.Camera } });
            await bed.AskAsync(session, new SignalRequest
            {
                Offer = new SessionDescription
                {
                    Type = "offer",
                    Id = 2,
                    Sdp = Offers.Of(fragment, [.. receiving, Offers.Simulcast()])
                }
            });
        }
        var (annTrack, bobTrack) = (ann.Tracks[0], bob.Tracks[0]);
        await AwayAsync(bed, ann, () =>
        {
            ann.SetMuted(annTrack, muted: true, byServer: true);
            bob.Handle(new SignalRequest { SubscriptionPermission = new SubscriptionPermission() });
            return true;
        });
        var told = await ReturnAsync(bed, ann);
        Assert.Equal((annTrack.Sid, true),
            told.Where(response => response.Mute is not null).Select(response => (response.Mute.Sid, response.Mute.Muted)).Single());
        Assert.Equal((bobTrack.Sid, false), told.Where(response => response.SubscriptionPermissionUpdate is not null)
            .Select(response => (response.SubscriptionPermissionUpdate.TrackSid, response.SubscriptionPermissionUpdate.Allowed)).Single());
        await bed.AskAsync(ann, new SignalRequest { Mute = new MuteTrackRequest { Sid = annTrack.Sid, Muted = false } });
        await AwayAsync(bed, ann, () => { ann.Permit(new ParticipantPermission { CanSubscribe = true }); return true; });
        told = await ReturnAsync(bed, ann);
        Assert.DoesNotContain(told, response => response.Mute is not null); // she has unmuted it herself since
        Assert.Equal(annTrack.Sid, Assert.Single(told, response => response.TrackUnpublished is not null).TrackUnpublished.TrackSid);
        Assert.False(told.Last(response => response.Update is not null).Update.Participants.Single(info => info.Identity == "ann")
            .Permission.CanPublish);
    }

    [Fact]
    public async Task Who_spoke_when_a_client_went_and_is_silent_now_is_told_as_silent()
    {
        await using var bed = new SessionBed();
        var (ann, _) = await bed.JoinAsync("ann");
        await bed.AskAsync(ann,
            new SignalRequest { AddTrack = new AddTrackRequest { Cid = "mic", Type = TrackType.Audio, Source = TrackSource.Microphone } });
        var (bob, _) = await bed.JoinAsync("bob");
        await bed.DoAsync(() =>
        {
            bob.Downlink.State = TransportState.Connected;
            ann.Room.OnSpeakers(0, [new Speaker(ann.Tracks[0].Number, 0.5)]);
            return true;
        });
        await AwayAsync(bed, bob, () => { ann.Room.OnSpeakers(0, []); return true; });
        var link = new GatewayLink();
        await bed.DoAsync(() =>
            { bed.Table.Resume(Back(bob), link); QualityRound.Judge([new MeasuredSession(bob, [], [], 0, 0, 0)]); return true; });
        var speaker = Assert.Single(SessionBed.Told(link).Where(response => response.SpeakersChanged is not null)
            .SelectMany(response => response.SpeakersChanged.Speakers));
        Assert.Equal((ann.Sid, false), (speaker.Sid, speaker.Active));
    }

    [Fact]
    public async Task The_gateway_is_told_what_a_fresh_token_says_at_the_beginning_and_when_that_changes()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann",
            change: open => { open.Metadata = "m"; open.Attributes["hand"] = "up"; open.Grants.CanPublishSources.Add(2); });
        var first = Assert.Single(Claims(link));
        Assert.Equal(("ann", "m", "up", 2),
            (first.Name, first.Metadata, first.Attributes["hand"], Assert.Single(first.Grants.CanPublishSources)));
        await bed.AskAsync(ann,
            new SignalRequest { AddTrack = new AddTrackRequest { Cid = "mic", Type = TrackType.Audio, Source = TrackSource.Microphone } });
        await bed.DoAsync(() => { ann.SetMuted(ann.Tracks[0], muted: true); return true; });
        Assert.Empty(Claims(link));
        await bed.DoAsync(() =>
            { ann.Permit(new ParticipantPermission { CanPublish = false, CanSubscribe = true, Hidden = true }); return true; });
        Assert.True(Assert.Single(Claims(link)).Grants is { CanPublish: false, Hidden: true });
        await bed.DoAsync(() => { ann.Describe("Ann", "", [KeyValuePair.Create("hand", "")]); return true; });
        var last = Assert.Single(Claims(link));
        Assert.Equal(("Ann", "m", 0), (last.Name, last.Metadata, last.Attributes.Count));
        var after = new GatewayLink();
        await bed.DoAsync(() => bed.Table.Resume(Back(ann), after));
        Assert.Equal(last, Assert.Single(Claims(after)));

        static List<SessionClaims> Claims(GatewayLink link)
        {
            var told = new List<SessionClaims>();
            while (link.Messages.TryRead(out var message)) if (message.Claims is { } claims) told.Add(claims);
            return told;
        }
    }

    [Fact]
    public async Task A_request_that_comes_again_over_a_new_stream_is_handled_once_and_a_node_that_gave_the_room_up_handles_none()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann", change: open => open.Connection = "first");
        Say(link, 1, "a");
        Say(link, 2, "b");
        Assert.Equal(2ul, Handled(link));
        var reattached = new GatewayLink();
        var same = Back(ann, connection: "first");
        same.Reattach = true;
        await bed.DoAsync(() => bed.Table.Resume(same, reattached));
        Say(reattached, 2, "b");
        Say(reattached, 3, "c");
        Assert.Equal((3, 3ul), (ann.Tracks.Count, Handled(reattached)));
        var other = new GatewayLink();
        await bed.DoAsync(() => bed.Table.Resume(Back(ann), other));
        Say(reattached, 4, "d"); // its client has come back through another gateway
        Assert.Equal(3, ann.Tracks.Count);
        Say(other, 1, "d");
        Assert.Equal((4, 1ul), (ann.Tracks.Count, Handled(other)));
        Assert.Null(await bed.DoAsync(() => bed.Table.Resume(same, new GatewayLink())));
        Assert.Equal(FailureCode.FailedPrecondition, (await bed.DoAsync(() => bed.Table.WhyNot(same))).Code);
        await bed.JoinAsync("ann", epoch: 2); // the room was given up and taken again
        Say(other, 2, "e");
        Assert.Equal(0ul, Handled(other));

        void Say(GatewayLink over, ulong number, string cid) => bed.DoAsync(() =>
        {
            SessionTable.Handle(ann, over, new SignalRequest { AddTrack = new AddTrackRequest { Cid = cid, Type = TrackType.Audio } },
                number);
            return true;
        }).GetAwaiter().GetResult();
        static ulong Handled(GatewayLink link)
        {
            var last = 0ul;
            while (link.Messages.TryRead(out var message)) last = Math.Max(last, message.Handled);
            return last;
        }
    }

    [Fact]
    public async Task A_session_that_was_ended_on_purpose_is_not_begun_anew_by_a_client_that_was_away()
    {
        await using var bed = new SessionBed();
        var (older, _) = await bed.JoinAsync("ann");
        await AwayAsync(bed, older, () => true);
        await bed.JoinAsync("ann", change: open => open.SeatId = 2);
        Assert.Null(await bed.DoAsync(() => bed.Table.Resume(Back(older), new GatewayLink())));
        Assert.Equal(FailureCode.AlreadyExists, (await bed.DoAsync(() => bed.Table.WhyNot(Back(older)))).Code);
        var (bob, _) = await bed.JoinAsync("bob");
        await bed.DoAsync(() => Leave(bed, bob));
        Assert.Equal(FailureCode.NotFound, (await bed.DoAsync(() => bed.Table.WhyNot(Back(bob)))).Code);
    }

    [LiveKitSurface("Signalling", "ping_req, ping timeout", Surface.Served)]
    [Fact]
    public async Task Who_is_silent_on_every_way_has_gone_and_who_is_heard_on_one_has_not()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann");
        var now = Environment.TickCount64;
        Assert.False(Gone(now + 100_000)); // her socket stands
        SessionTable.Quiet(ann, link, isQuiet: true);
        Assert.True(Gone(now)); // it stands and nothing is heard, and there is no media either
        ann.Downlink.State = TransportState.Connected;
        ann.Heard(silentUs: 0, now);
        Assert.False(Gone(now + SessionTable.QuietGoneMs - 1)); // a tab that hangs while its media flows
        Assert.True(Gone(now + SessionTable.QuietGoneMs));
        SessionTable.Quiet(ann, link, isQuiet: false);
        Assert.False(Gone(now + 100_000));
        await bed.DoAsync(() => { SessionTable.Detached(ann, link); return true; });
        var away = ann.DetachedAtMs;
        ann.Heard(silentUs: 0, away);
        Assert.False(Gone(away + SessionTable.GoneMs - 1)); // the gateway has gone, perhaps
        Assert.True(Gone(away + SessionTable.GoneMs));
        ann.Heard(silentUs: 1_000_000, away + 20_000);
        Assert.False(Gone(away + 29_000)); // media flows: there is time to come back
        Assert.True(Gone(away + SessionTable.ResumeWindowMs + 1));

        bool Gone(long atMs) => SessionTable.HasGone(ann, hasLease: true, atMs);
    }
}
