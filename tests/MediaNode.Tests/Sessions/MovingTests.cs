using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Harness.Processes;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>Sessions that come with their room to a new owner (epoch 2), which knows of the old one what it is told.</summary>
public sealed class MovingTests
{
    private static readonly string[] Receiving = [Offers.Audio("recvonly"), Offers.Video("recvonly")];

    private static SignalRequest Offer(string fragment, params string[] sections) =>
        new() { Offer = new SessionDescription { Type = "offer", Id = 3, Sdp = Offers.Of(fragment, sections) } };

    private static SignalRequest Want(string sid) =>
        new() { Subscription = new UpdateSubscription { TrackSids = { sid }, Subscribe = true } };

    private static void Manual(OpenSession open) =>
        open.JoinRequest = new JoinRequest { ConnectionSettings = new ConnectionSettings { AutoSubscribe = false } }.ToByteString();

    private static async Task<(ParticipantSession Session, GatewayLink Link)> CarryAsync(SessionBed bed, ParticipantSession session,
        GatewayLink link, Action<OpenSession>? change = null)
    {
        var carried = SessionBed.Carried(link);
        Assert.False(carried!.Participant.IsEmpty);
        return await bed.JoinAsync(session.Identity.Value, epoch: 2, change: open =>
        {
            change?.Invoke(open);
            (open.ResumeSid, open.Carried) = (session.Sid, carried);
        });
    }

    private static async Task<GatewayLink> ReturnAsync(SessionBed bed, ParticipantSession session)
    {
        var link = new GatewayLink();
        Assert.NotNull(await bed.DoAsync(() => bed.Table.Resume(new OpenSession
        {
            RoomId = "room",
            Epoch = 2,
            Identity = session.Identity.Value,
            ResumeSid = session.Sid
        }, link)));
        return link;
    }

    /// <summary>A client that chooses what it receives says so before it offers, and perhaps before those it receives have come.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_client_chose_to_receive_it_receives_again_whoever_comes_first(bool publisherIsCarriedFirst)
    {
        await using var bed = new SessionBed();
        var (ann, annLink) = await bed.JoinAsync("ann", Offers.Of("aaaa", Receiving));
        await bed.AskAsync(ann,
            new SignalRequest { AddTrack = new AddTrackRequest { Cid = "cam", Type = TrackType.Video, Source = TrackSource.Camera } });
        await bed.AskAsync(ann, Offer("aaaa", [.. Receiving, Offers.Video("sendonly")]));
        var camera = ann.Tracks[0].Sid;
        var (bob, bobLink) = await bed.JoinAsync("bob", Offers.Of("bbbb", Receiving), change: Manual);
        Assert.Empty(bob.Subscriptions);
        await bed.AskAsync(bob, Want(camera));
        await bed.AskAsync(bob, Offer("bbbb", Receiving));
        Assert.Equal("1", Assert.Single(bob.Subscriptions).Mid);
        var (annCarried, bobCarried) = (SessionBed.Carried(annLink)!, SessionBed.Carried(bobLink)!);

        ParticipantSession? annThere = null;
        if (publisherIsCarriedFirst) annThere = await CarryAnnAsync();
        var (bobThere, _) = await bed.JoinAsync("bob", epoch: 2,
            change: open => { Manual(open); (open.ResumeSid, open.Carried) = (bob.Sid, bobCarried); });
        var back = await ReturnAsync(bed, bobThere);
        await bed.AskAsync(bobThere, new SignalRequest
        {
            SyncState = new SyncState
            {
                Subscription =
            new UpdateSubscription { TrackSids = { camera }, Subscribe = true }
            }
        });
        await bed.AskAsync(bobThere, Offer("dddd", Receiving));
        var answers = Answers(SessionBed.Told(back));
        Assert.Equal(publisherIsCarriedFirst ? 1 : 0, answers.Count); // without her track the section would lose it at the client
        annThere ??= await CarryAnnAsync();
        if (!publisherIsCarriedFirst) answers = Answers(SessionBed.Told(back));
        Assert.Equal(("1", camera), Assert.Single(Assert.Single(answers).MidToTrackId.Select(pair => (pair.Key, pair.Value))));
        await bed.AskAsync(annThere, Offer("cccc", [.. Receiving, Offers.Video("sendonly")]));
        var told = SessionBed.Told(back);
        if (told.Exists(response => response.MediaSectionsRequirement is not null)) await bed.AskAsync(bobThere, Offer("dddd", Receiving));
        Assert.DoesNotContain(told, response => response.SubscriptionPermissionUpdate is not null);
        var subscription = Assert.Single(bobThere.Subscriptions);
        Assert.Equal(("1", camera), (subscription.Mid, subscription.Track.Sid));
        Assert.True(await bed.OnShardAsync(0, shard => shard.Engine.FindSubscription(subscription.Number) is not null));
        Assert.Null(bed.Broken);

        static List<SessionDescription> Answers(List<SignalResponse> told) =>
            [.. told.Select(response => response.Answer).OfType<SessionDescription>()];

        async Task<ParticipantSession> CarryAnnAsync() =>
            (await bed.JoinAsync("ann", epoch: 2, change: open => (open.ResumeSid, open.Carried) = (ann.Sid, annCarried))).Session;
    }

