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
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await new Probe.ProbeClient(invoker)
            .ReadAsync(new ProbeRequest { Behave = "refuse" }));
        Assert.Equal(StatusCode.NotFound, refusal.StatusCode);
        Assert.Equal(host.Address, invoker.CurrentAddress);
    }

    [Fact]
    public async Task With_nobody_anywhere_the_call_ends_UNAVAILABLE_within_its_deadline()
    {
        using var invoker = new MultiEndpointInvoker([Nobody(), Nobody()]);
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await new Probe.ProbeClient(invoker)
            .ReadAsync(Nothing, deadline: DateTime.UtcNow.AddMilliseconds(400)));
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
    public async Task A_stream_goes_past_addresses_where_nobody_listens_or_nothing_answers()
    {
        await using var host = await ProbeHost.StartAsync(Development);
        using var silent = new SilentServer();
        using var invoker = new MultiEndpointInvoker([Nobody(), silent.Address, host.Address]);
        using var watch = new Probe.ProbeClient(invoker).Watch(Nothing);
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.False(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(host.Address, invoker.CurrentAddress);
    }

    [Fact]
    public async Task A_stream_in_which_nothing_happens_is_open_once_its_headers_came()
    {
        await using var host = await ProbeHost.StartAsync(Development);
        await using var other = await ProbeHost.StartAsync(Development);
        using var invoker = new MultiEndpointInvoker([host.Address, other.Address]);
        using var watch = new Probe.ProbeClient(invoker).Watch(new ProbeRequest { Behave = "quiet" });
        await watch.ResponseHeadersAsync;
        Assert.Equal(0, other.InFlight("Watch"));
        Assert.Equal(host.Address, invoker.CurrentAddress);
    }

    [Fact]
    public async Task A_refused_stream_is_not_opened_elsewhere()
    {
        await using var host = await ProbeHost.StartAsync(Development);
        await using var other = await ProbeHost.StartAsync(Development);
        using var invoker = new MultiEndpointInvoker([host.Address, other.Address]);
        using var watch = new Probe.ProbeClient(invoker).Watch(new ProbeRequest { Behave = "refuse" });
        var refusal = await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.NotFound, refusal.StatusCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_silent_server_and_one_that_refuses_cost_a_share_of_the_time_wherever_they_stand(int good)
    {
        await using var host = await ProbeHost.StartAsync(Development);
        using var silent = new SilentServer();
        var addresses = new List<string> { silent.Address, Nobody() };
        addresses.Insert(good, host.Address);
        using var invoker = new MultiEndpointInvoker(addresses);
        // the silent one alone would use all of it up
        await new Probe.ProbeClient(invoker).ChangeAsync(Nothing, deadline: DateTime.UtcNow.AddSeconds(30));
        Assert.Equal(host.Address, invoker.CurrentAddress);
    }

    [Fact]
    public async Task A_call_without_a_deadline_is_asked_once_however_long_it_takes()
    {
        await using var host = await ProbeHost.StartAsync(Development);
        await using var other = await ProbeHost.StartAsync(Development);
        using var silent = new SilentServer();
        using var invoker = new MultiEndpointInvoker([silent.Address, host.Address, other.Address], patience: TimeSpan.FromSeconds(20));
        using var stop = new CancellationTokenSource();
        var call = new Probe.ProbeClient(invoker).ReadAsync(new ProbeRequest { Behave = "wait" }, cancellationToken: stop.Token);
        await Eventually.HoldsAsync(() => host.InFlight("Read") + other.InFlight("Read") == 1, "one that lives serves it");
        await Task.Delay(1_000); // longer than any share
        Assert.Equal(1, host.InFlight("Read") + other.InFlight("Read"));
        Assert.False(call.ResponseAsync.IsCompleted);
        await stop.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
    }

    [Fact]
    public async Task Who_was_asked_and_why_each_did_not_serve_is_said()
    {
        await using var host = await ProbeHost.StartAsync(Development);
        using var silent = new SilentServer();
        var nobody = Nobody();
        using var invoker = new MultiEndpointInvoker([nobody, silent.Address, host.Address]);
        var refusal = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Probe.ProbeClient(invoker)
                .ReadAsync(new ProbeRequest { Behave = "cancel" }, deadline: DateTime.UtcNow.AddSeconds(1)));
        Assert.Equal(StatusCode.DeadlineExceeded, refusal.StatusCode);
        var failures = Assert.IsType<NoEndpointServedException>(refusal.Status.DebugException).Failures;
        Assert.Equal(new EndpointFailure(nobody, "connection refused", Answered: false), failures[0]);
        Assert.StartsWith("no answer in ", failures[1].Why, StringComparison.Ordinal);
        Assert.Contains("gave the call up", failures[2].Why, StringComparison.Ordinal);
        Assert.True(failures[2].Answered);
        Assert.Contains($"{nobody}: connection refused; {silent.Address}: no answer in ", refusal.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_each_has_said_why_not_a_call_need_not_wait_for_its_deadline()
    {
        await using var host = await ProbeHost.StartAsync(Development);
        using var invoker = new MultiEndpointInvoker([Nobody(), host.Address], reasonsPatience: TimeSpan.FromMilliseconds(500));
        var refusal = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Probe.ProbeClient(invoker)
                .ReadAsync(new ProbeRequest { Behave = "cancel" }, deadline: DateTime.UtcNow.AddMinutes(10)));
        Assert.Equal(StatusCode.Unavailable, refusal.StatusCode);
    }

    [Theory]
    [InlineData("nowhere:port")]
    [InlineData("https://127.0.0.1:1")]
    [InlineData("127.0.0.1:7980/path")]
    [InlineData("")]
    public void A_bad_address_is_refused_by_name(string address) =>
        Assert.Contains($"\"{address}\"", Assert.Throws<RpcConfigurationException>(() => new MultiEndpointInvoker([address])).Message,
            StringComparison.Ordinal);

    /// <summary>Takes connections and never says a word: a frozen process.</summary>
    private sealed class SilentServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        internal SilentServer() => _listener.Start();

        internal string Address => _listener.LocalEndpoint.ToString()!;

        public void Dispose() => _listener.Dispose();
    }

    /// <summary>A loopback address that was free a moment ago.</summary>
    private static string Nobody()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return probe.LocalEndpoint.ToString()!;
    }
}
