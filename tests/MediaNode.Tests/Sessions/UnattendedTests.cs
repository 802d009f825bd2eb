using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>Sessions whose clients have no signalling (WHIP, WHEP): their connection alone says whether they are there.</summary>
public sealed class UnattendedTests
{
    private static Action<OpenSession> Publishing(params AddTrackRequest[] tracks) => open =>
    {
        open.Unattended = true;
        open.JoinRequest = new JoinRequest { AddTrackRequests = { tracks }, ConnectionSettings = new ConnectionSettings() }.ToByteString();
    };

    private static void Watching(OpenSession open)
    {
        Publishing()(open);
        open.Watches = true;
        open.Grants.Hidden = true;
    }

    private static AddTrackRequest Track(string cid, TrackSource source) => new()
    {
        Cid = cid,
        Source = source,
        Type = source is TrackSource.Camera or TrackSource.ScreenShare ? TrackType.Video : TrackType.Audio,
    };

    private static Task<(ParticipantSession Session, GatewayLink Link)> PublishAsync(SessionBed bed, string identity, TrackSource picture,
        TrackSource sound) => bed.JoinAsync(identity, Offers.Of(identity + identity, Offers.Video("sendonly"), Offers.Audio("sendonly")),
            change: Publishing(Track("cam", picture), Track("mic", sound)));

    private static Task<bool> DetachAsync(SessionBed bed, ParticipantSession session, GatewayLink link) => bed.DoAsync(() =>
    {
        SessionTable.Detached(session, link);
        return true;
    });

    private static SessionDescription AnswerOf(GatewayLink link) =>
        SessionBed.Told(link).Select(response => response.Answer).OfType<SessionDescription>().Single();

    [Fact]
    public async Task It_is_there_as_long_as_its_connection_whether_or_not_a_gateway_has_it()
    {
        await using var bed = new SessionBed();
        var (cam, link) = await PublishAsync(bed, "cam", TrackSource.Camera, TrackSource.Microphone);
        await DetachAsync(bed, cam, link);
        var now = Environment.TickCount64;
        Assert.False(Gone(now + ParticipantSession.ConnectMs - 5_000)); // it has time to connect
        Assert.True(Gone(now + ParticipantSession.ConnectMs + 1));
        cam.Uplink.State = TransportState.Connected;
        cam.Heard(silentUs: 0, now + 1_000_000); // long after a client with signalling would be waited for no more
        Assert.False(Gone(now + 1_000_000 + SessionTable.GoneMs - 1));
        Assert.True(Gone(now + 1_000_000 + SessionTable.GoneMs));
        cam.Uplink.State = TransportState.Closed;
        Assert.True(Gone(now));

        bool Gone(long atMs) => SessionTable.HasGone(cam, hasLease: true, atMs);
    }