    /// <summary>Only after an inactive answer does its client see that another track has come.</summary>
    [Fact]
    public async Task A_section_whose_track_has_not_come_rests_before_it_carries_another()
    {
        await using var bed = new SessionBed();
        var (bob, bobLink) = await bed.JoinAsync("bob", Offers.Of("bbbb", Receiving));
        var carried = SessionBed.Carried(bobLink)!;
        carried.Tracks["1"] = "TR_Vgone";
        var (cat, _) = await bed.JoinAsync("cat", Offers.Of("cccc", Offers.Audio("recvonly")), epoch: 2);
        await bed.AskAsync(cat,
            new SignalRequest { AddTrack = new AddTrackRequest { Cid = "cam", Type = TrackType.Video, Source = TrackSource.Camera } });
        await bed.AskAsync(cat, Offer("cccc", Offers.Audio("recvonly"), Offers.Video("sendonly")));
        var (there, _) = await bed.JoinAsync("bob", epoch: 2, change: open => (open.ResumeSid, open.Carried) = (bob.Sid, carried));
        var back = await ReturnAsync(bed, there);
        await bed.DoAsync(() => { there.Room.OfferAllTo(there); return true; });
        await bed.AskAsync(there, Offer("dddd", Receiving));
        SessionDescription? rested = null; // not at once: it may be on its way still
        await Eventually.HoldsAsync(async () =>
        {
            await bed.DoAsync(() => { bed.Table.Tick(); return true; });
            return (rested = SessionBed.Told(back).Select(response => response.Answer).OfType<SessionDescription>().SingleOrDefault())
                is not null;
        }, "the offer is answered");
        Assert.Empty(rested!.MidToTrackId);
        await bed.AskAsync(there, Offer("dddd", Receiving));
        Assert.Equal(cat.Tracks[0].Sid, Assert.Single(Assert.Single(SessionBed.Told(back).Select(response => response.Answer)
            .OfType<SessionDescription>()).MidToTrackId).Value);
    }

    /// <summary>A request whose acknowledgement was lost with the old owner comes again to the new one.</summary>
    [Theory]
    [InlineData(TrackType.Audio)]
    [InlineData(TrackType.Video)]
    public async Task A_track_that_is_announced_again_at_the_new_owner_is_the_same_track(TrackType type)
    {
        await using var bed = new SessionBed();
        var add = new SignalRequest { AddTrack = new AddTrackRequest { Cid = "its", Type = type } };
        var (ann, link) = await bed.JoinAsync("ann", Offers.Of("aaaa", Receiving));
        await bed.AskAsync(ann, add);
        await bed.AskAsync(ann,
            Offer("aaaa", [.. Receiving, type == TrackType.Audio ? Offers.Audio("sendonly", "its") : Offers.Video("sendonly", "its")]));
        var (there, thereLink) = await CarryAsync(bed, ann, link);
        await bed.AskAsync(there, add);
        Assert.Equal(ann.Tracks[0].Sid, Assert.Single(there.Tracks).Sid);
        Assert.Equal(ann.Tracks[0].Sid, Assert.Single(SessionBed.Told(thereLink).Select(response => response.TrackPublished)
            .OfType<TrackPublishedResponse>()).Track.Sid);
    }

