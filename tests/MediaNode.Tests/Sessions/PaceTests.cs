using LiveKit.Proto;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>
/// Small requests, each of which moves others: who repeats them moves the others no more often than the node ticks, and then to where it
/// stands.
/// </summary>
public sealed class PaceTests
{
    private const int Repeats = 100;
    /// <summary>At once, and with the tick.</summary>
    private const int AFew = 8;

    private static Task<bool> TickAsync(SessionBed bed) => bed.DoAsync(() =>
    {
        bed.Table.Tick();
        return true;
    });

    private static async Task<(ParticipantSession, GatewayLink)> PublishAsync(SessionBed bed)
    {
        var (ann, link) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Audio("recvonly")));
        await bed.AskAsync(ann,
            new SignalRequest { AddTrack = new AddTrackRequest { Cid = "cam", Type = TrackType.Video, Source = TrackSource.Camera } });
        await bed.AskAsync(ann, new SignalRequest
        {
            Offer = new SessionDescription
            {
                Type = "offer",
                Id = 2,
                Sdp = Offers.Of("aaaa", Offers.Audio("recvonly"), Offers.Simulcast())
            }
        });
        return (ann, link);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rights_that_change_without_end_move_the_viewers_a_few_times_and_hold_as_they_were_said_last(bool allowed)
    {
        await using var bed = new SessionBed();
        var (ann, _) = await PublishAsync(bed);
        var (bob, bobLink) = await bed.JoinAsync("bob", Offers.Of("bbbb", Offers.Video("recvonly")));
        SessionBed.Told(bobLink);
        var said = allowed;
        for (var i = 0; i < Repeats; i++) await bed.AskAsync(ann, Permit(said = !said));
        await bed.AskAsync(ann, Permit(allowed));
        Assert.Equal(allowed, ann.Allows(bob, ann.Tracks[0])); // whatever is asked for from now on
        await TickAsync(bed);
        var told = SessionBed.Told(bobLink);
        Assert.InRange(told.Count, 1, 4 * AFew);
        Assert.Equal((allowed ? 1 : 0, allowed), (bob.Subscriptions.Count, told.Last(response =>
            response.SubscriptionPermissionUpdate is not null).SubscriptionPermissionUpdate.Allowed));

        static SignalRequest Permit(bool all) => new() { SubscriptionPermission = new SubscriptionPermission { AllParticipants = all } };
    }

    [Theory]
    [InlineData(VideoQuality.Low)]
    [InlineData(VideoQuality.High)]
    public async Task Wishes_that_change_without_end_are_told_to_the_publisher_a_few_times_and_then_as_they_are(VideoQuality last)
    {
        await using var bed = new SessionBed();
        var (ann, annLink) = await PublishAsync(bed);
        var (bob, _) = await bed.JoinAsync("bob", Offers.Of("bbbb", Offers.Video("recvonly")));
        SessionBed.Told(annLink);
        for (var i = 0; i < Repeats; i++) await bed.AskAsync(bob, Want(i % 2 == 0 ? VideoQuality.Low : VideoQuality.High));
        await bed.AskAsync(bob, Want(last));
        await TickAsync(bed);
        var told = SessionBed.Told(annLink).Select(response => response.SubscribedQualityUpdate).OfType<SubscribedQualityUpdate>().ToList();
        Assert.InRange(told.Count, 1, AFew);
        Assert.Equal(last == VideoQuality.High,
            told[^1].SubscribedQualities.Single(quality => quality.Quality == VideoQuality.High).Enabled);

        SignalRequest Want(VideoQuality quality) =>
            new() { TrackSetting = new UpdateTrackSettings { TrackSids = { ann.Tracks[0].Sid, ann.Tracks[0].Sid }, Quality = quality } };
    }

    [Fact]
    public async Task How_to_carry_a_session_is_told_a_few_times_and_then_as_it_is()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await PublishAsync(bed);
        var carried = 0;
        CarriedSession? last = null;
        for (var i = 0; i < Repeats; i++)
            await bed.AskAsync(ann, new SignalRequest { Mute = new MuteTrackRequest { Sid = ann.Tracks[0].Sid, Muted = i % 2 == 0 } });
        await bed.AskAsync(ann, new SignalRequest { Mute = new MuteTrackRequest { Sid = ann.Tracks[0].Sid, Muted = true } });
        await TickAsync(bed);
        while (link.Messages.TryRead(out var message))
        {
            if (message.Carried is null) continue;
            carried++;
            last = message.Carried;
        }
        Assert.InRange(carried, 1, 3 * AFew);
        Assert.True(ParticipantInfo.Parser.ParseFrom(last!.Participant).Tracks.Single().Muted);
    }

    /// <summary>What its client has said meanwhile may keep the others waiting, but not its next token, nor its next node.</summary>
    [Fact]
    public async Task Rights_that_are_taken_away_reach_the_gateway_at_once()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann", Offers.Of("aaaa", Offers.Audio("recvonly")),
            change: static open => open.Grants.CanUpdateMetadata = true);
        await bed.DoAsync(() =>
        {
            for (var i = 0; i < Repeats && !ann.Pace.IsDue; i++)
                ann.Handle(new SignalRequest
                {
                    UpdateMetadata = new UpdateParticipantMetadata
                    {
                        Metadata =
                    $"{i} {new string('m', 500 * 1024)}"
                    }
                });
            Assert.True(ann.Pace.IsDue);
            while (link.Messages.TryRead(out _)) { }
            ann.Permit(new ParticipantPermission { CanSubscribe = true });
            return true;
        });
        (SessionClaims? claims, CarriedSession? carried) = (null, null);
        while (link.Messages.TryRead(out var message)) (claims, carried) = (message.Claims ?? claims, message.Carried ?? carried);
        Assert.Equal((false, false),
            (claims!.Grants.CanPublish, ParticipantInfo.Parser.ParseFrom(carried!.Participant).Permission.CanPublish));
    }
}
