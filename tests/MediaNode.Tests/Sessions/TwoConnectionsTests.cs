using LiveKit.Proto;
using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Sctp;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>Clients of LiveKit's older signalling: they receive over a connection that the node offers.</summary>
public sealed class TwoConnectionsTests
{
    private static void IsOld(OpenSession open) => open.TwoConnections = true;

    private static SignalRequest AddTrack(string cid, TrackType type) => new() { AddTrack = new AddTrackRequest { Cid = cid, Type = type } };

    private static SignalRequest Offer(uint id, string fragment, params string[] sections) =>
        new() { Offer = new SessionDescription { Type = "offer", Id = id, Sdp = Offers.Of(fragment, sections) } };

    /// <summary>As a browser answers: section by section, active, with its own credentials.</summary>
    private static SignalRequest Answer(SessionDescription offer, string fragment, Func<string, string>? change = null, uint? id = null)
    {
        var lines = offer.Sdp.Split("\r\n").Where(line => !line.StartsWith("a=candidate", StringComparison.Ordinal)
                && !line.StartsWith("a=ssrc", StringComparison.Ordinal) && !line.StartsWith("a=msid:", StringComparison.Ordinal)
                && line is not ("a=ice-lite" or "a=end-of-candidates"))
            .Select(line => line.Split(':')[0] switch
            {
                "a=sendonly" => "a=recvonly",
                "a=setup" => "a=setup:active",
                "a=ice-ufrag" => $"a=ice-ufrag:{fragment}",
                "a=ice-pwd" => "a=ice-pwd:abcdefghijklmnopqrstuvwx",
                "a=fingerprint" => $"a=fingerprint:{Offers.Fingerprint}",
                _ => line,
            });
        var sdp = string.Join("\r\n", lines);
        return new() { Answer = new SessionDescription { Type = "answer", Id = id ?? offer.Id, Sdp = change?.Invoke(sdp) ?? sdp } };
    }

    private static SessionDescription Offered(GatewayLink link) => Assert.Single(OffersOver(link));

    private static List<SessionDescription> OffersOver(GatewayLink link) =>
        [.. SessionBed.Told(link).Select(told => told.Offer).OfType<SessionDescription>()];

    private static async Task<ParticipantSession> PublishAsync(SessionBed bed, string identity, params string[] sections)
    {
        var (session, _) = await bed.JoinAsync(identity);
        if (sections.Any(section => section.StartsWith("m=audio", StringComparison.Ordinal)))
            await bed.AskAsync(session, AddTrack("mic", TrackType.Audio));
        if (sections.Any(section => section.StartsWith("m=video", StringComparison.Ordinal)))
            await bed.AskAsync(session, AddTrack("cam", TrackType.Video));
        await bed.AskAsync(session, Offer(1, identity + identity, sections));
        return session;
    }

    private static string[] SectionsOf(SessionDescription offer) =>
        [.. offer.Sdp.Split("\r\nm=").Skip(1).Select(section => section.Split(' ')[0] + " "
            + section.Split("\r\n").Single(line => line is "a=sendonly" or "a=inactive" || line.StartsWith("a=sctp-port", StringComparison.Ordinal)))];

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

    private static async Task<int> FlowingAsync(SessionBed bed, ParticipantSession viewer)
    {
        int[] numbers = [.. viewer.Subscriptions.Select(subscription => subscription.Number)];
        return await bed.OnShardAsync(viewer.Downlink.ShardNumber, shard => numbers.Count(number => shard.Engine.FindSubscription(number) is not null));
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
        Assert.Equal(LeaveRequest.Types.Action.Reconnect, SessionBed.Told(link).Select(told => told.Leave).OfType<LeaveRequest>().Single().Action);
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
            await bed.AskAsync(ann, new SignalRequest { AddTrack = new AddTrackRequest { Cid = $"cam{i}", Type = TrackType.Video, Source = TrackSource.Camera } });
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
            told.Select(response => response.SubscriptionResponse).OfType<SubscriptionResponse>().Select(failed => (failed.TrackSid, failed.Err)).Single());
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
    public async Task Who_comes_back_is_offered_a_new_way_and_keeps_its_keys_and_sections()
    {
        await using var bed = new SessionBed();
        await PublishAsync(bed, "ann", Offers.Audio("sendonly"));
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        var first = Offered(link);
        await bed.AskAsync(bob, Answer(first, "bbbb"));
        var back = new GatewayLink();
        await bed.DoAsync(() => bed.Table.Resume(new OpenSession { RoomId = "room", Epoch = 1, Identity = "bob", ResumeSid = bob.Sid }, back));
        var told = SessionBed.Told(back);
        Assert.NotNull(told[0].Reconnect);
        var second = told.Single(response => response.Offer is not null).Offer;
        Assert.Equal(SectionsOf(first), SectionsOf(second));
        Assert.NotEqual(FragmentOf(first), FragmentOf(second));
        await bed.AskAsync(bob, Answer(second, "cccc"));
        var fragment = FragmentOf(second);
        Assert.Equal(1, await FlowingAsync(bed, bob));
        Assert.Equal(fragment, FragmentOf(await NextOfferAsync())); // what follows keeps to the way

        async Task<SessionDescription> NextOfferAsync()
        {
            await PublishAsync(bed, "cat", Offers.Audio("sendonly"));
            return Offered(back);
        }
    }

