using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Tests.Sdp;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>Descriptions of every browser and device: what can be used is, and what cannot costs itself alone.</summary>
public sealed partial class DescriptionTests
{
    /// <summary>
    /// A section that brings ("in") or carries ("out") a track, rests ("-"), takes data channels ("data") or is refused ("x");
    /// tracks as their codec and number of layers.
    /// </summary>
    private static readonly (string Name, string Sections, string Tracks, string Refused)[] Expected =
    [
        ("firefox", "in in out data", "audio/opus 1, video/VP8 3", ""),
        ("safari-13", "in in", "audio/opus 1, video/VP8 1", ""),
        ("safari-18", "in in out", "video/VP8 3, audio/opus 1", ""),
        ("chrome-android", "data in in", "audio/opus 1, video/VP8 3", ""),
        ("react-native", "in in out out", "audio/opus 1, video/VP8 1", ""),
        ("unity", "in in", "video/VP8 1, audio/opus 1", ""),
        ("gstreamer", "in in", "video/H264 1, audio/opus 1", ""),
        ("obs", "in in", "audio/opus 1, video/H264 1", ""),
        ("chrome-sim-groups", "in in", "audio/opus 1, video/VP8 3", ""),
        ("two-layer-sim-group-without-rtx", "in", "video/VP8 2", ""),
        ("one-section-without-mid", "in", "audio/opus 1", ""),
        ("no-bundle", "in x", "audio/opus 1", "cam"),
        ("max-bundle", "in in out", "audio/opus 1, video/VP8 1", ""),
        ("bundle-of-strangers", "in in x", "audio/opus 1, video/VP8 1", ""),
        ("two-bundles", "in out", "audio/opus 1", ""),
        ("bundle-in-another-order", "in out in", "audio/opus 1, video/VP8 1", ""),
        ("rejected-sections", "in x x in", "audio/opus 1, video/VP8 1", ""),
        ("spoiled-sections", "x x x in x x", "video/VP8 1", ""),
        ("mids-twice", "in x out", "audio/opus 1", "cam"),
        ("payload-types-twice", "in in", "audio/opus 1, video/VP8 1", ""),
        ("several-fingerprints", "in in", "audio/opus 1, video/VP8 1", ""),
        ("upper-case", "in in", "audio/opus 1, video/VP8 1", ""),
        ("untidy", "in in", "audio/opus 1, video/VP8 1", ""),
        ("without-connection-lines", "in out", "audio/opus 1", ""),
        ("without-rtcp-mux", "in out", "audio/opus 1", ""),
        ("high-extension-ids", "in in", "audio/opus 1, video/VP8 2", ""),
        ("setup-active", "in", "audio/opus 1", ""),
        ("setup-passive", "x", "", "mic"),
        ("without-fingerprint", "x", "", "mic"),
        ("h264-baseline", "in", "video/H264 1", ""),
        ("h264-constrained-baseline", "in", "video/H264 1", ""),
        ("h264-main", "in", "video/H264 1", ""),
        ("h264-high", "in", "video/H264 1", ""),
        ("h264-high-mode-0", "in", "video/H264 1", ""),
        ("h264-without-fmtp", "in", "video/H264 1", ""),
        ("h264-interleaved", "-", "", "cam"),
        ("vp9-alone", "in", "video/VP9 1", ""),
        ("av1-alone", "in", "video/AV1 1", ""),
        ("h265-alone", "-", "", "cam"),
        ("telephone-alone", "-", "", "mic"),
        ("a-hundred-sections", string.Join(' ', ["out", "out", .. Enumerable.Repeat("-", 98)]), "", ""),
    ];

