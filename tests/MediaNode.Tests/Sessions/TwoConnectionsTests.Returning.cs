using LiveKit.Proto;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>Such clients that come back, to the same node or to another.</summary>
public sealed partial class TwoConnectionsTests
{
    private static Task<ParticipantSession?> ComeBackAsync(SessionBed bed, ParticipantSession session, GatewayLink link, ulong epoch) =>
        bed.DoAsync(() => bed.Table.Resume(
            new OpenSession { RoomId = "room", Epoch = epoch, Identity = session.Identity.Value, ResumeSid = session.Sid }, link));

    [Fact]
    public async Task Who_comes_back_is_offered_a_new_way_and_keeps_its_keys_and_sections()
    {
        await using var bed = new SessionBed();
        await PublishAsync(bed, "ann", Offers.Audio("sendonly"));
        var (bob, link) = await bed.JoinAsync("bob", change: IsOld);
        var first = Offered(link);
        await bed.AskAsync(bob, Answer(first, "bbbb"));
        var back = new GatewayLink();
        await ComeBackAsync(bed, bob, back, epoch: 1);
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
        await ComeBackAsync(bed, bob, back, epoch: 2);
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
}
