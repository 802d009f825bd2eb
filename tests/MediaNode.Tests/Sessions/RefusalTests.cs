using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Tests.Sdp;
using Codec = VideoScale.MediaNode.Codecs.Codec;
using Reason = LiveKit.Proto.RequestResponse.Types.Reason;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>What a shard refuses, after its session has answered already, comes back to whoever asked for it.</summary>
public sealed class RefusalTests
{
    /// <summary>A peer of nobody, whose publications and subscriptions take the names that sessions are about to use.</summary>
    private const int Squatter = 1_000_000;

    private static SignalRequest Add(string cid, TrackType type = TrackType.Video, TrackSource source = TrackSource.Camera) =>
        new() { AddTrack = new AddTrackRequest { Cid = cid, Type = type, Source = source } };

    private static SignalRequest Offer(uint id, string fragment, params string[] sections) =>
        new() { Offer = new SessionDescription { Type = "offer", Id = id, Sdp = Offers.Of(fragment, sections) } };

    private static SignalRequest Settings(ParticipantSession publisher, VideoQuality quality) =>
        new() { TrackSetting = new UpdateTrackSettings { TrackSids = { publisher.Tracks[0].Sid }, Quality = quality } };

    private static PublicationOptions Publication(int track, int peer) =>
        new(track, peer, 1, MediaKind.Video, Codec.Vp8, 96, [new LayerOptions(Ssrc: (uint)(900_000 + track))]);

    private static Task<bool> SquatAsync(SessionBed bed, int shard, Action<ForwardingEngine> take) => bed.OnShardAsync(shard, on =>
    {
        if (on.Engine.EstimateBps(Squatter) == 0) Assert.Null(on.Engine.AddPeer(new PeerOptions(Squatter, new ExtensionIds())));
        take(on.Engine);
        return true;
    });

    /// <summary>The shards have had their say, and the sessions have heard it.</summary>
    private static async Task SettleAsync(SessionBed bed, int shards = 1)
    {
        for (var shard = 0; shard < shards; shard++) await bed.OnShardAsync(shard, on => on.Index);
        await bed.DoAsync(() => true);
    }

    private static SubscriptionResponse? Failed(IEnumerable<SignalResponse> told) =>
        told.Select(response => response.SubscriptionResponse).OfType<SubscriptionResponse>().SingleOrDefault();

    [LiveKitSurface("Signalling", "request_response for a publish that is refused, also by the media engine", Surface.Served,
        "with add_track, a reason and track_unpublished")]
    [Fact]
    public async Task A_publish_that_the_engine_refuses_is_withdrawn_and_its_publisher_hears_why()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann");
        var (bob, bobLink) = await bed.JoinAsync("bob", Offers.Of("bbbb", Offers.Video("recvonly")));
        await bed.AskAsync(ann, Add("cam"));
        var track = Assert.Single(ann.Tracks);
        await SquatAsync(bed, 0, engine => Assert.Null(engine.Publish(Publication(track.Number, Squatter))));
        SessionBed.Told(link);
        SessionBed.Told(bobLink);
        await bed.AskAsync(ann, Offer(1, "aaaa", Offers.Video("sendonly")));
        await SettleAsync(bed);