    private static string FragmentOf(SessionDescription offer) => offer.Sdp.Split("a=ice-ufrag:")[1].Split("\r\n")[0];

    [Fact]
    public async Task A_gateway_that_comes_back_for_a_client_that_was_never_away_brings_the_offer_that_was_lost()
    {
        await using var bed = new SessionBed();
        var (bob, link) = await bed.JoinAsync("bob", change: open => (open.TwoConnections, open.Connection) = (true, "one"));
        var lost = Offered(link);
        var again = new GatewayLink();
        await bed.DoAsync(() => bed.Table.Resume(new OpenSession
        {
            RoomId = "room",
            Epoch = 1,
            Identity = "bob",
            ResumeSid = bob.Sid,
            Connection = "one",
            Reattach = true,
            Received = 1,
        }, again));
        Assert.Equal(lost, Offered(again));
    }

    [Fact]
    public async Task With_its_room_it_goes_on_in_the_sections_that_it_knows()
    {
        await using var bed = new SessionBed();
        var ann = await PublishAsync(bed, "ann", Offers.Audio("sendonly"), Offers.Video("sendonly"));
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        var first = Offered(link);
        await bed.AskAsync(bob, Answer(first, "bbbb"));
        await bed.AskAsync(bob, new SignalRequest { Subscription = new UpdateSubscription { TrackSids = { ann.Tracks[0].Sid } } });
        await bed.AskAsync(bob, Answer(Offered(link), "bbbb"));
        await bed.DoAsync(() => { bob.TellCarried(atOnce: true); ann.TellCarried(atOnce: true); return true; });
        var (bobAs, annAs) = (SessionBed.Carried(link)!, SessionBed.Carried(ann.Link!)!);

        var (there, carrying) = await bed.JoinAsync("bob", epoch: 2, change: open =>
            (open.TwoConnections, open.ResumeSid, open.Carried) = (true, bob.Sid, bobAs));
        Assert.Empty(OffersOver(carrying)); // his client has yet to come
        var back = new GatewayLink();
        await bed.DoAsync(() => bed.Table.Resume(new OpenSession { RoomId = "room", Epoch = 2, Identity = "bob", ResumeSid = bob.Sid }, back));
        Assert.Empty(OffersOver(back)); // a section that is offered without its track would lose it
        await bed.JoinAsync("ann", epoch: 2, change: open => (open.ResumeSid, open.Carried) = (ann.Sid, annAs));
        var offer = Offered(back);
        Assert.Equal(["application a=sctp-port:5000", "audio a=inactive", "video a=sendonly"], SectionsOf(offer));
        Assert.Equal(first.MidToTrackId["2"], Assert.Single(offer.MidToTrackId).Value);
        Assert.Contains($"a=msid:{ann.Sid}|{ann.Tracks[1].Stream} {ann.Tracks[1].Sid}", offer.Sdp, StringComparison.Ordinal);
        await bed.AskAsync(there, Answer(offer, "cccc"));
        Assert.True(there.Downlink.IsOpen);
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task It_is_there_once_it_can_receive_and_both_its_connections_are_its_own()
    {
        await using var bed = new SessionBed();
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        await bed.AskAsync(bob, AddTrack("cam", TrackType.Video));
        var offer = Offered(link);
        await bed.AskAsync(bob, Offer(1, "bbbb", Offers.Data, Offers.Video("sendonly"), Offers.Audio("recvonly")));
        var answer = SessionBed.Told(link).Single(response => response.Answer is not null).Answer;
        Assert.Equal(1, answer.Sdp.Split("a=recvonly").Length - 1); // nothing is sent over it
        Assert.False(bob.Downlink.IsOpen);
        await bed.AskAsync(bob, Answer(offer, "cccc"));
        Assert.NotEqual(bob.Uplink.PeerNumber, bob.Downlink.PeerNumber);
        Assert.Equal(1, await bed.DoAsync(() => bed.Table.Count));
        await bed.AskAsync(bob, new SignalRequest { Leave = new LeaveRequest() });
        var (up, down) = (bob.Uplink.PeerNumber, bob.Downlink.PeerNumber);
        Assert.Equal((false, false), await bed.OnShardAsync(0, shard => (shard.RemovePeer(up), shard.RemovePeer(down))));
        Assert.Equal(0, await bed.DoAsync(() => bed.Table.Count));
    }

    [Fact]
    public async Task Messages_for_it_wait_for_the_channels_on_which_it_receives_and_these_move_with_it()
    {
        await using var bed = new SessionBed();
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        await bed.AskAsync(bob, Answer(Offered(link), "bbbb"));
        var (own, ours) = (new DataChannel(2, DataChannelKind.Lossy, new Delivery()), new DataChannel(1, DataChannelKind.Reliable, new Delivery()));
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
