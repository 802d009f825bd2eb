using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.Model;
using VideoScale.V1;
using Reason = LiveKit.Proto.RequestResponse.Types.Reason;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>What participants say of themselves is bounded: nobody can shut a room for the others.</summary>
public sealed class TextLimitTests
{
    private static readonly Action<OpenSession> MayUpdate = static open => open.Grants.CanUpdateMetadata = true;

    private static SignalRequest Update(uint id, string name = "", string metadata = "", params (string Key, string Value)[] attributes)
    {
        var update = new UpdateParticipantMetadata { RequestId = id, Name = name, Metadata = metadata };
        foreach (var (key, value) in attributes) update.Attributes[key] = value;
        return new SignalRequest { UpdateMetadata = update };
    }

    private static Reason AnswerOf(IEnumerable<SignalResponse> told, uint id) =>
        Assert.Single(told, response => response.RequestResponse?.RequestId == id).RequestResponse.Reason;

    [Fact]
    public async Task Texts_over_the_limits_are_refused_and_change_nothing()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann", change: MayUpdate);
        await bed.AskAsync(ann, Update(1, name: new string('n', 257)));
        await bed.AskAsync(ann, Update(2, metadata: new string('m', 512 * 1024 + 1)));
        await bed.AskAsync(ann, Update(3, attributes: ("a", new string('a', 64 * 1024))));
        await bed.AskAsync(ann, Update(4, name: "Ann", metadata: new string('ä', 257 * 1024)));
        var told = SessionBed.Told(link);
        foreach (var id in (uint[])[1, 2, 3, 4]) Assert.Equal(Reason.LimitExceeded, AnswerOf(told, id));
        Assert.Equal(("ann", "", 0), (ann.Info.Name, ann.Info.Metadata, ann.Info.Attributes.Count));
        await bed.AskAsync(ann, Update(5, name: new string('n', 256), metadata: new string('m', 512 * 1024),
            attributes: ("a", new string('a', 64 * 1024 - 1))));
        Assert.Equal(Reason.Ok, AnswerOf(SessionBed.Told(link), 5));
    }

    [LiveKitSurface("Signalling", "update_metadata with request_response", Surface.Served,
        "attributes are measured by what they come to, not by each change")]
    [Fact]
    public async Task Attributes_are_measured_by_what_they_come_to()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann", change: MayUpdate);
        for (uint i = 0; i < 72; i++) await bed.AskAsync(ann, Update(i + 1, attributes: ($"key{i:d2}", new string('v', 1_019))));
        var told = SessionBed.Told(link);
        Assert.All(Enumerable.Range(1, 64), id => Assert.Equal(Reason.Ok, AnswerOf(told, (uint)id)));
        Assert.All(Enumerable.Range(65, 8), id => Assert.Equal(Reason.LimitExceeded, AnswerOf(told, (uint)id)));
        Assert.True(TextLimits.BytesOf(ann.Info.Attributes) <= TextLimits.MaxAttributesBytes);
        await bed.AskAsync(ann, Update(80, attributes: [("key00", ""), ("other", new string('v', 1_019))])); // one goes, one comes
        Assert.Equal(Reason.Ok, AnswerOf(SessionBed.Told(link), 80));
    }

    [Fact]
    public async Task The_server_api_is_refused_in_the_same_way()
    {
        await using var bed = new SessionBed();
        var (ann, _) = await bed.JoinAsync("ann");
        var failure = await bed.DoAsync(() => ann.Describe("", new string('m', 512 * 1024 + 1), []));
        Assert.Equal(FailureCode.InvalidArgument, failure!.Code);
        Assert.Contains("metadata", failure.Message, StringComparison.Ordinal);
    }

    [LiveKitSurface("Signalling", "subscription_permission", Surface.Served, "up to 2,000 entries")]
    [Fact]
    public async Task Tracks_with_endless_texts_and_endless_permissions_are_refused_aloud()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann");
        await bed.AskAsync(ann,
            new SignalRequest { AddTrack = new AddTrackRequest { Cid = "c", Type = TrackType.Audio, Name = new string('n', 1_025) } });
        await bed.AskAsync(ann,
            new SignalRequest { AddTrack = new AddTrackRequest { Cid = new string('c', 1_025), Type = TrackType.Audio } });
        var permission = new SubscriptionPermission();
        for (var i = 0; i < 2_001; i++) permission.TrackPermissions.Add(new TrackPermission { ParticipantIdentity = "bob" });
        await bed.AskAsync(ann, new SignalRequest { SubscriptionPermission = permission });
        Assert.Equal(3, SessionBed.Told(link).Count(response => response.RequestResponse?.Reason == Reason.LimitExceeded));
        Assert.Empty(ann.Tracks);
    }

    [Fact]
    public async Task A_list_of_sources_that_names_none_we_know_allows_none_also_after_a_move()
    {
        await using var bed = new SessionBed();
        Action<OpenSession> noSource = static open => open.Grants.CanPublishSources.Add(-1);
        var (ann, link) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Audio("recvonly")), change: noSource);
        foreach (var source in Enum.GetValues<TrackSource>())
            await bed.AskAsync(ann,
                new SignalRequest { AddTrack = new AddTrackRequest { Cid = "c", Type = TrackType.Video, Source = source } });
        Assert.Equal(Enum.GetValues<TrackSource>().Length,
            SessionBed.Told(link).Count(response => response.RequestResponse?.Reason == Reason.NotAllowed));
        var carried = new CarriedSession { Participant = Google.Protobuf.MessageExtensions.ToByteString(ann.Info) };
        var (moved, movedLink) = await bed.JoinAsync("ann", epoch: 2, change: open =>
        {
            noSource(open);
            open.ResumeSid = ann.Sid;
            open.Carried = carried;
        });
        foreach (var source in Enum.GetValues<TrackSource>())
            await bed.AskAsync(moved,
                new SignalRequest { AddTrack = new AddTrackRequest { Cid = "c", Type = TrackType.Video, Source = source } });
        Assert.Equal(Enum.GetValues<TrackSource>().Length,
            SessionBed.Told(movedLink).Count(response => response.RequestResponse?.Reason == Reason.NotAllowed));
    }

    [Fact]
    public async Task Who_changes_large_texts_without_end_is_told_of_at_a_bounded_rate_and_as_it_is_then()
    {
        await using var bed = new SessionBed();
        var (abuser, _) = await bed.JoinAsync("abuser", change: MayUpdate);
        var (bob, bobLink) = await bed.JoinAsync("bob");
        SessionBed.Told(bobLink);
        const int updates = 100;
        for (uint i = 0; i < updates; i++) await bed.AskAsync(abuser, Update(i + 1, metadata: $"{i} {new string('m', 500 * 1024)}"));
        var heard = SessionBed.Told(bobLink).Sum(response => response.CalculateSize());
        // a slow machine takes seconds for it
        Assert.InRange(heard, 1, AnnouncementPace.BurstBytes + (1 << 20) + AnnouncementPace.BytesPerSecond * 30);
        var isLast = false;
        for (var waited = 0; !isLast && waited < 600; waited++)
        {
            await Task.Delay(50);
            await bed.DoAsync(() =>
            {
                bed.Table.Tick();
                return true;
            });
            isLast = SessionBed.Told(bobLink).Any(response => response.Update?.Participants.Any(participant =>
                participant.Metadata.StartsWith($"{updates - 1} ", StringComparison.Ordinal)) == true);
        }
        Assert.True(isLast, "bob was never told of the last text");
        Assert.NotNull(bob.Link);
    }

    [Fact]
    public async Task Newcomers_and_listings_get_a_room_full_of_large_texts_in_parts()
    {
        await using var bed = new SessionBed();
        for (var i = 0; i < 12; i++) await bed.JoinAsync($"p{i:d2}", change: open => open.Metadata = new string('m', 300 * 1024));
        var (_, link) = await bed.JoinAsync("newcomer");
        var told = SessionBed.Told(link);
        Assert.Equal(SignalResponse.MessageOneofCase.Join, told[0].MessageCase);
        Assert.All(told, response => Assert.InRange(response.CalculateSize(), 1, 2 * ParticipantChunks.MaxBytes));
        var known = told[0].Join.OtherParticipants.Concat(told.Skip(1).SelectMany(response => response.Update?.Participants ?? []))
            .Select(participant => participant.Identity).Distinct();
        Assert.Equal(13, known.Append("newcomer").Distinct().Count());

        var listed = new List<string>();
        var request = new ListSessionsRequest { RoomId = "room", Paged = true };
        do
        {
            var page = await bed.DoAsync(() => SessionPages.Of(bed.Table.Find(new RoomId("room")), request));
            Assert.InRange(page.CalculateSize(), 1, SessionPages.MaxPageBytes + (64 << 10));
            listed.AddRange(page.Participants.Select(info => ParticipantInfo.Parser.ParseFrom(info).Identity));
            request.After = page.Next;
        }
        while (request.After.Length > 0);
        Assert.Equal(13, listed.Count);
        Assert.Equal(listed.Order(StringComparer.Ordinal), listed);
        Assert.Equal("p03", ParticipantInfo.Parser.ParseFrom(Assert.Single(SessionPages.Of(bed.Table.Find(new RoomId("room")),
            new ListSessionsRequest { RoomId = "room", Identity = "p03", Paged = true }).Participants)).Identity);
        // as before there were pages
        Assert.Equal(13,
            SessionPages.Of(bed.Table.Find(new RoomId("room")), new ListSessionsRequest { RoomId = "room" }).Participants.Count);
    }

    [Fact]
    public void A_pace_lets_bursts_pass_and_then_its_rate()
    {
        var pace = new AnnouncementPace();
        var passed = 0L;
        for (var ms = 0L; ms < 60_000; ms += 10)
            if (pace.Take(100_000, ms)) passed += 100_000;
        Assert.InRange(passed, AnnouncementPace.BurstBytes + 59L * AnnouncementPace.BytesPerSecond,
            AnnouncementPace.BurstBytes + 61L * AnnouncementPace.BytesPerSecond + 100_000);
        var quiet = new AnnouncementPace();
        for (var ms = 0L; ms < 60_000; ms += 100) Assert.True(quiet.Take(5_000, ms)); // ten small changes a second are never late
    }
}