        var told = SessionBed.Told(link);
        var refusal = told.Single(response => response.RequestResponse is not null).RequestResponse;
        Assert.Equal((Reason.UnclassifiedError, "cam", 0u), (refusal.Reason, refusal.AddTrack.Cid, refusal.RequestId));
        Assert.Contains("already exists", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(track.Sid, told.Single(response => response.TrackUnpublished is not null).TrackUnpublished.TrackSid);
        Assert.Empty(ann.Tracks);
        Assert.Empty(ann.Info.Tracks);
        Assert.Empty(bob.Subscriptions);
        var shown = SessionBed.Told(bobLink).Select(response => response.Update?.Participants[0]).Last(info => info?.Identity == "ann");
        Assert.Empty(shown!.Tracks);
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task A_subscription_that_the_engine_refuses_is_told_and_gives_its_section_back()
    {
        await using var bed = new SessionBed();
        var (ann, _) = await bed.JoinAsync("ann");
        await bed.AskAsync(ann, Add("cam"));
        await bed.AskAsync(ann, Offer(1, "aaaa", Offers.Video("sendonly")));
        var (bob, link) = await bed.JoinAsync("bob");
        var subscription = Assert.Single(bob.Subscriptions);
        var track = ann.Tracks[0].Number;
        var taken = new SubscriptionOptions(subscription.Number, Squatter, track, 5, 96);
        await SquatAsync(bed, 0, engine => Assert.Null(engine.Subscribe(taken, 1)));
        SessionBed.Told(link);
        await bed.AskAsync(bob, Offer(1, "bbbb", Offers.Video("recvonly")));
        await SettleAsync(bed);

        var told = SessionBed.Told(link);
        Assert.Equal((ann.Tracks[0].Sid, SubscriptionError.SeUnknown), (Failed(told)!.TrackSid, Failed(told)!.Err));
        Assert.Equal(("", -1), (subscription.Mid, subscription.WantedLayer));
        Assert.Contains(told, response => response.MediaSectionsRequirement is not null); // an offer that takes the section back
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task Settings_that_no_longer_reach_anything_are_told_as_a_failed_subscription()
    {
        await using var bed = new SessionBed();
        var (ann, _) = await bed.JoinAsync("ann");
        await bed.AskAsync(ann, Add("cam"));
        await bed.AskAsync(ann, Offer(1, "aaaa", Offers.Video("sendonly")));
        var (bob, link) = await bed.JoinAsync("bob", Offers.Of("bbbb", Offers.Video("recvonly")));
        var subscription = Assert.Single(bob.Subscriptions);
        await SettleAsync(bed);
        Assert.True(await bed.OnShardAsync(0, shard => shard.Engine.Unsubscribe(subscription.Number)));
        SessionBed.Told(link);
        await bed.AskAsync(bob, Settings(ann, VideoQuality.Low));
        await SettleAsync(bed);
        Assert.Equal(SubscriptionError.SeUnknown, Failed(SessionBed.Told(link))!.Err);
        Assert.Equal("", subscription.Mid);

        // Of an earlier section nobody is told any more.
        await bed.AskAsync(bob, Settings(ann, VideoQuality.High));
        await SettleAsync(bed);
        Assert.Null(Failed(SessionBed.Told(link)));
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task A_mute_that_no_longer_reaches_its_track_withdraws_it()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann");
        await bed.AskAsync(ann, Add("cam"));
        await bed.AskAsync(ann, Offer(1, "aaaa", Offers.Video("sendonly")));
        var track = ann.Tracks[0];
        Assert.True(await bed.OnShardAsync(0, shard => shard.Engine.Unpublish(track.Number)));
        SessionBed.Told(link);
        await bed.AskAsync(ann, new SignalRequest { Mute = new MuteTrackRequest { Sid = track.Sid, Muted = true } });
        await SettleAsync(bed);
        Assert.Contains(SessionBed.Told(link), response => response.TrackUnpublished?.TrackSid == track.Sid);
        Assert.Empty(ann.Info.Tracks);
        Assert.Null(bed.Broken);
    }

    /// <summary>Its subscriber is on another shard than its publisher, and that shard has something else under its name.</summary>
    [Fact]
    public async Task A_mirror_that_a_shard_refuses_is_told_to_the_subscribers_there_and_to_no_others()
    {
        await using var bed = new SessionBed(shards: 2);
        var (ann, _) = await bed.JoinAsync("ann");
        var others = new List<(ParticipantSession Session, GatewayLink Link)>();
        while (others.Count < 2 || others.TrueForAll(other => other.Session.Downlink.ShardNumber == ann.Downlink.ShardNumber))
            others.Add(await bed.JoinAsync($"viewer-{others.Count}"));
        var far = others.Find(other => other.Session.Downlink.ShardNumber != ann.Downlink.ShardNumber);
        var near = others.Find(other => other.Session.Downlink.ShardNumber == ann.Downlink.ShardNumber);
        await bed.AskAsync(ann, Add("cam"));
        var number = ann.Tracks[0].Number;
        await SquatAsync(bed, far.Session.Downlink.ShardNumber, engine => Assert.Null(engine.Publish(Publication(number, Squatter))));
        await bed.AskAsync(ann, Offer(1, "aaaa", Offers.Video("sendonly")));
        await bed.AskAsync(far.Session, Offer(1, "bbbb", Offers.Video("recvonly")));
        await bed.AskAsync(near.Session, Offer(1, "cccc", Offers.Video("recvonly")));
        await SettleAsync(bed, shards: 2);
        Assert.Equal(ann.Tracks[0].Sid, Failed(SessionBed.Told(far.Link))!.TrackSid);
        Assert.Equal("", Assert.Single(far.Session.Subscriptions).Mid);
        Assert.Null(Failed(SessionBed.Told(near.Link)));
        Assert.NotEqual("", Assert.Single(near.Session.Subscriptions).Mid);
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task A_connection_that_its_shard_does_not_take_ends_its_session_so_that_its_client_begins_anew()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann");
        var (bob, bobLink) = await bed.JoinAsync("bob", Offers.Of("bbbb", Offers.Audio("recvonly")));
        await SquatAsync(bed, 0, engine => Assert.Null(engine.AddPeer(new PeerOptions(ann.Downlink.PeerNumber, new ExtensionIds()))));
        SessionBed.Told(link);
        await bed.AskAsync(ann, Offer(1, "aaaa", Offers.Audio("recvonly")));
        await SettleAsync(bed);
        var leave = SessionBed.Told(link).Single(response => response.Leave is not null).Leave;
        Assert.Equal((LeaveRequest.Types.Action.Reconnect, DisconnectReason.StateMismatch), (leave.Action, leave.Reason));
        Assert.Null(bob.Room.Find(ann.Identity));

        // The same of one that is to find a new way when nothing is left of the old one.
        await bed.OnShardAsync(0, shard => shard.RemovePeer(bob.Downlink.PeerNumber));
        SessionBed.Told(bobLink);
        await bed.AskAsync(bob, Offer(2, "cccc", Offers.Audio("recvonly")));
        await SettleAsync(bed);
        Assert.Contains(SessionBed.Told(bobLink), response => response.Leave?.Action == LeaveRequest.Types.Action.Reconnect);
        Assert.Null(bed.Broken);
    }

    /// <summary>
    /// A viewer is told of each track that is one too many, whether it asked for it or not; what it may receive is not called forbidden.
    /// </summary>
    [Fact]
    public async Task A_subscription_too_many_is_told_as_failed()
    {
        const int Publishers = 32, TracksOfEach = 64, Most = 2_000;
        await using var bed = new SessionBed();
        var sids = await bed.DoAsync(() =>
        {
            var published = new List<string>();
            for (var i = 0; i < Publishers; i++)
            {
                var (publisher, _) = bed.Join($"p{i:d2}", offer: null, subscribe: false);
                for (var j = 0; j < TracksOfEach; j++) publisher.Handle(Add($"t{j:d2}", TrackType.Audio, TrackSource.Microphone));
                publisher.Handle(Offer(1, $"pppp{i:d2}", [.. publisher.Tracks.Select(Section)]));
                published.AddRange(publisher.Info.Tracks.Select(track => track.Sid));
            }
            return published;
        });
        Assert.Equal(Publishers * TracksOfEach, sids.Count);
        var (ann, link) = await bed.JoinAsync("ann");
        var failed = SessionBed.Told(link).Select(told => told.SubscriptionResponse).OfType<SubscriptionResponse>().ToList();
        Assert.Equal(Most, ann.Subscriptions.Count);
        var missing = sids.Except(ann.Subscriptions.Select(subscription => subscription.Track.Sid));
        Assert.Equal(missing.Order(StringComparer.Ordinal), failed.Select(response => response.TrackSid).Order(StringComparer.Ordinal));
        var again = new UpdateSubscription { Subscribe = true, TrackSids = { failed[0].TrackSid } };
        await bed.AskAsync(ann, new SignalRequest { Subscription = again });
        var told = SessionBed.Told(link);
        Assert.Equal(failed[0].TrackSid, Failed(told)!.TrackSid);
        Assert.DoesNotContain(told, response => response.SubscriptionPermissionUpdate is not null);
        Assert.Null(bed.Broken);

        static string Section(PublishedTrack track, int index) =>
            Offers.Audio("sendonly", track.Request.Cid).Replace("ssrc:1001", $"ssrc:{2_000 + index}", StringComparison.Ordinal);
    }

    [LiveKitSurface("Signalling", "add_track that is refused: request_response with add_track", Surface.Served,
        "NOT_ALLOWED, LIMIT_EXCEEDED, UNSUPPORTED_TYPE")]
    [Fact]
    public async Task Each_refusal_of_a_track_names_the_track_and_its_reason()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann", change: open => open.Grants.CanPublishSources.Add((int)TrackSource.Camera));
        SessionBed.Told(link);
        await bed.AskAsync(ann, Add("data", TrackType.Data));
        await bed.AskAsync(ann, Add("screen", source: TrackSource.ScreenShare));
        var large = Add("large");
        large.AddTrack.Name = new string('x', 2_000);
        await bed.AskAsync(ann, large);
        for (var i = 0; i < 65; i++) await bed.AskAsync(ann, Add($"cam-{i}"));
        var refused = SessionBed.Told(link).Select(response => response.RequestResponse).OfType<RequestResponse>();
        (string, Reason)[] expected =
            [("data", Reason.UnsupportedType), ("screen", Reason.NotAllowed), ("large", Reason.LimitExceeded),
                ("cam-64", Reason.LimitExceeded)];
        Assert.Equal(expected, refused.Select(response => (response.AddTrack.Cid, response.Reason)));
    }
}
