using System.Net.Http.Headers;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Tests.HostTests;

namespace VideoScale.Gateway.Tests;

/// <summary>A gateway whose replica does not lead, in a cluster whose replicas know each other by a token.</summary>
public sealed class FollowerTests : IDisposable
{
    private readonly string _tokens = Path.GetTempFileName();

    public void Dispose() => File.Delete(_tokens);

    [Fact]
    public async Task What_a_gateway_asks_for_goes_to_the_leader_as_the_gateways_own()
    {
        await File.WriteAllTextAsync(
            _tokens,
            """
            {"tokens":[
                {"subject":"replica/any","role":"Replica","token":"of-all-replicas-alike"},
                {"subject":"ci","role":"Admin","token":"of-the-one-who-asks"}]}
            """);
        await using var cluster = await TestCluster.StartAsync(3, configure: options =>
        {
            (options.DevelopmentMode, options.TokensFile) = (false, _tokens);
            options.ApiKeys.Add(new ApiKeyOptions { Key = "devkey", Secret = "secret" });
        });
        using var http = new HttpClient();
        using var call = new HttpRequestMessage(HttpMethod.Post,
            $"http://127.0.0.1:{cluster.Http(cluster.FollowerIndex)}/twirp/livekit.RoomService/CreateRoom")
        {
            Content = TwirpServer.Json("""{"name":"standup"}"""),
        };
        call.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TwirpServer.Admin());
        using var reply = await http.SendAsync(call);
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync());
        Assert.Equal(1, cluster.Leader.Core.Machine.AnswersBy.Of("gateway"));
    }
}
