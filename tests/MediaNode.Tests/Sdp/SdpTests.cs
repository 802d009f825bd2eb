using System.Text;
using VideoScale.Harness;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Sdp;
using VideoScale.MediaNode.Tests.Fuzzing;

namespace VideoScale.MediaNode.Tests.Sdp;

public sealed class SdpTests
{
    private static readonly SdpTransport Ours = new("ours1234", "our-password-of-24-chars", Offers.Fingerprint,
        [("127.0.0.1", 8480), ("203.0.113.1", 8480)]);

    private static SdpDescription Parse(string text)
    {
        var (offer, failure) = SdpParser.Parse(text);
        Assert.Null(failure);
        return offer!;
    }

    [Fact]
    public void A_browsers_offer_is_read()
    {
        var offer = Parse(Offers.Of("abcd", Offers.Audio("sendrecv"), Offers.Simulcast("q;~h;~f"), Offers.Data));
        Assert.Equal(("abcd", "abcdefghijklmnopqrstuvwx", Offers.Fingerprint),
            (offer.Remote.IceFragment, offer.Remote.IcePassword, Assert.Single(offer.Remote.Fingerprints)));
        Assert.Equal(["0", "1", "2"], offer.Bundle);
        var (audio, video, data) = (offer.Media[0], offer.Media[1], offer.Media[2]);
        Assert.True(audio is { IsAudio: true, Sends: true, Receives: true, TrackId: "mic", Sources: [{ Ssrc: 1001 }] });
        Assert.Equal(111, audio.Find(Codec.Opus)!.PayloadType);
        Assert.True(video is { IsVideo: true, Sends: true, Receives: false, TrackId: "cam", Sources: [] });
        Assert.Equal([new SdpRid("q", false), new SdpRid("h", true), new SdpRid("f", true)], video.Rids);
        Assert.Equal((96, 97), (video.Find(Codec.Vp8)!.PayloadType, video.RtxOf(96)));
        Assert.Equal((103, 104), (video.Find(Codec.H264)!.PayloadType, video.RtxOf(103)));
        Assert.Equal("application", data.Kind);
    }

    /// <summary>Firefox offers every section but the first this way: port 0 until the answer puts it into the bundle.</summary>
    [Fact]
    public void A_bundle_only_section_is_live_and_any_other_with_port_0_is_given_up()
    {
        const string bundleOnly = "a=bundle-only\r\na=mid:";
        string NoPort(string section) => section.Replace("m=video 9", "m=video 0", StringComparison.Ordinal);
        var text = Offers.Of("abcd", Offers.Audio("recvonly"),
            NoPort(Offers.Video("sendonly")).Replace("a=mid:", bundleOnly, StringComparison.Ordinal), NoPort(Offers.Video("sendrecv")),
            NoPort(Offers.Video("recvonly")).Replace("a=mid:", bundleOnly, StringComparison.Ordinal),
                Offers.Video("recvonly").Replace("a=mid:", bundleOnly, StringComparison.Ordinal));
        var offer = Parse(text.Replace("BUNDLE 0 1 2 3 4", "BUNDLE 0 1 2 4", StringComparison.Ordinal));
        Assert.Equal([true, true, false, false, true], offer.Media.Select(media => media.IsUsed)); // the fourth is bundle-only in no bundle
        Assert.Equal([false, true, false, false, false], offer.Media.Select(media => media.Sends));
        Assert.Equal([true, false, false, false, true], offer.Media.Select(media => media.Receives));
    }

