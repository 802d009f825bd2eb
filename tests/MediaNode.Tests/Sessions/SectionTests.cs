using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Tests.Sdp;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>Which section carries which track, and what a client hears of a track that none can carry.</summary>
public sealed class SectionTests
{
    private static string Vp8(string direction) => Only(Offers.Video(direction), "96 97", "103", "104");
    private static string H264(string direction, string track = "cam") => Only(Offers.Video(direction, track), "103 104", "96", "97");
    private static string Only(string section, string types, params string[] gone) => string.Concat(
        section.Replace("96 97 103 104", types, StringComparison.Ordinal).Split("\r\n")
            .Where(line => !gone.Any(type => line.Contains($":{type} ", StringComparison.Ordinal))).Select(line => line + "\r\n"));

    private static SignalRequest Offer(uint id, string fragment, params string[] sections) =>
        new() { Offer = new SessionDescription { Type = "offer", Id = id, Sdp = Offers.Of(fragment, sections) } };

    private static async Task<PublishedTrack> PublishAsync(SessionBed bed, string identity, params string[] sections)
    {
        var fragment = identity + identity;
        var (session, _) = await bed.JoinAsync(identity);
        await bed.AskAsync(session,
            new SignalRequest { AddTrack = new AddTrackRequest { Cid = "cam", Type = TrackType.Video, Source = TrackSource.Camera } });
        await bed.AskAsync(session, Offer(1, fragment, sections));
        return session.Tracks[0];
    }

    [LiveKitSurface("Signalling", "subscription_response{SE_CODEC_UNSUPPORTED}", Surface.Served)]
    [Fact]
    public async Task A_track_that_fits_no_section_is_told_once_and_keeps_no_other_waiting()
    {
        await using var bed = new SessionBed();
        var first = await PublishAsync(bed, "ann", H264("sendonly"));
        var second = await PublishAsync(bed, "bob", Vp8("sendonly"));
        string[] receiving = [Vp8("recvonly"), Vp8("recvonly"), Vp8("recvonly")];
        var (cat, link) = await bed.JoinAsync("cat", Offers.Of("cccc", receiving));
        var told = SessionBed.Told(link);
        Assert.Equal([second.Sid], told.Single(response => response.Answer is not null).Answer.MidToTrackId.Values);
        Assert.Equal((first.Sid, SubscriptionError.SeCodecUnsupported),
            Assert.Single(told.Select(response => response.SubscriptionResponse).OfType<SubscriptionResponse>()
            .Select(failed => (failed.TrackSid, failed.Err))));
        Assert.DoesNotContain(told, response => response.MediaSectionsRequirement is not null); // offering anew would change nothing

        for (var i = 2u; i < 20; i++) await bed.AskAsync(cat, Offer(i, "cccc", receiving));
        Assert.All(SessionBed.Told(link), response => Assert.NotNull(response.Answer));
        var third = await PublishAsync(bed, "dan", H264("sendonly")); // and whoever comes later: what she can take is known
        told = SessionBed.Told(link);
        Assert.Equal(third.Sid,
            Assert.Single(told.Select(response => response.SubscriptionResponse).OfType<SubscriptionResponse>()).TrackSid);
        Assert.DoesNotContain(told, response => response.MediaSectionsRequirement is not null);

        await bed.AskAsync(cat, Offer(30, "cccc", [.. receiving, H264("recvonly")])); // a browser that has learned it
        told = SessionBed.Told(link);
        Assert.Contains(first.Sid, told.Single(response => response.Answer is not null).Answer.MidToTrackId.Values);
        Assert.Equal(1u, told.Single(response => response.MediaSectionsRequirement is not null).MediaSectionsRequirement.NumVideos);
        Assert.Null(bed.Broken);
    }

