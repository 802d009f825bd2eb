using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Rpc;

public sealed class MultiEndpointTests
{
    private static readonly ProbeRequest Nothing = new();
    private static RpcServerOptions Development => new() { DevelopmentMode = true };

    [Fact]
    public async Task A_call_goes_past_addresses_where_nobody_listens_and_stays_with_the_one_that_answered()
    {
        await using var host = await ProbeHost.StartAsync(Development);
        using var invoker = new MultiEndpointInvoker([Nobody(), Nobody(), host.Address]);
        await new Probe.ProbeClient(invoker).ReadAsync(Nothing);
        Assert.Equal(host.Address, invoker.CurrentAddress);
    }

    [Fact]
    public async Task A_server_that_comes_back_within_the_patience_is_found()
    {
        await using var first = await ProbeHost.StartAsync(Development);
        var port = int.Parse(first.Address.Split(':')[1]);
        using var invoker = new MultiEndpointInvoker([first.Address], patience: TimeSpan.FromSeconds(60));
        var client = new Probe.ProbeClient(invoker);
        await client.ReadAsync(Nothing);
        await first.DisposeAsync();
        var call = client.ReadAsync(Nothing);
        await using var second = await ProbeHost.StartAsync(Development, port);
        await call;
    }

    [Fact]
    public async Task Other_refusals_are_not_retried()
    {
        await using var host = await ProbeHost.StartAsync(Development);
        await using var other = await ProbeHost.StartAsync(Development);
        using var invoker = new MultiEndpointInvoker([host.Address, other.Address]);
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await new Probe.ProbeClient(invoker).ReadAsync(new ProbeRequest { Behave = "refuse" }));
        Assert.Equal(StatusCode.NotFound, refusal.StatusCode);
        Assert.Equal(host.Address, invoker.CurrentAddress);
    }

    [Fact]
    public async Task With_nobody_anywhere_the_call_ends_UNAVAILABLE_within_its_deadline()
    {
        using var invoker = new MultiEndpointInvoker([Nobody(), Nobody()]);
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await new Probe.ProbeClient(invoker).ReadAsync(Nothing, deadline: DateTime.UtcNow.AddMilliseconds(400)));
        Assert.Contains(refusal.StatusCode, (StatusCode[])[StatusCode.Unavailable, StatusCode.DeadlineExceeded]);
    }

    [Fact]
    public async Task A_cancelled_call_stops_trying()
    {
        using var invoker = new MultiEndpointInvoker([Nobody()], patience: TimeSpan.FromHours(1));
        using var cancelled = new CancellationTokenSource();
        var call = new Probe.ProbeClient(invoker).ReadAsync(Nothing, cancellationToken: cancelled.Token);
        cancelled.CancelAfter(100);
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal(StatusCode.Cancelled, refusal.StatusCode);
    }

    [Fact]
    public async Task After_a_stream_finds_nobody_the_next_one_goes_elsewhere()
    {
        await using var host = await ProbeHost.StartAsync(Development);
        using var invoker = new MultiEndpointInvoker([Nobody(), host.Address]);
        var client = new Probe.ProbeClient(invoker);
        using (var failing = client.Watch(Nothing))
            await Assert.ThrowsAsync<RpcException>(() => failing.ResponseStream.MoveNext(CancellationToken.None));
        await Eventually.HoldsAsync(() => invoker.CurrentAddress == host.Address, "the next address is chosen");
        using var watch = client.Watch(Nothing);
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
    }

    [Theory]
    [InlineData("nowhere:port")]
    [InlineData("https://127.0.0.1:1")]
    [InlineData("127.0.0.1:7980/path")]
    [InlineData("")]
    public void A_bad_address_is_refused_by_name(string address) =>
        Assert.Contains($"\"{address}\"", Assert.Throws<RpcConfigurationException>(() => new MultiEndpointInvoker([address])).Message, StringComparison.Ordinal);

    /// <summary>A loopback address that was free a moment ago.</summary>
    private static string Nobody()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return probe.LocalEndpoint.ToString()!;
    }
}