    [Fact]
    public void Candidates_for_tcp_are_passive_and_come_after_those_for_udp()
    {
        var offer = Parse(Offers.Of("abcd", Offers.Audio("recvonly")));
        var text = SdpWriter.Write(offer, [new SectionAnswer.Idle()],
            Ours with { TcpCandidates = [("127.0.0.1", 8480), ("203.0.113.1", 8480)] }, 1, 2);
        Assert.Contains("203.0.113.1 8480 typ host\r\na=candidate:3 1 tcp 1520435199 127.0.0.1 8480 typ host tcptype passive\r\n"
            + "a=candidate:4 1 tcp 1520434943 203.0.113.1 8480 typ host tcptype passive\r\na=end-of-candidates\r\n", text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_says_what_is_received_sent_kept_and_refused()
    {
        var offer = Parse(Offers.Of("abcd", Offers.Audio("recvonly"), Offers.Simulcast(), Offers.Video("recvonly"), Offers.Data));
        var (opus, vp8) = (offer.Media[0].Find(Codec.Opus)!, offer.Media[1].Find(Codec.Vp8)!);
        var text = SdpWriter.Write(offer, [
            new SectionAnswer.Send(opus, 0, "PA_x|camera", "TR_x", 7, 0, "PA_x"),
            new SectionAnswer.Receive(vp8, 97, offer.Media[1].Rids),
            new SectionAnswer.Idle(),
            new SectionAnswer.Refused(),
        ], Ours, 1, 2);
        var sections = text.Split("m=");
        Assert.Contains("a=ice-lite\r\n", sections[0], StringComparison.Ordinal);
        Assert.Contains("a=group:BUNDLE 0 1 2\r\n", sections[0], StringComparison.Ordinal);
        Assert.Contains("a=sendonly\r\na=msid:PA_x|camera TR_x\r\na=ssrc:7 cname:PA_x\r\n", sections[1], StringComparison.Ordinal);
        Assert.Contains(
            "a=candidate:1 1 udp 2130706431 127.0.0.1 8480 typ host\r\na=candidate:2 1 udp 2130706430 203.0.113.1 8480 typ host\r\n",
            sections[1], StringComparison.Ordinal);
        Assert.DoesNotContain("a=rtcp-fb:111 nack", sections[1], StringComparison.Ordinal);
        Assert.StartsWith("video 9 UDP/TLS/RTP/SAVPF 96 97\r\n", sections[2], StringComparison.Ordinal);
        Assert.Contains("a=recvonly\r\na=rid:q recv\r\na=rid:h recv\r\na=rid:f recv\r\na=simulcast:recv q;h;f\r\n", sections[2],
            StringComparison.Ordinal);
        Assert.Contains("a=rtcp-fb:96 transport-cc\r\na=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n", sections[2],
            StringComparison.Ordinal);
        Assert.DoesNotContain("goog-remb", text, StringComparison.Ordinal);
        Assert.DoesNotContain("video-orientation", text, StringComparison.Ordinal);
        Assert.Contains("a=inactive\r\n", sections[3], StringComparison.Ordinal);
        Assert.StartsWith("application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n", sections[4], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no media section")]
    [InlineData("v=0\r\ns=-\r\na=mid:0\r\n", "no media section")]
    public void What_is_missing_is_named(string text, string named)
    {
        var (offer, failure) = SdpParser.Parse(text);
        Assert.Null(offer);
        Assert.Contains(named, failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_too_large_is_refused_and_what_stands_twice_counts_once()
    {
        Assert.NotNull(SdpParser.Parse(new string('x', SdpParser.MaxLength + 1)).Failure);
        Assert.NotNull(SdpParser.Parse(Offers.Of("abcd", [.. Enumerable.Repeat(Offers.Data, SdpParser.MaxSections + 1)])).Failure);
        var twice = SdpParser.Parse(Offers.Of("abcd", Offers.Audio("recvonly"))
            + Offers.Audio("recvonly").Replace("@MID", "0", StringComparison.Ordinal)).Description!;
        Assert.Equal([true, false], twice.Media.Select(media => media.IsUsed)); // the second costs itself alone
    }

    [Fact]
    public void Session_descriptions_of_any_shape_are_read_or_refused() => Fuzz.Run(
        [Encoding.UTF8.GetBytes(Offers.Of("abcd", Offers.Audio("sendrecv"))), Encoding.UTF8.GetBytes(Offers.Of("efgh", Offers.Simulcast())),
            .. DescriptionCorpus.Octets], input =>
        {
            var (offer, failure) = SdpParser.Parse(Encoding.UTF8.GetString(input));
            Assert.True(offer is null == failure is not null);
            if (offer is null) return;
            var answers = offer.Media.Select(media => media.Formats.Count == 0 ? (SectionAnswer)new SectionAnswer.Refused()
                : media.Sends ? new SectionAnswer.Receive(media.Formats[0], media.RtxOf(media.Formats[0].PayloadType), media.Rids)
                    : new SectionAnswer.Idle()).ToList();
            var text = SdpWriter.Write(offer, answers, Ours, 1, 1);
            Assert.True(text.Length < 2_048 + 1_024 * offer.Media.Count + 4 * input.Length, "an answer is no larger than its offer allows");
        }, costs: 10);
}
