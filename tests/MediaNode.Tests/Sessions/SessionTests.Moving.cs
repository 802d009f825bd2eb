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
    /// <summary>Epoch 2 stands for the new owner: its sessions know nothing of those of epoch 1 but what their clients know.</summary>
    [LiveKitSurface("Signalling", "sync_state, a room that moves: leave{MIGRATION}", Surface.Served)]
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_that_comes_with_its_room_goes_on_with_what_its_client_sends_and_receives(bool publisherFirst)
    {
        string[] receiving = [Offers.Audio("recvonly"), Offers.Video("recvonly")];
        await using var bed = new SessionBed();
        var (ann, annLink) = await bed.JoinAsync("ann", Offers.Of("aaaa", receiving));
        await bed.AskAsync(ann, AddCamera());
        await bed.AskAsync(ann, Offer(2, "aaaa", [.. receiving, Offers.Simulcast()]));
        Assert.False(IsCarried(SessionBed.Carried(annLink)), "her layers could not be told apart");
        await bed.DoAsync(() => { ann.Learned([(ann.Tracks[0], new LayerStatistics { Rid = "q", Ssrc = 7, RtxSsrc = 8 })]); return true; });
        await bed.AskAsync(ann, new SignalRequest
        {
            SubscriptionPermission = new SubscriptionPermission
            {
                TrackPermissions =
            { new TrackPermission { ParticipantIdentity = "bob", AllTracks = true } }
            }
        });
        var (bob, bobLink) = await bed.JoinAsync("bob", Offers.Of("bbbb", receiving));
        var carriedBy = bob.Subscriptions.ToDictionary(subscription => subscription.Mid, subscription => subscription.Track.Sid);
        var camera = Assert.Single(carriedBy, pair => pair.Key == "1").Value;
        var (annAs, bobAs) = (SessionBed.Carried(annLink)!, SessionBed.Carried(bobLink)!);
        Assert.Equal((true, true), (IsCarried(annAs), IsCarried(bobAs)));
        Assert.Equal(carriedBy, bobAs.Tracks);
        Assert.Equal((7u, 8u), (Assert.Single(annAs.Streams).Ssrc, annAs.Streams[0].RtxSsrc));

        var (bobThere, bobsGateway) = await bed.JoinAsync("bob", epoch: 2,
            change: open => (open.ResumeSid, open.Carried) = (bob.Sid, bobAs));
        var (annThere, _) = await bed.JoinAsync("ann", epoch: 2, change: open => (open.ResumeSid, open.Carried) = (ann.Sid, annAs));
        var told = SessionBed.Told(bobsGateway);
        Assert.DoesNotContain(told, response => response.Join is not null);
        // a track that is missing would be gone for bob
        Assert.Equal(camera,
            Assert.Single(Assert.Single(told.Last(response => response.Update is not null).Update.Participants).Tracks).Sid);
        Assert.True(annThere.Info.Version > ann.Info.Version, "clients pass over what is older than what they know");
        var (annBack, bobBack) = (await ComeBackAsync(ann.Sid, "ann"), await ComeBackAsync(bob.Sid, "bob"));
        await bed.AskAsync(bobThere, new SignalRequest { SyncState = new SyncState { TrackSidsDisabled = { camera } } });
        if (publisherFirst) await bed.AskAsync(annThere, Offer(3, "cccc", [.. receiving, Offers.Simulcast()]));
        await bed.AskAsync(bobThere, Offer(3, "dddd", receiving));
        var answer = One(SessionBed.Told(bobBack), response => response.Answer);
        Assert.Equal(carriedBy, answer.MidToTrackId);
        Assert.Equal(-1, bobThere.Subscriptions[0].WantedLayer); // he had paused it
        await bed.AskAsync(bobThere,
            new SignalRequest { TrackSetting = new UpdateTrackSettings { TrackSids = { camera }, Quality = VideoQuality.High } });
        Assert.Contains($"a=msid:{ann.Sid}|camera {camera}", answer.Sdp, StringComparison.Ordinal);
        if (!publisherFirst) await bed.AskAsync(annThere, Offer(3, "cccc", [.. receiving, Offers.Simulcast()]));
        Assert.Equal(2, bobThere.Subscriptions[0].WantedLayer); // the largest, whoever of the two came first
        Assert.DoesNotContain(SessionBed.Told(annBack), response =>
            response.Update?.Participants.Any(participant => participant.Tracks.Count != 1 && participant.Identity == "ann") == true);
        Assert.DoesNotContain(SessionBed.Told(bobBack), response => response.MediaSectionsRequirement is { NumVideos: > 0 });
        var number = Assert.Single(bobThere.Subscriptions).Number;
        Assert.True(await bed.OnShardAsync(0, shard => shard.Engine.FindSubscription(number)?.Settings.MaxLayer >= 2),
            "packets flow again, of the largest layer too");
        Assert.False(annThere.Allows(await Third(), annThere.Tracks[0]), "who may receive it is carried too");
        Assert.Null(bed.Broken);

        static bool IsCarried(CarriedSession? carried) => carried is { Participant.IsEmpty: false };
        async Task<GatewayLink> ComeBackAsync(string sid, string identity)
        {
            var link = new GatewayLink();
            Assert.NotNull(await bed.DoAsync(() =>
                bed.Table.Resume(new OpenSession { RoomId = "room", Epoch = 2, Identity = identity, ResumeSid = sid }, link)));
            return link;
        }
        async Task<ParticipantSession> Third() => (await bed.JoinAsync("cat", epoch: 2)).Session;
    }

    [Fact]
    public async Task A_carried_track_that_its_client_no_longer_sends_is_gone_for_all()
    {
        await using var bed = new SessionBed();
        var (ann, _) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Audio("recvonly")));
        await bed.AskAsync(ann, AddCamera());
        await bed.AskAsync(ann, Offer(2, "aaaa", Offers.Audio("recvonly"), Offers.Simulcast()));
        var carried = new CarriedSession { Participant = ann.Info.ToByteString() };
        var (there, _) = await bed.JoinAsync("ann", epoch: 2, change: open => (open.ResumeSid, open.Carried) = (ann.Sid, carried));
        var (_, catLink) = await bed.JoinAsync("cat", epoch: 2);
        await bed.AskAsync(there, Offer(3, "cccc", Offers.Audio("recvonly"), Offers.Video("inactive")));
        Assert.Empty(there.Tracks);
        Assert.Empty(SessionBed.Told(catLink).Last(response => response.Update is not null).Update.Participants.Single().Tracks);
    }

    [Fact]
    public async Task A_new_epoch_leaves_the_old_rooms_sessions_behind()
    {
        await using var bed = new SessionBed();
        var (_, before) = await bed.JoinAsync("ann");
        var (_, after) = await bed.JoinAsync("bob", epoch: 2);
        Assert.Empty(One(SessionBed.Told(after), response => response.Join).OtherParticipants);
        await before.Messages.Completion.WaitAsync(TimeSpan.FromSeconds(30)).ContinueWith(_ => { }, TaskScheduler.Default)
            .WaitAsync(TimeSpan.FromSeconds(1)).ContinueWith(_ => { }, TaskScheduler.Default);
        SessionMessage? last = null;
        while (before.Messages.TryRead(out var message)) last = message;
        Assert.Equal(SessionEndReason.RoomGivenUp, last!.Ended.Reason);
    }
}
