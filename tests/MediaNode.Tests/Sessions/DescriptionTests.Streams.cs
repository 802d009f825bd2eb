using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Tests.Sdp;

namespace VideoScale.MediaNode.Tests.Sessions;

public sealed partial class DescriptionTests
{
    /// <summary>
    /// Voice is sent without its silence and in mono unless its track asks for more, whatever the client offers; a viewer hears of stereo.
    /// </summary>
    [LiveKitSurface("Media", "Opus: usedtx, stereo, maxaveragebitrate", Surface.Served)]
    [Fact]
    public async Task Opus_is_sent_as_its_track_asks()
    {
        await using var bed = new SessionBed();
        (AddTrackRequest Asked, string Sent, string Received)[] cases =
        [
            (new(), "minptime=10;useinbandfec=1;usedtx=1", "minptime=10;useinbandfec=1"),
            (new() { AudioFeatures = { AudioTrackFeature.TfNoDtx } }, "minptime=10;useinbandfec=1", "minptime=10;useinbandfec=1"),
            (new() { DisableDtx = true, Stereo = true }, "minptime=10;useinbandfec=1;stereo=1;maxaveragebitrate=510000",
                "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"),
            (new() { AudioFeatures = { AudioTrackFeature.TfStereo } },
                "minptime=10;useinbandfec=1;usedtx=1;stereo=1;maxaveragebitrate=510000",
                "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"),
        ];
        var offer = Offers.Of("aaaa", Offers.Audio("sendonly")
            .Replace("minptime=10;useinbandfec=1", "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1", StringComparison.Ordinal));
        foreach (var (asked, sent, received) in cases)
        {
            var (ann, link) = await bed.JoinAsync("ann");
            (asked.Cid, asked.Type, asked.Source) = ("mic", TrackType.Audio, TrackSource.Microphone);
            await bed.AskAsync(ann, new SignalRequest { AddTrack = asked });
            await bed.AskAsync(ann, new SignalRequest { Offer = new SessionDescription { Type = "offer", Sdp = offer } });
            Assert.Equal(sent, Parameters(SessionBed.Told(link)));
            var info = Assert.Single(ann.Info.Tracks);
            Assert.Equal((info.Stereo, info.DisableDtx),
                (info.AudioFeatures.Contains(AudioTrackFeature.TfStereo), info.AudioFeatures.Contains(AudioTrackFeature.TfNoDtx)));
            var (bob, bobLink) = await bed.JoinAsync("bob",
                Offers.Of("bbbb", Offers.Audio("recvonly").Replace("useinbandfec=1", "useinbandfec=1;stereo=1", StringComparison.Ordinal)));
            Assert.Equal(received, Parameters(SessionBed.Told(bobLink)));
            await bed.AskAsync(bob, new SignalRequest { Leave = new LeaveRequest() });
            await bed.AskAsync(ann, new SignalRequest { Leave = new LeaveRequest() });
        }

        static string Parameters(List<SignalResponse> told) => told.Single(response => response.Answer is not null).Answer.Sdp.Split("\r\n")
            .Single(line => line.StartsWith("a=fmtp:111 ", StringComparison.Ordinal))["a=fmtp:111 ".Length..];
    }

    /// <summary>
    /// An unpublished track's source is free for the next; while it is not, a second track under it is refused instead of taken for sent.
    /// </summary>
    [Fact]
    public async Task A_second_track_under_a_source_in_use_is_refused()
    {
        await using var bed = new SessionBed();
        var (ann, link) = await bed.JoinAsync("ann");
        await bed.AskAsync(ann, Add("mic", TrackType.Audio));
        await bed.AskAsync(ann, Offer("mic"));
        await bed.AskAsync(ann, Add("mic2", TrackType.Audio));
        await bed.AskAsync(ann, Offer("mic2")); // its client replaced it on the same section, under the same source
        var replaced = Assert.Single(ann.Tracks);
        Assert.Equal("mic2", replaced.Request.Cid);
        Assert.True(await bed.OnShardAsync(0, shard => shard.Engine.FindPublication(replaced.Number) is not null));
        SessionBed.Told(link);
        await bed.AskAsync(ann, Add("mic3", TrackType.Audio));
        await bed.AskAsync(ann, Offer("mic2", "mic3"));
        Assert.Contains(SessionBed.Told(link), response => response.RequestResponse?.AddTrack?.Cid == "mic3");
        Assert.Same(replaced, Assert.Single(ann.Tracks));
        Assert.Null(bed.Broken);

        static SignalRequest Offer(params string[] tracks) =>
            new()
            {
                Offer = new SessionDescription
                {
                    Type = "offer",
                    Sdp = Offers.Of("aaaa", [.. tracks.Select(track => Offers.Audio("sendonly", track))])
                }
            };
    }

    /// <summary>A viewer takes what its own profile includes, under its own payload type; of what it cannot it is told.</summary>
    [LiveKitSurface("Media", "H.264 in each profile", Surface.Served, "to viewers who decode the profile")]
    [Theory]
    [InlineData("h264-main", "packetization-mode=1;profile-level-id=4d0029", true)]
    [InlineData("h264-main", "packetization-mode=1;profile-level-id=42e01f", false)]
    [InlineData("h264-main", "packetization-mode=0;profile-level-id=4d001f", false)]
    [InlineData("h264-high", "packetization-mode=1;profile-level-id=640c28", true)]
    [InlineData("h264-high", "packetization-mode=1;profile-level-id=42e01f", false)]
    [InlineData("h264-baseline", "packetization-mode=1;profile-level-id=42e01f", true)]
    [InlineData("h264-constrained-baseline", "packetization-mode=1;profile-level-id=640c1f", true)]
    [InlineData("h264-constrained-baseline", "packetization-mode=1;profile-level-id=4d001f", true)]
    [InlineData("h264-without-fmtp", "packetization-mode=1;profile-level-id=42e01f", true)]
    [InlineData("h264-without-fmtp", "", true)]
    public async Task A_stream_goes_where_its_profile_is_decoded(string published, string viewer, bool goes)
    {
        await using var bed = new SessionBed();
        var (session, _) = await JoinAsync(bed, "ann", DescriptionCorpus.Read(published));
        Assert.Equal("video/H264", Assert.Single(session.Info.Tracks).MimeType);
        var fmtp = viewer.Length == 0 ? "" : $"a=fmtp:103 {viewer}\r\n";
        var (bob, told) = await JoinAsync(bed, "bob", Offers.Of("bbbb", Offers.Video("recvonly")
            .Replace("a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n", fmtp,
            StringComparison.Ordinal)));
        Assert.Equal(goes ? "0" : "", Assert.Single(bob.Subscriptions).Mid);
        Assert.Equal(goes ? [] : [SubscriptionError.SeCodecUnsupported],
            told.Select(response => response.SubscriptionResponse).OfType<SubscriptionResponse>().Select(failed => failed.Err));
        if (goes)
            Assert.Contains("m=video 9 UDP/TLS/RTP/SAVPF 103 104\r\n", told.Single(response => response.Answer is not null).Answer.Sdp,
                StringComparison.Ordinal);
    }
}