    /// <summary>
    /// The client of a test that offers again at each requirement, always the same: without an end it would go on for ever.
    /// </summary>
    [Theory]
    [InlineData("recvonly")]
    [InlineData("inactive")]
    public async Task A_client_that_never_gives_a_section_is_asked_twice_and_told_once(string direction)
    {
        await using var bed = new SessionBed();
        var track = await PublishAsync(bed, "ann", Vp8("sendonly"));
        await PublishAsync(bed, "bob", Vp8("sendonly"));
        string[] sections = [Offers.Audio("recvonly"), Vp8(direction)]; // room for one of two, or for none
        var (cat, link) = await bed.JoinAsync("cat", Offers.Of("cccc", sections));
        var (asked, failures) = (0, new List<SubscriptionResponse>());
        for (var i = 2u; i < 50; i++)
        {
            var told = SessionBed.Told(link);
            failures.AddRange(told.Select(response => response.SubscriptionResponse).OfType<SubscriptionResponse>());
            if (!told.Exists(response => response.MediaSectionsRequirement is not null)) break;
            asked++;
            await bed.AskAsync(cat, Offer(i, "cccc", sections));
        }
        var waiting = direction == "recvonly" ? 1 : 2;
        Assert.Equal(2, asked);
        Assert.Equal(waiting, failures.Count);
        Assert.All(failures, failed => Assert.Equal(SubscriptionError.SeUnknown, failed.Err));
        await bed.AskAsync(cat, Offer(60, "cccc", [.. sections, Vp8("recvonly"), Vp8("recvonly")])); // what helps, helps
        Assert.Equal(2, SessionBed.Told(link).Single(response => response.Answer is not null).Answer.MidToTrackId.Count);
        Assert.Contains(cat.Subscriptions, subscription => subscription.Track == track && subscription.Mid.Length > 0);
    }

    /// <summary>Its viewers' sections rest once and carry it anew; who cannot take the new codec is told.</summary>
    [Fact]
    public async Task A_track_that_changes_its_codec_stays_and_its_viewers_follow()
    {
        await using var bed = new SessionBed();
        var track = await PublishAsync(bed, "ann", Offers.Video("sendonly"));
        var (both, link) = await bed.JoinAsync("bob", Offers.Of("bbbb", Offers.Video("recvonly")));
        var (one, oneLink) = await bed.JoinAsync("cat", Offers.Of("cccc", Vp8("recvonly")));
        SessionBed.Told(link);
        SessionBed.Told(oneLink);
        await bed.AskAsync(track.Owner, Offer(2, "annann", H264("sendonly")));
        Assert.Equal(("video/H264", 1), (Assert.Single(track.Owner.Info.Tracks).MimeType, track.Owner.Tracks.Count));
        Assert.Equal(SubscriptionError.SeCodecUnsupported,
            SessionBed.Told(oneLink).Single(response => response.SubscriptionResponse is not null).SubscriptionResponse.Err);
        Assert.Equal("", Assert.Single(one.Subscriptions).Mid);
        for (var i = 2u; i < 4; i++)
        {
            Assert.Contains(SessionBed.Told(link), response => response.MediaSectionsRequirement is not null);
            await bed.AskAsync(both, Offer(i, "bbbb", Offers.Video("recvonly")));
        }
        Assert.Equal(track.Sid,
            Assert.Single(SessionBed.Told(link).Single(response => response.Answer is not null).Answer.MidToTrackId).Value);
        var number = Assert.Single(both.Subscriptions).Number;
        Assert.Equal(103, await bed.OnShardAsync(0, shard => shard.Engine.FindSubscription(number)!.Options.PayloadType));
        Assert.Null(bed.Broken);
    }

    [Fact]
    public async Task A_section_that_can_no_longer_carry_its_track_lets_it_go_and_one_that_pauses_keeps_it()
    {
        await using var bed = new SessionBed();
        await PublishAsync(bed, "ann", Vp8("sendonly"));
        var (cat, link) = await bed.JoinAsync("cat", Offers.Of("cccc", Vp8("recvonly")));
        var subscription = Assert.Single(cat.Subscriptions);
        Assert.Equal("0", subscription.Mid);
        await bed.AskAsync(cat, Offer(2, "cccc", Vp8("inactive")));
        Assert.Equal(("0", -1), (subscription.Mid, subscription.WantedLayer)); // nobody looks
        await bed.AskAsync(cat, Offer(3, "cccc", Vp8("recvonly")));
        Assert.True(subscription.Mid == "0" && subscription.WantedLayer >= 0);
        SessionBed.Told(link);
        // that one is stopped, another takes its place
        await bed.AskAsync(cat,
            Offer(4, "cccc", Vp8("recvonly").Replace("m=video 9", "m=video 0", StringComparison.Ordinal), Vp8("recvonly")));
        Assert.Equal("1", Assert.Single(SessionBed.Told(link).Single(response => response.Answer is not null).Answer.MidToTrackId).Key);
        await bed.AskAsync(cat, Offer(5, "cccc", Vp8("recvonly").Replace("m=video 9", "m=video 0", StringComparison.Ordinal),
            Vp8("recvonly").Replace(" 96", " 98", StringComparison.Ordinal).Replace(":96 ", ":98 ", StringComparison.Ordinal)
            .Replace("apt=96", "apt=98", StringComparison.Ordinal)));
        Assert.Equal("1", subscription.Mid); // under another payload type
        Assert.Equal(98, await bed.OnShardAsync(0, shard => shard.Engine.FindSubscription(subscription.Number)!.Options.PayloadType));
    }

