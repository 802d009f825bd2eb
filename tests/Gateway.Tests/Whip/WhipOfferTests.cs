using LiveKit.Proto;
using VideoScale.Gateway.Tokens;
using VideoScale.Gateway.Whip;

namespace VideoScale.Gateway.Tests.Whip;

/// <summary>What a gateway reads in an offer.</summary>
public sealed class WhipOfferTests
{
    private static ParticipantGrants Grants(bool canPublish = true, params int[] sources) =>
        new("cam", "", "", [], "r", true, false, false, false, canPublish, true, true, [.. sources], false, false, false);

    private static SdpOutline Outline(string text) => SdpOutline.Parse(text)!;

    public static TheoryData<string, string, bool> Unanswerable => new()
    {
        { "", "no session description", true },
        { "hello", "no session description", true },
        { "{\"sdp\":\"v=0\"}", "no session description", true },
        { Offers.Session, "no media section", true },
        { Offers.Session + string.Concat(Enumerable.Repeat("m=audio 9 x 1\r\n", 65)), "more than 64", true },
        { Offers.Publishing.Replace("ice-ufrag", "ufrag", StringComparison.Ordinal), "ice-ufrag", true },
        { Offers.Publishing.Replace(Offers.Password, "short", StringComparison.Ordinal), "ice-pwd", true },
        { Offers.Publishing.Replace("fingerprint", "print", StringComparison.Ordinal), "fingerprint", true },
        { Offers.Publishing.Replace("actpass", "passive", StringComparison.Ordinal), "DTLS", true },
        { Offers.Playing, "sends nothing", true },
        { Offers.Publishing.Replace("sendonly", "inactive", StringComparison.Ordinal), "sends nothing", true },
        { Offers.Publishing, "receives nothing", false },
        { Offers.Session + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=ice-ufrag:abcd\r\na=ice-pwd:" + Offers.Password
            + "\r\na=fingerprint:sha-256 AB\r\n", "sends nothing", true },
    };

    [Theory]
    [MemberData(nameof(Unanswerable))]
    public void What_no_node_could_answer_is_refused_by_name(string text, string why, bool publishes) =>
        Assert.Contains(why, WhipOffer.Check(SdpOutline.Parse(text), publishes), StringComparison.Ordinal);

    [Theory]
    [InlineData("\r\n", "sendonly")]
    [InlineData("\n", "sendonly")]
    [InlineData("\r\n", "sendrecv")]
    public void What_a_client_offers_is_taken_with_any_line_ends_in_either_direction_that_sends(string end, string direction)
    {
        var text = Offers.Publishing.Replace("\r\n", end, StringComparison.Ordinal)
            .Replace("sendonly", direction, StringComparison.Ordinal);
        Assert.Null(WhipOffer.Check(SdpOutline.Parse(text), publishes: true));
        var tracks = WhipOffer.Tracks(Outline(text), screen: false).ToList();
        Assert.Equal([(TrackType.Audio, TrackSource.Microphone, "sound"), (TrackType.Video, TrackSource.Camera, "picture")],
            tracks.Select(track => (track.Type, track.Source, track.Cid)));
        Assert.Equal(["VP8"], tracks[1].SimulcastCodecs.Select(codec => codec.Codec));
    }

