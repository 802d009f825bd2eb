using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Signalling;
using VideoScale.Gateway.Tokens;
using VideoScale.Gateway.Turn;
using VideoScale.Gateway.Whip;
using VideoScale.Harness.Signalling;
using VideoScale.Model;

namespace VideoScale.Gateway.Tests.Whip;

/// <summary>What becomes of a request where the replica cannot serve it, without anything behind it.</summary>
public sealed class WhipReplicaTests
{
    private sealed class Health(bool isServing, Failure? leaderless) : IReplicaHealth
    {
        public bool IsServing => isServing;
        public Failure? Leaderless => leaderless;
    }

    /// <summary>Knows no room.</summary>
    private sealed class Nowhere : IRoomPlaces
    {
        public ValueTask<RoomPlace?> LookAsync(RoomId room, string seat = "") => new((RoomPlace?)null);
        public ValueTask<RoomPlace?> LookLinearizablyAsync(RoomId room, CancellationToken cancellationToken) => new((RoomPlace?)null);
        public IRoomChanges Follow(RoomId room) => throw new NotSupportedException();
        public Task CatchUpAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public ValueTask<IReadOnlyDictionary<string, string>> NodeAddressesAsync() => throw new NotSupportedException();
        public void Observe(IRoomObserver observer) { }
    }

    private static async Task<(int Status, string Body, IHeaderDictionary Headers)> AskAsync(Health health, string path)
    {
        var admission = new Admission(null!, new Nowhere(), TimeProvider.System);
        var keys = new FixedKeys([new("devkey", "secret")]);
        var services = new SignalServices(admission, new Nowhere(), null!, null!, new TokenRefresher(keys, TimeProvider.System), keys,
            null, TimeProvider.System, CancellationToken.None);
        var endpoints = new WhipEndpoints(services, new JoinCheck(new TokenVerifier(keys), health, admission), health,
            NullLogger.Instance);
        var context = new DefaultHttpContext();
        (context.Request.Method, context.Request.Path, context.Request.ContentType) = ("POST", path, "application/sdp");
        context.Request.Headers.Authorization = "Bearer " + SignalClient.Token("room", "cam");
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(path == "/whip" ? Offers.Publishing : Offers.Playing));
        context.Response.Body = new MemoryStream();
        await endpoints.ServeAsync(context);
        return (context.Response.StatusCode, Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray()),
            context.Response.Headers);
    }

    [Theory]
    [InlineData("/whip")]
    [InlineData("/whep")]
    public async Task A_replica_that_stops_or_has_no_leader_sends_its_callers_elsewhere(string path)
    {
        var (status, body, headers) = await AskAsync(new Health(isServing: false, null), path);
        Assert.Equal((503, "1", "*"), (status, headers.RetryAfter.ToString(), headers.AccessControlAllowOrigin.ToString()));
        Assert.Contains("another one", body, StringComparison.Ordinal);
        (status, body, headers) = await AskAsync(new Health(isServing: true, Failure.Unavailable("no leader")), path);
        Assert.Equal((503, "1", "no leader"), (status, headers.RetryAfter.ToString(), body));
        (status, _, headers) = await AskAsync(new Health(isServing: true, null), "/whep");
        Assert.Equal((409, "3"), (status, headers.RetryAfter.ToString())); // nobody is there to be watched
    }

    [Fact]
    public void Each_TURN_URL_is_a_link_with_the_same_credentials()
    {
        var turn = new TurnServers(new TurnSettings(["turn:one:3478", "turns:two?transport=tcp"], "north", TimeSpan.FromSeconds(600)),
            TimeProvider.System).For("cam");
        var links = WhipReply.Empty(201).WithIceServers(turn).Headers;
        Assert.Equal(["Link", "Link"], links.Select(link => link.Name));
        var rest = $"; rel=\"ice-server\"; username=\"{turn.Username}\"; credential=\"{turn.Credential}\"; credential-type=\"password\"";
        Assert.Equal(["<turn:one:3478>" + rest, "<turns:two?transport=tcp>" + rest], links.Select(link => link.Value));
    }

    [Theory]
    [InlineData(0.2, "1")]
    [InlineData(1.2, "2")]
    [InlineData(15, "15")]
    public void Whoever_is_refused_is_told_whole_seconds(double wait, string told) =>
        Assert.Equal(told, WhipReply.Of(new SessionRefusal(StatusCode.ResourceExhausted, "full", TimeSpan.FromSeconds(wait)))
            .Headers.Single(header => header.Name == "Retry-After").Value);
}