    /// <summary>LiveKit's clients add up what they are asked for.</summary>
    [LiveKitSurface("Signalling", "media_sections_requirement", Surface.Served, "what is missing since the client's last offer")]
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_is_asked_for_as_many_sections_as_it_lacks_however_many_turns_they_come_in(bool isAway)
    {
        const int tracks = 12;
        await using var bed = new SessionBed();
        var (cat, link) = await bed.JoinAsync("cat", Offers.Of("cccc", Offers.Audio("recvonly"), Vp8("recvonly")));
        if (isAway) await bed.DoAsync(() => { SessionTable.Detached(cat, link); return true; });
        for (var i = 0; i < tracks; i++) await PublishAsync(bed, $"p{i:d2}", Vp8("sendonly"));
        if (isAway)
            await bed.DoAsync(() => bed.Table.Resume(new V1.OpenSession
            {
                RoomId = "room",
                Epoch = 1,
                Identity = "cat",
                ResumeSid = cat.Sid
            }, link = new GatewayLink()));
        var asked = SessionBed.Told(link).Select(response => response.MediaSectionsRequirement).OfType<MediaSectionsRequirement>().ToList();
        Assert.Equal((0, tracks - 1), (asked.Sum(missing => missing.NumAudios), asked.Sum(missing => missing.NumVideos)));
        await bed.AskAsync(cat, Offer(2, "cccc", [Offers.Audio("recvonly"), .. Enumerable.Repeat(Vp8("recvonly"), tracks)]));
        var told = SessionBed.Told(link);
        Assert.Equal(tracks, told.Single(response => response.Answer is not null).Answer.MidToTrackId.Count);
        Assert.DoesNotContain(told, response => response.MediaSectionsRequirement is not null || response.SubscriptionResponse is not null);
    }

    /// <summary>Several turns may ask before its next offer, and that one may have been on its way.</summary>
    [LiveKitSurface("Signalling", "subscription_response{SE_UNKNOWN}", Surface.Served,
        "once two offers that came after the client was asked had no section")]
    [Fact]
    public async Task An_offer_that_was_on_its_way_is_not_held_against_its_client()
    {
        await using var bed = new SessionBed();
        var (cat, link) = await bed.JoinAsync("cat", Offers.Of("cccc", Offers.Audio("recvonly")));
        for (var i = 0; i < 4; i++) await PublishAsync(bed, $"p{i}", Vp8("sendonly"));
        SessionBed.Told(link);
        await bed.AskAsync(cat, Offer(2, "cccc", Offers.Audio("recvonly")));
        var told = SessionBed.Told(link);
        Assert.DoesNotContain(told, response => response.SubscriptionResponse is not null);
        Assert.Equal(4u, told.Single(response => response.MediaSectionsRequirement is not null).MediaSectionsRequirement.NumVideos);
        await bed.AskAsync(cat, Offer(3, "cccc", Offers.Audio("recvonly")));
        Assert.Equal(4, SessionBed.Told(link).Count(response => response.SubscriptionResponse?.Err == SubscriptionError.SeUnknown));
    }

    /// <summary>Joining with an offer that brings a track: what it publishes and what it lacks are one turn.</summary>
    [Fact]
    public async Task An_offer_that_publishes_is_followed_by_one_requirement()
    {
        await using var bed = new SessionBed();
        await PublishAsync(bed, "ann", Vp8("sendonly"));
        await PublishAsync(bed, "bob", Vp8("sendonly"));
        var (cat, link) = await bed.JoinAsync("cat");
        await bed.AskAsync(cat,
            new SignalRequest { AddTrack = new AddTrackRequest { Cid = "cam", Type = TrackType.Video, Source = TrackSource.Camera } });
        await bed.AskAsync(cat, Offer(1, "cccc", Vp8("sendonly")));
        Assert.Equal(2u,
            SessionBed.Told(link).Single(response => response.MediaSectionsRequirement is not null).MediaSectionsRequirement.NumVideos);
    }
}