    [LiveKitSurface("Media", "descriptions of Firefox, Safari, Chrome on Android, React Native, Unity, GStreamer, OBS, older Chromes",
        Surface.Served, "what cannot be taken is refused section by section")]
    [Fact]
    public async Task Each_description_is_answered_section_by_section_and_what_cannot_be_taken_is_refused_aloud()
    {
        Assert.Equal(DescriptionCorpus.Names, Expected.Select(row => row.Name).Order(StringComparer.Ordinal));
        await using var bed = new SessionBed();
        await JoinAsync(bed, "ann", Offers.Of("aaaa", Offers.Audio("sendonly"), Offers.Video("sendonly")));
        foreach (var (name, sections, tracks, refused) in Expected)
        {
            var text = DescriptionCorpus.Read(name);
            var (session, told) = await JoinAsync(bed, name, text);
            var answer = Assert.Single(told.Select(response => response.Answer).OfType<SessionDescription>());
            SectionList.AssertAnswers(text, answer.Sdp);
            Assert.Equal($"{name}: {sections}", $"{name}: {string.Join(' ', SectionList.Of(answer.Sdp).Sections.Select(Shape))}");
            var published = session.Info.Tracks
                .Select(info => $"{info.MimeType} {session.Tracks.Single(track => track.Info == info).Publication!.Layers.Count}");
            Assert.Equal($"{name}: {tracks}", $"{name}: {string.Join(", ", published)}");
            foreach (var track in session.Tracks.Where(track => track.IsPublished))
                Assert.True(await bed.OnShardAsync(0, shard => shard.Engine.FindPublication(track.Number) is not null),
                    $"{name}: the engine has no {track.Info.MimeType}");
            var reasons = told.Select(response => response.RequestResponse).OfType<RequestResponse>().ToList();
            Assert.Equal($"{name}: {refused}", $"{name}: {string.Join(", ", reasons.Select(reason => reason.AddTrack.Cid))}");
            Assert.All(reasons,
                reason => Assert.True(reason is { Reason: RequestResponse.Types.Reason.UnsupportedType, Message.Length: > 0 }));
            Assert.Equal(reasons.Count, told.Count(response => response.TrackUnpublished is not null));
            await bed.AskAsync(session, new SignalRequest { Leave = new LeaveRequest() });
        }
        Assert.Null(bed.Broken);
    }