    /// <summary>Bob was away when the room moved and never comes back; cat has joined anew; dan is carried.</summary>
    [Fact]
    public async Task Whoever_does_not_come_with_the_room_is_gone_for_those_who_do()
    {
        await using var bed = new SessionBed();
        var sessions = new Dictionary<string, (ParticipantSession Session, GatewayLink Link)>();
        foreach (var identity in (string[])["ann", "bob", "cat", "dan"])
            sessions[identity] = await bed.JoinAsync(identity, Offers.Of("aaaa", Receiving));
        await bed.JoinAsync("hidden", change: static open => open.Grants.Hidden = true);
        await bed.DoAsync(() => { bed.Table.Tick(); return true; });
        var (ann, annLink) = await CarryAsync(bed, sessions["ann"].Session, sessions["ann"].Link);
        await CarryAsync(bed, sessions["dan"].Session, sessions["dan"].Link);
        await bed.JoinAsync("cat", epoch: 2);
        annLink = await ReturnAsync(bed, ann);
        SessionBed.Told(annLink);
        var now = Environment.TickCount64;
        await MissAsync(hasLease: true, now + RoomSession.ComingMs / 2);
        await MissAsync(hasLease: false, now + RoomSession.ComingMs * 2); // nobody could come
        await MissAsync(hasLease: true, now + RoomSession.ComingMs * 5 / 2);
        Assert.Empty(SessionBed.Told(annLink));
        await MissAsync(hasLease: true, now + RoomSession.ComingMs * 4);
        var gone = Assert.Single(Assert.Single(SessionBed.Told(annLink)).Update.Participants);
        Assert.Equal((sessions["bob"].Session.Sid, "bob", ParticipantInfo.Types.State.Disconnected), (gone.Sid, gone.Identity, gone.State));
        var dan = ann.Room.Find(new Model.ParticipantIdentity("dan"))!; // he comes later than all that
        Assert.Contains(SessionBed.Told(await ReturnAsync(bed, dan)),
            response => response.Update?.Participants.Any(info => info.Identity == "bob"
            && info.State == ParticipantInfo.Types.State.Disconnected) == true);
        await MissAsync(hasLease: true, now + RoomSession.ComingMs * 8);
        Assert.Empty(SessionBed.Told(annLink)); // once

        Task<bool> MissAsync(bool hasLease, long atMs) => bed.DoAsync(() => { ann.Room.TellMissing(hasLease, atMs); return true; });
    }

    /// <summary>However large the room, and however it came to be: each is named by those before it, and few by each.</summary>
    [Fact]
    public async Task Those_who_come_name_those_who_do_not_whoever_they_are()
    {
        await using var bed = new SessionBed();
        await bed.DoAsync(() =>
        {
            Harness.Seeds.Run(10, random =>
            {
                var links = new Dictionary<ParticipantSession, GatewayLink>();
                for (var i = random.Next(1, 60); i > 0; i--)
                {
                    var (session, link) = bed.Join($"p{random.Next(1_000)}", Offers.Of("aaaa", Offers.Audio("recvonly")));
                    foreach (var replaced in links.Keys.Where(known => known.Identity == session.Identity).ToList()) links.Remove(replaced);
                    links[session] = link;
                    if (random.Next(5) > 0) continue;
                    var leaving = links.Keys.ElementAt(random.Next(links.Count));
                    links.Remove(leaving);
                    bed.Table.Leave(leaving, SessionEndReason.Left);
                }
                bed.Table.Tick();
                var named = links.ToDictionary(pair => pair.Key,
                    pair => SessionBed.Carried(pair.Value)!.Others.Select(other => other.Sid).ToHashSet());
                Assert.All(named.Values, few => Assert.InRange(few.Count, 0, RoomSession.MostNamed));
                foreach (var missing in links.Keys)
                    Assert.Equal(Math.Min(RoomSession.MostNamed, links.Count - 1), named.Count(pair => pair.Value.Contains(missing.Sid)));
                foreach (var session in links.Keys) bed.Table.Leave(session, SessionEndReason.Left);
            });
            return true;
        });
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task A_session_that_is_carried_late_does_not_put_its_client_out()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann", Offers.Of("aaaa", Receiving));
        var late = new OpenSession
        {
            RoomId = "room",
            Epoch = 2,
            Identity = "ann",
            ResumeSid = ann.Sid,
            Carried = SessionBed.Carried(link),
        };
        Assert.Null(await WhyNotAsync()); // the room is not here yet
        var (there, _) = await bed.JoinAsync("ann", epoch: 2,
            change: open => (open.ResumeSid, open.Carried) = (late.ResumeSid, late.Carried));
        Assert.Null(await WhyNotAsync()); // through another gateway, and no client has come yet
        await ReturnAsync(bed, there);
        Assert.Equal(Model.FailureCode.AlreadyExists, (await WhyNotAsync())!.Code);
        await bed.DoAsync(() => { SessionTable.Detached(there, there.Link!); return true; });
        Assert.Equal(Model.FailureCode.AlreadyExists, (await WhyNotAsync())!.Code); // nor while it is away again
        late.Carried = null;
        Assert.Null(await WhyNotAsync()); // whoever joins anew replaces it

        Task<Model.Failure?> WhyNotAsync() => bed.DoAsync(() => bed.Table.WhyNotCarried(late));
    }
}
