using LiveKit.Proto;
using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Sctp;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>Clients of LiveKit's older signalling: they receive over a connection that the node offers.</summary>
public sealed partial class TwoConnectionsTests
{
    [Fact]
    public async Task Each_track_is_offered_in_a_section_of_its_own_one_offer_at_a_time()
    {
        await using var bed = new SessionBed();
        var ann = await PublishAsync(bed, "ann", Offers.Audio("sendonly"), Offers.Video("sendonly"));
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        var told = SessionBed.Told(link);
        Assert.True(told[0].Join.SubscriberPrimary);
        var first = Assert.Single(told, response => response.Offer is not null).Offer;
        Assert.Equal(["application a=sctp-port:5000", "audio a=sendonly", "video a=sendonly"], SectionsOf(first));
        Assert.Equal(ann.Tracks.Select(track => track.Sid), ["1", "2"], (sid, mid) => first.MidToTrackId[mid] == sid);
        Assert.Contains($"a=msid:{ann.Sid}|{ann.Tracks[1].Stream} {ann.Tracks[1].Sid}", first.Sdp, StringComparison.Ordinal);
        Assert.DoesNotContain("a=setup:passive", first.Sdp, StringComparison.Ordinal);

        var cat = await PublishAsync(bed, "cat", Offers.Video("sendonly")); // while the answer is on its way
        Assert.Empty(OffersOver(link));
        await bed.AskAsync(bob, Answer(first, "bbbb", id: 77)); // of another offer
        Assert.Empty(OffersOver(link));
        await bed.AskAsync(bob, Answer(first, "bbbb"));
        var second = Offered(link);
        Assert.Equal(SectionsOf(first).Append("video a=sendonly"), SectionsOf(second));
        Assert.Equal(cat.Tracks[0].Sid, second.MidToTrackId["3"]);
        Assert.Equal(2, await FlowingAsync(bed, bob)); // not before the client knows them
        await bed.AskAsync(bob, Answer(second, "bbbb"));
        Assert.Equal(3, await FlowingAsync(bed, bob));
        Assert.Empty(OffersOver(link));
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task A_section_that_lost_its_track_rests_and_a_track_that_comes_back_finds_it_again()
    {
        await using var bed = new SessionBed();
        var ann = await PublishAsync(bed, "ann", Offers.Video("sendonly"));
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        await bed.AskAsync(bob, Answer(Offered(link), "bbbb"));
        var sid = ann.Tracks[0].Sid;
        await bed.AskAsync(bob, new SignalRequest { Subscription = new UpdateSubscription { TrackSids = { sid } } });
        var resting = Offered(link);
        Assert.Equal("video a=inactive", SectionsOf(resting)[1]);
        Assert.Empty(resting.MidToTrackId);
        await bed.AskAsync(bob, Answer(resting, "bbbb"));
        var cat = await PublishAsync(bed, "cat", Offers.Video("sendonly"));
        var another = Offered(link); // browsers would show it under the id of the first
        Assert.Equal(["video a=inactive", "video a=sendonly"], SectionsOf(another)[1..]);
        await bed.AskAsync(bob, Answer(another, "bbbb"));
        await bed.AskAsync(bob, new SignalRequest { Subscription = new UpdateSubscription { TrackSids = { sid }, Subscribe = true } });
        var again = Offered(link);
        Assert.Equal((sid, cat.Tracks[0].Sid), (again.MidToTrackId["1"], again.MidToTrackId["2"]));
        Assert.Contains($"a=msid:{ann.Sid}|{ann.Tracks[0].Stream} {sid}", again.Sdp, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_may_no_longer_be_received_rests_and_what_is_allowed_again_is_offered_again()
    {
        await using var bed = new SessionBed();
        await PublishAsync(bed, "ann", Offers.Audio("sendonly"), Offers.Video("sendonly"));
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        await bed.AskAsync(bob, Answer(Offered(link), "bbbb"));
        await PermitAsync(false);
        var nothing = Offered(link);
        Assert.Equal(["audio a=inactive", "video a=inactive"], SectionsOf(nothing)[1..]);
        await bed.AskAsync(bob, Answer(nothing, "bbbb"));
        Assert.Equal(0, await FlowingAsync(bed, bob));
        await PermitAsync(true);
        Assert.Equal(["audio a=sendonly", "video a=sendonly"], SectionsOf(Offered(link))[1..]);

        Task<bool> PermitAsync(bool canSubscribe) => bed.DoAsync(() =>
        {
            bob.Permit(new ParticipantPermission { CanSubscribe = canSubscribe, CanPublish = true });
            bob.Room.AskForSections();
            return true;
        });
    }

    [Fact]
    public async Task An_answer_that_cannot_be_used_ends_what_stands_and_otherwise_leaves_it_to_the_client()
    {
        await using var bed = new SessionBed();
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        var offer = Offered(link);
        foreach (var spoilt in (string[])["", "v=0\r\n", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111"])
            await bed.AskAsync(bob, Answer(offer, "bbbb", _ => spoilt));
        await bed.AskAsync(bob, Answer(offer, "bbbb", sdp => sdp.Replace("a=setup:active", "a=setup:passive", StringComparison.Ordinal)));
        Assert.Empty(SessionBed.Told(link));
        Assert.False(bob.Downlink.IsOpen);
        await bed.AskAsync(bob, Answer(offer, "bbbb"));
        Assert.True(bob.Downlink.IsOpen);
        await bed.AskAsync(bob, Answer(offer, "cccc", _ => "")); // no offer is out
        await PublishAsync(bed, "ann", Offers.Audio("sendonly"));
        await bed.AskAsync(bob, Answer(Offered(link), "bbbb", _ => "v=0\r\n"));
        Assert.Equal(LeaveRequest.Types.Action.Reconnect,
            SessionBed.Told(link).Select(told => told.Leave).OfType<LeaveRequest>().Single().Action);
    }

    [Fact]
    public async Task Of_many_sections_one_is_used_again_and_names_its_track_by_the_stream()
    {
        await using var bed = new SessionBed();
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        await bed.AskAsync(bob, Answer(Offered(link), "bbbb"));
        var ann = await PublishAsync(bed, "ann");
        var sids = new HashSet<string>();
        for (var i = 1u; i <= 70; i++) // a camera that comes and goes
        {
            await bed.AskAsync(ann, AddTrack($"cam{i}", TrackType.Video, TrackSource.Camera));
            await bed.AskAsync(ann, Offer(2 * i, "annann", Offers.Video("sendonly", $"cam{i}")));
            var offer = Offered(link);
            Assert.True(sids.Add(Assert.Single(offer.MidToTrackId).Value));
            Assert.InRange(SectionsOf(offer).Length, 2, 64);
            Assert.Equal(i > 63, offer.Sdp.Contains($"a=msid:{ann.Sid}|{ann.Tracks[0].Sid} {ann.Tracks[0].Sid}", StringComparison.Ordinal));
            await bed.AskAsync(bob, Answer(offer, "bbbb"));
            await bed.AskAsync(ann, Offer(2 * i + 1, "annann", Offers.Video("inactive", $"cam{i}")));
            await bed.AskAsync(bob, Answer(Offered(link), "bbbb"));
        }
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task A_codec_that_the_client_refuses_is_told_once_and_offered_no_more()
    {
        await using var bed = new SessionBed();
        var ann = await PublishAsync(bed, "ann", Offers.Video("sendonly"));
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        await bed.AskAsync(bob, Answer(Offered(link), "bbbb", sdp => sdp.Replace("m=video 9", "m=video 0", StringComparison.Ordinal)));
        var told = SessionBed.Told(link);
        Assert.Equal((ann.Tracks[0].Sid, SubscriptionError.SeCodecUnsupported),
            told.Select(response => response.SubscriptionResponse).OfType<SubscriptionResponse>()
                .Select(failed => (failed.TrackSid, failed.Err)).Single());
        var dead = told.Select(response => response.Offer).OfType<SessionDescription>().Single();
        Assert.Contains("m=video 0 ", dead.Sdp, StringComparison.Ordinal);
        await bed.AskAsync(bob, Answer(dead, "bbbb"));
        await PublishAsync(bed, "cat", Offers.Video("sendonly"));
        told = SessionBed.Told(link);
        Assert.DoesNotContain(told, response => response.Offer is not null);
        Assert.Single(told, response => response.SubscriptionResponse is not null);
        Assert.Equal(0, await FlowingAsync(bed, bob));
    }

    [Fact]
    public async Task It_is_there_once_it_can_receive_and_both_its_connections_are_its_own()
    {
        await using var bed = new SessionBed();
        await PublishAsync(bed, "ann", Offers.Audio("sendonly"));
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        await bed.AskAsync(bob, AddTrack("cam", TrackType.Video));
        var offer = Offered(link);
        await bed.AskAsync(bob, Offer(1, "bbbb", Offers.Data, Offers.Video("sendonly"), Offers.Audio("recvonly")));
        var answer = SessionBed.Told(link).Single(response => response.Answer is not null).Answer;
        Assert.Equal((1, 0), (answer.Sdp.Split("a=recvonly").Length - 1, answer.MidToTrackId.Count)); // nothing is sent over it
        Assert.Equal("1", Assert.Single(bob.Subscriptions).Mid); // a section of the other, whatever this one has under that name
        Assert.False(bob.Downlink.IsOpen);
        await bed.AskAsync(bob, Answer(offer, "cccc"));
        Assert.NotEqual(bob.Uplink.PeerNumber, bob.Downlink.PeerNumber);
        Assert.Equal(2, await bed.DoAsync(() => bed.Table.Count)); // with ann
        await bed.AskAsync(bob, new SignalRequest { Leave = new LeaveRequest() });
        var (up, down) = (bob.Uplink.PeerNumber, bob.Downlink.PeerNumber);
        Assert.Equal((false, false), await bed.OnShardAsync(0, shard => (shard.RemovePeer(up), shard.RemovePeer(down))));
        Assert.Equal(1, await bed.DoAsync(() => bed.Table.Count));
    }

    [Fact]
    public async Task Messages_for_it_wait_for_the_channels_on_which_it_receives_and_these_move_with_it()
    {
        await using var bed = new SessionBed();
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        await bed.AskAsync(bob, Answer(Offered(link), "bbbb"));
        var own = new DataChannel(2, DataChannelKind.Lossy, new Delivery());
        var ours = new DataChannel(1, DataChannelKind.Reliable, new Delivery());
        Assert.False(await OpenAsync(bob.Uplink, own));
        Assert.True(await OpenAsync(bob.Downlink, ours));
        await bed.DoAsync(() => { bob.TellCarried(atOnce: true); return true; });
        var carried = SessionBed.Carried(link)!.Data;
        Assert.Equal((2u, 1u), (Assert.Single(carried.Channels).Stream, Assert.Single(carried.Receiving).Stream));

        Task<bool> OpenAsync(PeerTransport transport, DataChannel channel) => bed.DoAsync(() =>
        {
            bob.OnDataChanged(transport, new DataState(true, [channel]));
            return bob.IsDataOpen;
        });
    }
}
