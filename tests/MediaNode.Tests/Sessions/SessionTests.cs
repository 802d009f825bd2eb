using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Quality;
using VideoScale.MediaNode.Tests.Fuzzing;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

public sealed partial class SessionTests
{
    private static SignalRequest Offer(uint id, string fragment, params string[] sections) =>
        new() { Offer = new SessionDescription { Type = "offer", Id = id, Sdp = Offers.Of(fragment, sections) } };

    private static SignalRequest AddCamera(string cid = "cam") => new()
    {
        AddTrack = new AddTrackRequest
        {
            Cid = cid,
            Type = TrackType.Video,
            Source = TrackSource.Camera,
            Width = 960,
            Height = 540,
            Layers = { new VideoLayer { Quality = VideoQuality.Low }, new VideoLayer { Quality = VideoQuality.Medium },
                new VideoLayer { Quality = VideoQuality.High } },
        },
    };

    private static T One<T>(IEnumerable<SignalResponse> told, Func<SignalResponse, T?> pick) where T : class =>
        Assert.Single(told.Select(pick).OfType<T>());

    [LiveKitSurface("Signalling", "add_track, track_published, update", Surface.Served)]
    [Fact]
    public async Task A_published_track_is_announced_and_reaches_the_free_section_of_the_others()
    {
        await using var bed = new SessionBed();
        var (ann, annLink) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Audio("recvonly"), Offers.Video("recvonly")));
        var (bob, bobLink) = await bed.JoinAsync("bob", Offers.Of("bbbb", Offers.Audio("recvonly"), Offers.Video("recvonly")));
        Assert.Equal("ann", Assert.Single(One(SessionBed.Told(bobLink), response => response.Join).OtherParticipants).Identity);
        SessionBed.Told(annLink);
        await bed.AskAsync(ann, AddCamera());
        await bed.AskAsync(ann, Offer(2, "aaaa", Offers.Audio("recvonly"), Offers.Video("recvonly"), Offers.Simulcast()));
        var told = SessionBed.Told(annLink);
        var published = One(told, response => response.TrackPublished);
        Assert.StartsWith("TR_V", published.Track.Sid, StringComparison.Ordinal);
        var answer = One(told, response => response.Answer);
        Assert.Equal(2u, answer.Id);
        Assert.Contains("a=simulcast:recv q;h;f", answer.Sdp, StringComparison.Ordinal);

        var heard = SessionBed.Told(bobLink);
        var shown = Assert.Single(heard.Last(response => response.Update is not null).Update.Participants);
        Assert.Equal((published.Track.Sid, "2", true), (Assert.Single(shown.Tracks).Sid, shown.Tracks[0].Mid, shown.IsPublisher));
        // there is room already: only offer anew
        Assert.Equal(new MediaSectionsRequirement(), One(heard, response => response.MediaSectionsRequirement));
        await bed.AskAsync(bob, Offer(2, "bbbb", Offers.Audio("recvonly"), Offers.Video("recvonly")));
        var carried = One(SessionBed.Told(bobLink), response => response.Answer);
        Assert.Equal(published.Track.Sid, Assert.Single(carried.MidToTrackId, pair => pair.Key == "1").Value);
        Assert.Contains($"a=msid:{ann.Sid}|camera {published.Track.Sid}", carried.Sdp, StringComparison.Ordinal);
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task Bundle_only_sections_carry_what_their_client_publishes_and_receives()
    {
        static string BundleOnly(string section) => section.Replace("m=video 9", "m=video 0", StringComparison.Ordinal)
            .Replace("a=mid:", "a=bundle-only\r\na=mid:", StringComparison.Ordinal);
        await using var bed = new SessionBed();
        var (ann, annLink) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Audio("recvonly")));
        SessionBed.Told(annLink);
        await bed.AskAsync(ann, AddCamera());
        await bed.AskAsync(ann, Offer(2, "aaaa", Offers.Audio("recvonly"), BundleOnly(Offers.Simulcast())));
        var answer = One(SessionBed.Told(annLink), response => response.Answer).Sdp;
        Assert.Contains("a=group:BUNDLE 0 1\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("m=video 9 ", answer, StringComparison.Ordinal);
        Assert.True(Assert.Single(ann.Tracks).IsPublished);
        var (bob, _) = await bed.JoinAsync("bob", Offers.Of("bbbb", Offers.Audio("recvonly"), BundleOnly(Offers.Video("recvonly"))));
        Assert.Equal("1", Assert.Single(bob.Subscriptions).Mid);
    }

    [Fact]
    public async Task Sections_that_are_missing_are_asked_for_and_a_freed_one_is_idle_once_before_it_is_used_again()
    {
        await using var bed = new SessionBed();
        var (ann, _) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Simulcast()));
        var (bob, bobLink) = await bed.JoinAsync("bob", Offers.Of("bbbb", Offers.Audio("recvonly")));
        await bed.AskAsync(ann, AddCamera());
        await bed.AskAsync(ann, Offer(2, "aaaa", Offers.Simulcast()));
        Assert.Equal(1u, One(SessionBed.Told(bobLink), response => response.MediaSectionsRequirement).NumVideos);
        string[] sections = [Offers.Audio("recvonly"), Offers.Video("recvonly")];
        await bed.AskAsync(bob, Offer(2, "bbbb", sections));
        var track = Assert.Single(One(SessionBed.Told(bobLink), response => response.Answer).MidToTrackId).Value;
        // Unpublished and published anew: the same section, but never without an inactive answer in between.
        await bed.AskAsync(ann, Offer(3, "aaaa", Offers.Video("inactive")));
        await bed.AskAsync(ann, AddCamera("cam2"));
        await bed.AskAsync(ann, Offer(4, "aaaa", Offers.Simulcast().Replace("msid:- cam", "msid:- cam2", StringComparison.Ordinal)));
        await bed.AskAsync(bob, Offer(3, "bbbb", sections));
        var between = SessionBed.Told(bobLink);
        Assert.Empty(One(between, response => response.Answer).MidToTrackId);
        Assert.NotNull(between[^1].MediaSectionsRequirement); // and asked to offer once more
        await bed.AskAsync(bob, Offer(4, "bbbb", sections));
        Assert.NotEqual(track, Assert.Single(One(SessionBed.Told(bobLink), response => response.Answer).MidToTrackId).Value);
    }

    [Fact]
    public async Task A_connection_begun_anew_ends_the_session_for_its_viewers_with_all_that_it_sent()
    {
        await using var bed = new SessionBed();
        var (ann, annLink) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Video("sendonly")));
        await bed.AskAsync(ann, AddCamera());
        await bed.AskAsync(ann, Offer(2, "aaaa", Offers.Video("sendonly")));
        var (bob, _) = await bed.JoinAsync("bob", Offers.Of("bbbb", Offers.Video("recvonly")));
        Assert.Single(bob.Subscriptions);
        // without the track, as a page that was loaded again
        var anew = Offers.Of("cccc", Offers.Video("inactive")).Replace("00:11:22", "99:99:99", StringComparison.Ordinal);
        await bed.AskAsync(ann, new SignalRequest { Offer = new SessionDescription { Type = "offer", Id = 3, Sdp = anew } });
        Assert.Equal(LeaveRequest.Types.Action.Reconnect, One(SessionBed.Told(annLink), response => response.Leave).Action);
        Assert.Empty(bob.Subscriptions);
        Assert.Null(bed.Broken);
    }

    /// <summary>A camera that its client replaced has an id that nobody announced, and so have all tracks of some clients.</summary>
    [Fact]
    public async Task A_section_goes_on_with_its_track_whatever_else_was_announced_and_new_ones_take_that()
    {
        await using var bed = new SessionBed();
        var (ann, _) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Audio("recvonly")));
        await bed.AskAsync(ann, AddCamera());
        await bed.AskAsync(ann, Offer(2, "aaaa", Offers.Audio("recvonly"), Offers.Video("sendonly")));
        var camera = ann.Tracks[0];
        await bed.AskAsync(ann, AddCamera("screen"));
        await bed.AskAsync(ann, Offer(3, "aaaa", Offers.Audio("recvonly"), Offers.Video("sendonly", "replaced")));
        Assert.Equal([(camera.Sid, "1", true), (ann.Tracks[1].Sid, "", false)],
            ann.Tracks.Select(track => (track.Sid, track.Info.Mid, track.IsPublished)));
        await bed.AskAsync(ann,
            Offer(4, "aaaa", Offers.Audio("recvonly"), Offers.Video("sendonly", "again"), Offers.Video("sendonly", "made-up")));
        Assert.Equal([(camera.Sid, "1"), (ann.Tracks[1].Sid, "2")], ann.Tracks.Select(track => (track.Sid, track.Info.Mid)));
        Assert.Equal("screen", ann.Tracks[1].Request.Cid);
    }

    [Fact]
    public async Task What_a_token_does_not_grant_is_not_done()
    {
        await using var bed = new SessionBed();
        var (ann, annLink) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Simulcast()),
            change: open => open.Grants = new SessionGrants { CanSubscribe = true });
        await bed.AskAsync(ann, AddCamera());
        Assert.Equal(RequestResponse.Types.Reason.NotAllowed, One(SessionBed.Told(annLink), response => response.RequestResponse).Reason);
        await bed.AskAsync(ann, new SignalRequest { UpdateMetadata = new UpdateParticipantMetadata { Metadata = "mine", RequestId = 3 } });
        Assert.Equal(RequestResponse.Types.Reason.NotAllowed, One(SessionBed.Told(annLink), response => response.RequestResponse).Reason);
        Assert.Empty(ann.Tracks);
        var (eve, eveLink) = await bed.JoinAsync("eve", change: open => open.Grants = new SessionGrants
        {
            Hidden = true,
            CanSubscribe = true,
        });
        Assert.DoesNotContain(SessionBed.Told(annLink),
            response => response.Update?.Participants.Any(participant => participant.Identity == "eve") == true);
        Assert.True(eve.IsHidden);
        Assert.NotEmpty(SessionBed.Told(eveLink));
    }

    [LiveKitSurface("Signalling", "resume (reconnect with participant_sid)", Surface.Served)]
    [Fact]
    public async Task A_live_session_is_taken_over_by_another_gateway_and_the_old_one_has_no_more_say()
    {
        await using var bed = new SessionBed();
        var (ann, before) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Audio("recvonly")));
        var (_, bobLink) = await bed.JoinAsync("bob");
        var open = new OpenSession { RoomId = "room", Epoch = 1, Identity = "ann", ResumeSid = ann.Sid };
        var after = new GatewayLink();
        Assert.Same(ann, await bed.DoAsync(() => bed.Table.Resume(open, after)));
        Assert.NotNull(SessionBed.Told(after)[0].Reconnect); // clients take nothing else for the first message
        await bed.DoAsync(() => { SessionTable.Handle(ann, before, new SignalRequest { Leave = new LeaveRequest() }); return true; });
        Assert.Same(after, ann.Link);
        Assert.DoesNotContain(SessionBed.Told(bobLink), response =>
            response.Update?.Participants.Any(participant => participant.State == ParticipantInfo.Types.State.Disconnected) == true);
        foreach (var wrong in (OpenSession[])[new(open) { ResumeSid = "PA_other" }, new(open) { Epoch = 2 }, new(open) { Identity = "bob" },
            new(open) { RoomId = "elsewhere" }])
            Assert.Null(await bed.DoAsync(() => bed.Table.Resume(wrong, new GatewayLink())));
    }

    [LiveKitSurface("Signalling", "speakers_changed, connection_quality", Surface.Served)]
    [Fact]
    public async Task Whoever_comes_or_comes_back_is_told_how_the_others_stand_once_its_media_is_connected()
    {
        await using var bed = new SessionBed();
        var (ann, annLink) = await bed.JoinAsync("ann");
        await bed.AskAsync(ann,
            new SignalRequest { AddTrack = new AddTrackRequest { Cid = "mic", Type = TrackType.Audio, Source = TrackSource.Microphone } });
        await RoundAsync(ann);
        await bed.DoAsync(() => { ann.Room.OnSpeakers(0, [new Speaker(ann.Tracks[0].Number, 0.5)]); return true; });
        Assert.Equal(ann.Sid, Assert.Single(One(SessionBed.Told(annLink), response => response.ConnectionQuality).Updates).ParticipantSid);
        var (bob, bobLink) = await bed.JoinAsync("bob");
        await bed.JoinAsync("hidden", change: open => open.Grants.Hidden = true);
        Assert.DoesNotContain(SessionBed.Told(bobLink), IsStanding); // a client drops what comes with the answer to its joining
        await RoundAsync(ann, bob);
        Assert.DoesNotContain(SessionBed.Told(bobLink), response => response.SpeakersChanged is not null);
        await bed.DoAsync(() => bob.Downlink.State = TransportState.Connected);
        await RoundAsync(ann, bob);
        AssertStanding(SessionBed.Told(bobLink));
        await RoundAsync(ann, bob);
        Assert.DoesNotContain(SessionBed.Told(bobLink), IsStanding); // once
        var link = new GatewayLink();
        Assert.Same(bob, await bed.DoAsync(() => bed.Table.Resume(new OpenSession
        {
            RoomId = "room",
            Epoch = 1,
            Identity = "bob",
            ResumeSid = bob.Sid
        }, link)));
        await RoundAsync(ann, bob);
        AssertStanding(SessionBed.Told(link));

        Task RoundAsync(params ParticipantSession[] sessions) =>
            bed.DoAsync(() =>
            { QualityRound.Judge([.. sessions.Select(session => new MeasuredSession(session, [], [], 0, 0, 0))]); return true; });
        static bool IsStanding(SignalResponse response) => response.ConnectionQuality is not null || response.SpeakersChanged is not null;
        void AssertStanding(List<SignalResponse> told)
        {
            Assert.Equal([ann.Sid, bob.Sid],
                One(told, response => response.ConnectionQuality).Updates.Select(update => update.ParticipantSid));
            Assert.Equal((ann.Sid, true),
                Assert.Single(One(told, response => response.SpeakersChanged).Speakers.Select(speaker => (speaker.Sid, speaker.Active))));
        }
    }

    [LiveKitSurface("Signalling", "subscribed_quality_update (dynacast)", Surface.Served)]
    [Fact]
    public async Task A_publisher_is_told_of_the_layers_somebody_wants_when_that_changes_also_by_a_newcomer_or_one_who_turns_away()
    {
        string[] receiving = [Offers.Audio("recvonly"), Offers.Video("recvonly")];
        await using var bed = new SessionBed();
        var (ann, annLink) = await bed.JoinAsync("ann", Offers.Of("aaaa", receiving));
        await bed.AskAsync(ann, AddCamera());
        await bed.AskAsync(ann, Offer(2, "aaaa", [.. receiving, Offers.Simulcast()]));
        var (bob, _) = await bed.JoinAsync("bob", Offers.Of("bbbb", receiving));
        // all of them, as she sends
        Assert.DoesNotContain(SessionBed.Told(annLink), response => response.SubscribedQualityUpdate is not null);
        var small =
            new SignalRequest { TrackSetting = new UpdateTrackSettings { TrackSids = { ann.Tracks[0].Sid }, Quality = VideoQuality.Low } };
        await bed.AskAsync(bob, small);
        Assert.Equal([true, false, false], Wanted());
        await bed.AskAsync(bob, small);
        Assert.DoesNotContain(SessionBed.Told(annLink), response => response.SubscribedQualityUpdate is not null);
        var (cat, _) = await bed.JoinAsync("cat", Offers.Of("cccc", receiving));
        Assert.Equal([true, true, true], Wanted());
        await bed.AskAsync(cat,
            new SignalRequest { Subscription = new UpdateSubscription { TrackSids = { ann.Tracks[0].Sid }, Subscribe = false } });
        Assert.Equal([true, false, false], Wanted()); // she was the last who wanted more

        IEnumerable<bool> Wanted() => One(SessionBed.Told(annLink), response => response.SubscribedQualityUpdate)
            .SubscribedQualities.Select(quality => quality.Enabled);
    }

    [Fact]
    public async Task Requests_of_any_shape_break_nothing()
    {
        await using var bed = new SessionBed(shards: 2);
        var first = Offers.Of("aaaa", Offers.Audio("sendrecv"), Offers.Simulcast());
        var (ann, link) = await bed.JoinAsync("ann", first);
        var (bob, bobLink) = await bed.JoinAsync("bob", Offers.Of("bbbb", Offers.Video("recvonly")));
        byte[][] corpus =
        [
            AddCamera().ToByteArray(), Offer(1, "aaaa", Offers.Simulcast()).ToByteArray(),
                new SignalRequest { Mute = new MuteTrackRequest { Sid = "TR_V", Muted = true } }.ToByteArray(),
            new SignalRequest { TrackSetting = new UpdateTrackSettings { TrackSids = { "TR_V" }, Width = 3, Height = 9,
                Quality = VideoQuality.Off } }.ToByteArray(),
            new SignalRequest { Subscription = new UpdateSubscription { TrackSids = { "TR_V" }, Subscribe = true } }.ToByteArray(),
            new SignalRequest { SubscriptionPermission = new SubscriptionPermission { TrackPermissions =
                { new TrackPermission { ParticipantSid = bob.Sid, TrackSids = { "TR_V" } } } } }.ToByteArray(),
            new SignalRequest { UpdateMetadata = new UpdateParticipantMetadata { Name = "n", Attributes = { ["k"] = "v" } } }.ToByteArray(),
        ];
        var handled = 0;
        await bed.DoAsync(() =>
        {
            Fuzz.Run(corpus, input =>
            {
                SignalRequest request;
                try { request = SignalRequest.Parser.ParseFrom(input); }
                catch (InvalidProtocolBufferException) { return; }
                // a leave has ended it, or an offer of another connection
                if (!ann.Room.Participants.Contains(ann)) (ann, link) = bed.Join("ann", first);
                SessionTable.Handle(ann, link, request);
                handled++;
                while (link.Messages.TryRead(out var _)) { }
                while (bobLink.Messages.TryRead(out var _)) { }
            }, costs: 10);
            return true;
        });
        Assert.Null(bed.Broken);
        Assert.True(ann.Tracks.Count <= 64);
        Assert.True(handled > 1_000, $"{handled} requests were handled");
    }
}