    [Fact]
    public async Task Whoever_takes_it_up_hears_first_what_it_offered_and_how_its_ICE_session_is_called()
    {
        await using var bed = new SessionBed();
        var offer = Offers.Of("camc", Offers.Video("sendonly"));
        var (cam, link) = await bed.JoinAsync("cam", offer, change: Publishing(Track("cam", TrackSource.Camera)));
        var answer = AnswerOf(link).Sdp;
        await DetachAsync(bed, cam, link);
        for (var i = 0; i < 1_100; i++) // more than anybody who comes back is told of
            await bed.DoAsync(() => { bed.Table.Leave(bed.Join($"p{i}", null).Session, SessionEndReason.Left); return true; });
        var later = new GatewayLink();
        Assert.Same(cam, await bed.DoAsync(() =>
            bed.Table.Resume(new OpenSession { RoomId = "room", Epoch = 1, Identity = "cam", ResumeSid = cam.Sid }, later)));
        Assert.True(later.Messages.TryRead(out var opened) && opened.Opened is { Resumed: true });
        Assert.True(later.Messages.TryRead(out var message));
        Assert.Equal(offer, message.Unattended.Offer);
        Assert.Contains($"a=ice-ufrag:{message.Unattended.IceFragment}\r\n", answer, StringComparison.Ordinal);
        Assert.True(later.Messages.TryRead(out var back) && SignalResponse.Parser.ParseFrom(back.Response).Reconnect is not null);

        // Another ICE session on the connection that stands.
        var renewed = new SignalRequest { Offer = new SessionDescription { Type = "offer", Sdp = offer.Replace("camc", "newc") } };
        await bed.AskAsync(cam, renewed);
        Assert.DoesNotContain($"a=ice-ufrag:{message.Unattended.IceFragment}\r\n", AnswerOf(later).Sdp, StringComparison.Ordinal);
        Assert.True(cam.Tracks[0].IsPublished);
        Assert.Equal(renewed.Offer.Sdp, cam.ToUnattended()!.Offer);
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task It_does_not_go_along_with_its_room_and_the_others_hear_that_it_is_gone()
    {
        await using var bed = new SessionBed();
        var (_, viewer) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Video("recvonly")));
        var (cam, link) = await PublishAsync(bed, "cam", TrackSource.Camera, TrackSource.Microphone);
        await bed.DoAsync(() => { cam.Learned([]); cam.TellCarried(atOnce: true); return true; });
        Assert.Null(SessionBed.Carried(link));
        SessionBed.Told(viewer);
        await bed.JoinAsync("bob", epoch: 2); // the room is another's, and here again
        var gone = SessionBed.Told(viewer).SelectMany(told => told.Update?.Participants ?? []).Last(other => other.Identity == "cam");
        Assert.Equal((ParticipantInfo.Types.State.Disconnected, DisconnectReason.Migration), (gone.State, gone.DisconnectReason));
        Assert.False(cam.HasTransport); // at once, while the others' media goes on until they have moved
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task Who_watches_gets_the_screen_with_its_sound_and_is_over_when_that_ends()
    {
        await using var bed = new SessionBed();
        await PublishAsync(bed, "ann", TrackSource.Camera, TrackSource.Microphone);
        var (screen, _) = await PublishAsync(bed, "bob", TrackSource.ScreenShare, TrackSource.ScreenShareAudio);
        await PublishAsync(bed, "cat", TrackSource.Camera, TrackSource.Microphone);
        var (eye, link) = await bed.JoinAsync("eye", Offers.Of("eyee", Offers.Audio("recvonly"), Offers.Video("recvonly")),
            change: Watching);
        Assert.Equal(screen.Tracks.Select(track => track.Sid).Order(StringComparer.Ordinal),
            AnswerOf(link).MidToTrackId.Values.Order(StringComparer.Ordinal));
        Assert.False(SessionTable.HasGone(eye, hasLease: true, Environment.TickCount64));
        await bed.DoAsync(() => { bed.Table.Leave(screen, SessionEndReason.Left); return true; });
        Assert.True(SessionTable.HasGone(eye, hasLease: true, Environment.TickCount64));

        var (_, again) = await bed.JoinAsync("eye", Offers.Of("eyef", Offers.Video("recvonly"), Offers.Video("recvonly")),
            change: Watching);
        Assert.Equal(2, AnswerOf(again).MidToTrackId.Count); // as much as there is room for
        var (_, deaf) = await bed.JoinAsync("deaf", Offers.Of("deaf", Offers.Video("recvonly")), subscribe: false, change: Watching);
        Assert.Empty(AnswerOf(deaf).MidToTrackId);
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task Who_watches_an_empty_room_is_sent_nothing()
    {
        await using var bed = new SessionBed();
        var (_, link) = await bed.JoinAsync("eye", Offers.Of("eyee", Offers.Audio("recvonly")), change: Watching);
        Assert.Empty(AnswerOf(link).MidToTrackId);
    }

    [Fact]
    public async Task Layers_stand_as_their_client_ranks_them_whatever_their_names()
    {
        await using var bed = new SessionBed();
        var track = Track("cam", TrackSource.Camera);
        for (var i = 0; i < 3; i++) track.Layers.Add(new VideoLayer { Rid = $"{i}", Quality = VideoQuality.High - i });
        var offer = Offers.Of("camc", Offers.Simulcast("0;1;2").Replace("a=rid:q", "a=rid:0", StringComparison.Ordinal)
            .Replace("a=rid:h", "a=rid:1", StringComparison.Ordinal).Replace("a=rid:f", "a=rid:2", StringComparison.Ordinal));
        var (cam, _) = await bed.JoinAsync("cam", offer, change: Publishing(track));
        Assert.Equal(["2", "1", "0"], cam.Tracks[0].Publication!.Layers.Select(layer => layer.Rid));
        Assert.True(cam.Tracks[0].Info.Simulcast);
    }

    private static WatchedTrack Seen(string sid, TrackSource source, string owner = "", float level = 0, bool isMuted = false) =>
        new(sid, source, source is TrackSource.Camera or TrackSource.ScreenShare, owner, level, isMuted);

    [Fact]
    public void A_picture_is_the_screen_else_the_loudest_else_the_first_and_muted_ones_come_last()
    {
        WatchedTrack[] tracks =
        [
            Seen("first", TrackSource.Camera), Seen("loud", TrackSource.Camera, level: 0.5f),
            Seen("louder", TrackSource.Camera, level: 0.9f), Seen("muted", TrackSource.ScreenShare, isMuted: true),
            Seen("screen", TrackSource.ScreenShare),
        ];
        var order = new List<string>();
        for (var left = tracks.ToList(); WatchedTrack.Next(left, null) is { } next; left.Remove(next)) order.Add(next.Sid);
        Assert.Equal(["screen", "louder", "loud", "first", "muted"], order);
    }

    [Fact]
    public void A_sound_is_of_the_screen_that_is_seen_else_of_whoever_is_seen_else_the_loudest()
    {
        var (mine, ours, screens) = (Seen("mine", TrackSource.Microphone, "ann", 0.1f), Seen("ours", TrackSource.Microphone, "bob", 0.9f),
            Seen("screens", TrackSource.ScreenShareAudio, "ann"));
        var seen = Seen("picture", TrackSource.ScreenShare, "ann");
        Assert.Equal("screens", WatchedTrack.Next([ours, mine, screens], seen)!.Sid);
        Assert.Equal("mine", WatchedTrack.Next([ours, mine], seen)!.Sid);
        Assert.Equal("ours", WatchedTrack.Next([mine, ours], null)!.Sid);
        Assert.Null(WatchedTrack.Next([], seen));
    }
}
