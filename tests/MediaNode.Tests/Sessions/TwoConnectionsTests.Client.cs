using LiveKit.Proto;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Tests.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Sessions;

/// <summary>What such a client says, and what it was told.</summary>
public sealed partial class TwoConnectionsTests
{
    private static void IsOld(OpenSession open) => open.TwoConnections = true;

    private static SignalRequest AddTrack(string cid, TrackType type, TrackSource source = TrackSource.Unknown) =>
        new() { AddTrack = new AddTrackRequest { Cid = cid, Type = type, Source = source } };

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
        [.. offer.Sdp.Split("\r\nm=").Skip(1).Select(section => section.Split(' ')[0] + " " + section.Split("\r\n").Single(line =>
            line is "a=sendonly" or "a=inactive" || line.StartsWith("a=sctp-port", StringComparison.Ordinal)))];

    private static async Task<int> FlowingAsync(SessionBed bed, ParticipantSession viewer)
    {
        int[] numbers = [.. viewer.Subscriptions.Select(subscription => subscription.Number)];
        return await bed.OnShardAsync(viewer.Downlink.ShardNumber,
            shard => numbers.Count(number => shard.Engine.FindSubscription(number) is not null));
    }

    private static string FragmentOf(SessionDescription offer) => offer.Sdp.Split("a=ice-ufrag:")[1].Split("\r\n")[0];
}