    [Fact]
    public void Two_tracks_of_a_kind_are_one_too_many_and_a_refused_one_counts_for_nothing()
    {
        var twice = Offers.Session + Offers.Section("video", 0, "sendonly") + Offers.Section("video", 1, "sendonly");
        Assert.Equal("more than one video track", WhipOffer.CheckTracks(Outline(twice)));
        Assert.Null(WhipOffer.CheckTracks(Outline(twice.Replace("m=video 9 UDP/TLS/RTP/SAVPF 91", "m=video 0 UDP/TLS/RTP/SAVPF 91",
            StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData("q;h;f", "q h f")]
    [InlineData("f;h;q", "q h f")]
    [InlineData("f;q", "q f")]
    [InlineData("0;1;2", "2 1 0")] // most preferred first: OBS
    [InlineData("hi;~mid;lo", "lo mid hi")]
    [InlineData("a;b,c", "b a")]
    [InlineData("x", "")] // one layer is none
    public void Layers_rise_by_LiveKits_names_or_else_against_the_order_of_preference(string offered, string rising)
    {
        var rids = offered.Split(';', ',').Select(rid => $"a=rid:{rid.TrimStart('~')} send\r\n");
        var video = Offers.Session + Offers.Section("video", 0, "sendonly",
            more: string.Concat(rids) + $"a=simulcast:send {offered}\r\n");
        var track = WhipOffer.Tracks(Outline(video), screen: false).Single();
        Assert.Equal(rising, string.Join(' ', track.Layers.Select(layer => layer.Rid)));
        Assert.Equal(Enumerable.Range(0, track.Layers.Count), track.Layers.Select(layer => (int)layer.Quality));
    }

    [Fact]
    public void Of_codecs_that_everybody_decodes_the_one_that_is_preferred_comes_first()
    {
        var video = Offers.Session + Offers.Section("video", 0, "sendonly", codec: "H265/90000",
            more: "a=rtpmap:100 VP8/90000\r\na=rtpmap:101 h264/90000\r\na=rtpmap:102 rtx/90000\r\n")
            .Replace("SAVPF 90", "SAVPF 90 101 102 100", StringComparison.Ordinal);
        Assert.Equal(["H264", "VP8"], WhipOffer.Tracks(Outline(video), screen: false).Single().SimulcastCodecs.Select(c => c.Codec));
    }

    [Fact]
    public void A_token_for_screens_alone_makes_a_screen_and_one_for_neither_is_refused()
    {
        var offer = Outline(Offers.Publishing);
        Assert.True(WhipOffer.IsScreen(Grants(sources: [(int)TrackSource.ScreenShare])));
        Assert.False(WhipOffer.IsScreen(Grants(sources: [(int)TrackSource.ScreenShare, (int)TrackSource.Camera])));
        Assert.False(WhipOffer.IsScreen(Grants()));
        Assert.Null(WhipOffer.Refuse(offer, Grants()));
        Assert.Null(WhipOffer.Refuse(offer, Grants(sources: [1, 2])));
        Assert.Null(WhipOffer.Refuse(offer, Grants(sources: [3, 4])));
        Assert.Contains("screen_share_audio", WhipOffer.Refuse(offer, Grants(sources: [3])), StringComparison.Ordinal);
        Assert.Contains("microphone", WhipOffer.Refuse(offer, Grants(sources: [1])), StringComparison.Ordinal);
        Assert.Contains("microphone", WhipOffer.Refuse(offer, Grants(sources: [ParticipantGrants.NoSource])), StringComparison.Ordinal);
        Assert.Contains("canPublish", WhipOffer.Refuse(offer, Grants(canPublish: false)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_offer_is_renewed_in_every_section_and_keeps_all_but_candidates()
    {
        var renewed = SdpOutline.Renew(Offers.Publishing, "efgh", "9876543210987654321098");
        Assert.Equal(Offers.Publishing.Replace("ice-ufrag:abcd", "ice-ufrag:efgh", StringComparison.Ordinal)
            .Replace(Offers.Password, "9876543210987654321098", StringComparison.Ordinal)
            .Replace("a=candidate:1 1 udp 1 10.0.0.1 5000 typ host\r\n", "", StringComparison.Ordinal), renewed);
    }

    [Fact]
    public void A_fragment_names_an_ICE_session_and_that_of_an_answer_has_candidates_of_its_first_live_section()
    {
        Assert.Null(IceFragment.Parse(""));
        Assert.Null(IceFragment.Parse("a=ice-ufrag:abcd\r\n"));
        Assert.Equal(new IceFragment("abcd", Offers.Password), IceFragment.Parse($"a=ice-ufrag:abcd\na=ice-pwd:{Offers.Password}\n"));
        var answer = Offers.Answer("inactive", "recvonly").Replace("m=audio 9", "m=audio 0", StringComparison.Ordinal);
        Assert.Equal($"a=ice-ufrag:node1\r\na=ice-pwd:{Offers.Password}\r\nm=video 9 UDP/TLS/RTP/SAVPF 91\r\na=mid:1\r\n"
            + "a=candidate:1 1 udp 1 10.0.0.1 5000 typ host\r\n", IceFragment.Of(answer));
    }
}