    /// <summary>A client offers all that it can; what is not served is left out of the answer, and the call goes on without.</summary>
    [LiveKitSurface("Media", "Opus RED", Surface.Missing, "not negotiated: plain Opus is sent")]
    [Fact]
    public async Task Redundant_audio_is_no_part_of_the_answer_and_udp_tcp_and_data_are()
    {
        await using var bed = new SessionBed();
        var offer = Offers.Of("aaaa", Offers.Audio("sendonly"), Offers.Data);
        Assert.Contains(" red/48000/2", offer, StringComparison.Ordinal);
        var (ann, told) = await JoinAsync(bed, "ann", offer);
        var answer = told.Single(response => response.Answer is not null).Answer.Sdp;
        SectionList.AssertAnswers(offer, answer);
        Assert.Contains("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("a=sctp-port:5000\r\na=max-message-size:262144\r\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("red/", answer, StringComparison.OrdinalIgnoreCase);
        var candidates = answer.Split("\r\n").Where(line => line.StartsWith("a=candidate:", StringComparison.Ordinal)).ToList();
        Assert.All(candidates, candidate => Assert.Matches("^a=candidate:[0-9]+ 1 (udp [^ ]+ [^ ]+ [0-9]+ typ host|"
            + "tcp [^ ]+ [^ ]+ [0-9]+ typ host tcptype passive)$", candidate));
        foreach (var transport in (string[])[" udp ", " tcp "])
            Assert.Contains(candidates, candidate => candidate.Contains(transport, StringComparison.Ordinal));
        Assert.True(ann.Tracks.Single(track => !track.IsVideo).IsPublished);
        var (_, link) = await bed.JoinAsync("bob");
        Assert.Empty(SessionBed.Told(link).Single(response => response.Join is not null).Join.IceServers);
    }

    /// <summary>
    /// Older Chrome: the layers are told by their sources, from the smallest to the largest, each with the source of its retransmissions.
    /// </summary>
    [LiveKitSurface("Media", "layers by ssrc-group:SIM", Surface.Served)]
    [Fact]
    public async Task Layers_that_are_told_by_sources_are_published_as_layers()
    {
        await using var bed = new SessionBed();
        var (session, _) = await JoinAsync(bed, "old", DescriptionCorpus.Read("chrome-sim-groups"));
        var track = session.Tracks.Single(track => track.IsVideo);
        Assert.Equal([("", 3001u, 3011u), ("", 3002u, 3012u), ("", 3003u, 3013u)],
            track.Publication!.Layers.Select(layer => (layer.Rid, layer.Ssrc, layer.RtxSsrc)));
        Assert.True(track.Info.Simulcast);
        Assert.Equal([(0, 3001u), (1, 3002u), (2, 3003u)], await bed.OnShardAsync(0,
            shard => shard.Engine.FindPublication(track.Number)!.Layers.Select(layer => (layer.Index, layer.Ssrc)).ToList()));
    }

    /// <summary>
    /// Nothing throws, nothing ends a call, nothing goes on for ever, and each answer follows the law, whatever a description has become on
    /// its way.
    /// </summary>
    [Fact]
    public async Task Spoiled_descriptions_cost_what_they_spoil()
    {
        await using var bed = new SessionBed();
        await JoinAsync(bed, "ann", Offers.Of("aaaa", Offers.Audio("sendonly"), Offers.Video("sendonly")));
        var answers = 0;
        await bed.DoAsync(() =>
        {
            Seeds.Run(400, random =>
            {
                var (session, link) = bed.Join("guest", null);
                foreach (var (cid, type) in Announced) session.Room.Find(session.Identity)!.Handle(Add(cid, type));
                SessionBed.Told(link);
                var text = DescriptionCorpus.Read(DescriptionCorpus.Names[random.Next(DescriptionCorpus.Names.Count)]);
                for (var i = 1u; i < 4; i++)
                {
                    text = DescriptionCorpus.Mutate(text, random);
                    SessionTable.Handle(session, link,
                        new SignalRequest { Offer = new SessionDescription { Type = "offer", Id = i, Sdp = text } });
                    var told = SessionBed.Told(link);
                    if (told.Find(response => response.Leave is not null)?.Leave is { } leave)
                    {
                        // its fingerprint and its credentials have changed: another connection
                        Assert.Equal(LeaveRequest.Types.Action.Reconnect, leave.Action);
                        break;
                    }
                    if (told.Find(response => response.Answer is not null)?.Answer is not { } answer)
                    {
                        Assert.Empty(SectionList.Of(text).Sections);
                        Assert.Contains(told, response => response.RequestResponse is not null);
                        continue;
                    }
                    answers++;
                    SectionList.AssertAnswers(text, answer.Sdp);
                    Assert.True(answer.MidToTrackId.Count == SectionList.Of(answer.Sdp).Sections.Count(section => Shape(section) == "out"));
                    var asked = 0;
                    for (; asked < 20 && told.Exists(response => response.MediaSectionsRequirement is not null); asked++)
                    {
                        SessionTable.Handle(session, link,
                            new SignalRequest { Offer = new SessionDescription { Type = "offer", Id = i, Sdp = text } });
                        told = SessionBed.Told(link);
                    }
                    Assert.True(asked < 10, $"asked {asked} times for the same");
                }
            });
            return true;
        });
        Assert.Null(bed.Broken);
        Assert.True(answers > 700, $"{answers} answers");
    }

    private static readonly (string Cid, TrackType Type)[] Announced = [("mic", TrackType.Audio), ("cam", TrackType.Video)];

    private static SignalRequest Add(string cid, TrackType type) =>
        new()
        {
            AddTrack = new AddTrackRequest
            {
                Cid = cid,
                Type = type,
                Source = type == TrackType.Audio ? TrackSource.Microphone
        : TrackSource.Camera
            }
        };

    private static async Task<(ParticipantSession Session, List<SignalResponse> Told)> JoinAsync(SessionBed bed, string identity,
        string offer)
    {
        var (session, link) = await bed.JoinAsync(identity);
        foreach (var (cid, type) in Announced) await bed.AskAsync(session, Add(cid, type));
        SessionBed.Told(link);
        await bed.AskAsync(session, new SignalRequest { Offer = new SessionDescription { Type = "offer", Id = 1, Sdp = offer } });
        return (session, SessionBed.Told(link));
    }

    private static string Shape(SectionList.Section section) =>
        !section.HasPort ? "x" : section.Kind == "application" ? "data"
            : section.Direction switch { "recvonly" => "in", "sendonly" => "out", _ => "-" };
}
