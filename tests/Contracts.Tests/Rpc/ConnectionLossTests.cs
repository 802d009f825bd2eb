using Grpc.Core;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Rpc;

public sealed class ConnectionLossTests
{
    private static RpcServerOptions Development => new() { DevelopmentMode = true };

    [Fact]
    public async Task A_peer_that_falls_silent_under_a_call_is_a_lost_connection_within_the_keepalive_times()
    {
        await using var host = await ProbeHost.StartAsync(Development);
        await using var relay = new Relay(host.Address);
        using var channel = RpcChannel.Create(relay.Address, tls: null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        var client = new Probe.ProbeClient(channel);
        using var watch = client.Watch(new ProbeRequest { Behave = "stay" });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        var waiting = client.ReadAsync(new ProbeRequest { Behave = "wait" });
        relay.FallSilent();
        var ended = await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.True(ended.IsConnectionLost(), ended.ToString());
        ended = await Assert.ThrowsAsync<RpcException>(async () => await waiting);
        Assert.True(ended.IsConnectionLost(), ended.ToString());
    }

    [Fact]
    public async Task A_connection_cut_under_a_call_is_lost_and_the_call_is_repeated_elsewhere()
    {
        await using var host = await ProbeHost.StartAsync(Development);
        await using var other = await ProbeHost.StartAsync(Development);
        await using var relay = new Relay(host.Address);
        using var channel = RpcChannel.Create(relay.Address);
        var waiting = new Probe.ProbeClient(channel).ReadAsync(new ProbeRequest { Behave = "wait" });
        using var invoker = new MultiEndpointInvoker([relay.Address, other.Address]);
        var repeated = new Probe.ProbeClient(invoker)
            .ReadAsync(new ProbeRequest { Behave = "wait" }, deadline: DateTime.UtcNow.AddSeconds(3));
        await Eventually.HoldsAsync(() => host.InFlight("Read") == 2, "both calls are being served");
        relay.Cut();
        var ended = await Assert.ThrowsAsync<RpcException>(async () => await waiting);
        Assert.True(ended.IsConnectionLost(), ended.ToString());
        await Eventually.HoldsAsync(() => other.InFlight("Read") == 1, "the call is served elsewhere");
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(async () => await repeated)).StatusCode);
    }

    [Fact]
    public void A_refusal_is_no_lost_connection()
    {
        foreach (var code in Enum.GetValues<StatusCode>())
            Assert.Equal(code == StatusCode.Unavailable, new RpcException(new Status(code, "")).IsConnectionLost());
    }
}
