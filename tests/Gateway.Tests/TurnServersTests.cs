using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Gateway.Turn;

namespace VideoScale.Gateway.Tests;

public sealed class TurnServersTests
{
    private static readonly TurnServers Servers =
        new(new TurnSettings(["turn:one:3478", "turns:two"], "north", TimeSpan.FromSeconds(600)), new FixedClock());

    /// <summary>The very credential that `printf 1700000600:ann | openssl dgst -sha1 -hmac north -binary | base64` writes.</summary>
    [Fact]
    public void Credentials_are_what_servers_with_the_secret_compute_and_say_until_when_and_for_whom()
    {
        var server = Servers.For("ann");
        Assert.Equal(("1700000600:ann", "7frJsC9X1ENSUqDpiZimUxlaSY8="), (server.Username, server.Credential));
        Assert.Equal(["turn:one:3478", "turns:two"], server.Urls);
    }

    [Fact]
    public void Who_joins_and_who_comes_back_is_told_and_nothing_else_changes()
    {
        foreach (var first in (SignalResponse[])[new() { Join = new JoinResponse { ServerVersion = "1" } },
            new() { Reconnect = new ReconnectResponse { LastMessageSeq = 7 } }])
        {
            var told = SignalResponse.Parser.ParseFrom(Servers.AddTo(first.ToByteString(), "ann"));
            var servers = told.Join?.IceServers ?? told.Reconnect.IceServers;
            Assert.Equal("1700000600:ann", Assert.Single(servers).Username);
            servers.Clear();
            Assert.Equal(first, told);
        }
        var other = new SignalResponse { Pong = 1 }.ToByteString();
        Assert.Same(other, Servers.AddTo(other, "ann"));
    }

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    }
}
