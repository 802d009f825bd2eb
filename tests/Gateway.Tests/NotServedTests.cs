using VideoScale.Harness;

namespace VideoScale.Gateway.Tests;

/// <summary>What is not there yet says so, in words that LiveKit's SDKs understand.</summary>
public sealed class NotServedTests(TwirpServer server) : IClassFixture<TwirpServer>
{
    [LiveKitSurface("Around it", "Egress", Surface.Missing)]
    [LiveKitSurface("Around it", "Ingress", Surface.Missing)]
    [LiveKitSurface("Around it", "SIP", Surface.Missing)]
    [LiveKitSurface("Around it", "AgentDispatchService", Surface.Missing)]
    [Theory]
    [InlineData("livekit.Egress/StartTrackEgress")]
    [InlineData("livekit.Ingress/CreateIngress")]
    [InlineData("livekit.SIP/CreateSIPTrunk")]
    [InlineData("livekit.AgentDispatchService/CreateDispatch")]
    [InlineData("livekit.RoomService/NoSuchMethod")]
    public async Task Services_that_are_not_there_are_bad_routes(string path)
    {
        var (status, type, body) = await server.SendAsync(HttpMethod.Post, "/twirp/" + path, TwirpServer.Json("{}"), TwirpServer.Admin());
        Assert.Equal((404, "application/json"), (status, type));
        Assert.Contains("bad_route", body, StringComparison.Ordinal);
    }
}
