using System.Diagnostics.Metrics;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.DependencyInjection;
using VideoScale.Model;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Rpc;

public sealed class ServingTests
{
    private static readonly ProbeRequest Nothing = new();

    /// <summary>Ends what would hang for ever if the law under test were broken.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static RpcServerOptions Development(Action<RpcServerOptions>? change = null)
    {
        var options = new RpcServerOptions { DevelopmentMode = true };
        change?.Invoke(options);
        return options;
    }

    [Fact]
    public async Task A_unary_call_without_a_deadline_gets_the_default_one_and_a_stream_does_not()
    {
        await using var host = await ProbeHost.StartAsync(Development(o => o.DefaultDeadline = TimeSpan.FromSeconds(60)));
        Assert.InRange((await host.Client().ReadAsync(Nothing)).DeadlineInMs, 1, 60_000);
        Assert.InRange((await host.Client().ReadAsync(Nothing, deadline: DateTime.UtcNow.AddHours(2))).DeadlineInMs, 3_600_001, 7_200_000);
        using var watch = host.Client().Watch(Nothing);
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(-1, watch.ResponseStream.Current.DeadlineInMs);
    }

    [Fact]
    public async Task When_the_default_deadline_passes_the_caller_hears_so_and_the_handler_is_cancelled()
    {
        await using var host = await ProbeHost.StartAsync(Development(o => o.DefaultDeadline = TimeSpan.FromMilliseconds(200)));
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await host.Client().ReadAsync(new ProbeRequest { Behave = "wait" })
            .ResponseAsync.WaitAsync(Limit));
        Assert.Equal(StatusCode.DeadlineExceeded, refusal.StatusCode);
        await Eventually.HoldsAsync(() => host.Service.Cancelled.Contains("/videoscale.probe.Probe/Read"),
            "the handler saw its cancellation");
    }

    [Fact]
    public async Task A_client_that_goes_away_cancels_its_stream()
    {
        await using var host = await ProbeHost.StartAsync(Development());
        using (var watch = host.Client().Watch(new ProbeRequest { Behave = "stay" }))
            Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        await Eventually.HoldsAsync(() => host.Service.Cancelled.Contains("/videoscale.probe.Probe/Watch"),
            "the handler saw its cancellation");
    }

    [Fact]
    public async Task An_unexpected_exception_is_INTERNAL_and_tells_no_secret()
    {
        await using var host = await ProbeHost.StartAsync(Development());
        foreach (var call in ThrowingCalls(host.Client(), "throw"))
        {
            var refusal = await Assert.ThrowsAsync<RpcException>(call);
            Assert.Equal(StatusCode.Internal, refusal.StatusCode);
            Assert.DoesNotContain("secret", refusal.ToString(), StringComparison.Ordinal);
        }
        Assert.Equal(4, host.Log.Of(1103).Count());
    }

    [Fact]
    public async Task A_refusal_passes_unchanged_with_its_message()
    {
        await using var host = await ProbeHost.StartAsync(Development());
        foreach (var call in ThrowingCalls(host.Client(), "refuse"))
        {
            var refusal = await Assert.ThrowsAsync<RpcException>(call);
            Assert.Equal((StatusCode.NotFound, "room \"größe 100%\" does not exist"), (refusal.StatusCode, refusal.Status.Detail));
        }
    }

    [Fact]
    public async Task A_handler_that_gives_up_by_itself_is_UNAVAILABLE_never_a_failure()
    {
        await using var host = await ProbeHost.StartAsync(Development());
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await host.Client()
            .ReadAsync(new ProbeRequest { Behave = "cancel" }));
        Assert.Equal(StatusCode.Unavailable, refusal.StatusCode);
        Assert.Contains("same request_id", refusal.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Our_own_bug_reaches_the_fatal_hook_once()
    {
        var fatal = new List<Exception>();
        await using var host = await ProbeHost.StartAsync(Development(o =>
        {
            o.IsFatal = e => e is InvariantViolation;
            o.OnFatal = fatal.Add;
        }));
        foreach (var call in ThrowingCalls(host.Client(), "law")) await Assert.ThrowsAsync<RpcException>(call);
        Assert.IsType<InvariantViolation>(Assert.Single(fatal));
    }

    [Fact]
    public async Task A_message_over_the_limit_is_RESOURCE_EXHAUSTED_and_the_connection_stays_usable()
    {
        await using var host =
            await ProbeHost.StartAsync(Development(o => { o.MaxReceiveMessageBytes = 100_000; o.MaxSendMessageBytes = 1 << 20; }));
        var client = host.Client();
        Assert.Equal(90_000, (await client.ReadAsync(new ProbeRequest { Payload = ByteString.CopyFrom(new byte[90_000]) })).Bytes);
        var large = await Assert.ThrowsAsync<RpcException>(async () =>
            await client.ReadAsync(new ProbeRequest { Payload = ByteString.CopyFrom(new byte[100_001]) }));
        Assert.Equal(StatusCode.ResourceExhausted, large.StatusCode);
        var reply = await Assert.ThrowsAsync<RpcException>(async () => await client.ReadAsync(new ProbeRequest { Behave = "large" }));
        Assert.Equal(StatusCode.ResourceExhausted, reply.StatusCode);
        await client.ReadAsync(Nothing);
    }

    [Fact]
    public async Task One_connection_carries_a_thousand_open_streams_and_still_answers()
    {
        await using var host = await ProbeHost.StartAsync(Development());
        using var http = new SocketsHttpHandler { EnableMultipleHttp2Connections = false };
        using var channel = Grpc.Net.Client.GrpcChannel.ForAddress("http://" + host.Address, new() { HttpHandler = http });
        var client = new Probe.ProbeClient(channel);
        var watches = Enumerable.Range(0, 1000).Select(_ => client.Watch(new ProbeRequest { Behave = "stay" })).ToList();
        foreach (var watch in watches) Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Limit));
        await client.ReadAsync(Nothing, deadline: DateTime.UtcNow.AddSeconds(30));
        foreach (var watch in watches) watch.Dispose();
    }

    [Fact]
    public async Task An_unknown_method_is_UNIMPLEMENTED()
    {
        await using var host = await ProbeHost.StartAsync(Development());
        var missing = new Method<ProbeRequest, ProbeReply>(MethodType.Unary, "videoscale.probe.Probe", "Missing",
            Marshallers.Create(r => r.ToByteArray(), ProbeRequest.Parser.ParseFrom),
                Marshallers.Create(r => r.ToByteArray(), ProbeReply.Parser.ParseFrom));
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await host.Channel().CreateCallInvoker()
            .AsyncUnaryCall(missing, null, default, Nothing));
        Assert.Equal(StatusCode.Unimplemented, refusal.StatusCode);
    }

    [Fact]
    public async Task Health_needs_no_token_and_says_what_was_set()
    {
        await using var host = await ProbeHost.StartAsync(ProbeHost.WithTokens());
        var health = new Health.HealthClient(host.Channel());
        var serving = host.Services.GetRequiredService<ServingStatus>();
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, (await health.CheckAsync(new HealthCheckRequest())).Status);
        serving.Set("", serving: true);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest())).Status);
    }

    [Fact]
    public async Task The_meter_counts_calls_by_method_and_status()
    {
        var measured = new Dictionary<string, long>(StringComparer.Ordinal);
        await using var host = await ProbeHost.StartAsync(ProbeHost.WithTokens());
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter,
            host.Services.GetRequiredService<RpcMetrics>().Meter)) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured[Key(instrument, tags)] = value);
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => measured[Key(instrument, tags)] = value);
        var durations = 0;
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref durations));
        listener.Start();

        var client = host.Client(ProbeHost.ViewerToken);
        for (var i = 0; i < 3; i++) await client.ReadAsync(Nothing);
        await Assert.ThrowsAsync<RpcException>(async () => await client.ReadAsync(new ProbeRequest { Behave = "refuse" }));
        await Assert.ThrowsAsync<RpcException>(async () => await client.ChangeAsync(Nothing));
        using var watch = client.Watch(new ProbeRequest { Behave = "stay" });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        await Eventually.HoldsAsync(() => Volatile.Read(ref durations) == 4, "four calls have a duration");
        listener.RecordObservableInstruments();

        Assert.Equal(3, measured["rpc_server_calls videoscale.probe.Probe/Read OK"]);
        Assert.Equal(1, measured["rpc_server_calls videoscale.probe.Probe/Read NotFound"]);
        Assert.Equal(1, measured["rpc_server_calls videoscale.probe.Probe/Change PermissionDenied"]);
        Assert.Equal(1, measured["rpc_server_in_flight videoscale.probe.Probe/Watch"]);
        Assert.Equal(0, measured["rpc_server_in_flight videoscale.probe.Probe/Read"]);
        Assert.Equal(1, measured["rpc_server_denied videoscale.probe.Probe/Change PermissionDenied"]);
    }

    [Fact]
    public void An_option_out_of_range_is_refused_by_name_and_value()
    {
        Assert.Contains("MaxStreamsPerConnection: 100 streams is not in 1000",
            Assert.Throws<RpcConfigurationException>(new RpcServerOptions { MaxStreamsPerConnection = 100 }.Validate).Message,
            StringComparison.Ordinal);
        Assert.Contains("DefaultDeadline: 0 ms", Assert.Throws<RpcConfigurationException>(
            new RpcServerOptions { DefaultDeadline = TimeSpan.Zero }.Validate).Message, StringComparison.Ordinal);
        Assert.Contains("DevelopmentMode", Assert.Throws<RpcConfigurationException>(
            new RpcServerOptions { DevelopmentMode = true, Tls = new TlsOptions() }.Validate).Message, StringComparison.Ordinal);
    }

    private static string Key(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = instrument.Name;
        foreach (var tag in tags) key += " " + tag.Value;
        return key;
    }

    private static IEnumerable<Func<Task>> ThrowingCalls(Probe.ProbeClient client, string behave)
    {
        var request = new ProbeRequest { Behave = behave };
        yield return async () => await client.ReadAsync(request);
        yield return async () =>
            { using var call = client.Watch(request); while (await call.ResponseStream.MoveNext(CancellationToken.None)) { } };
        yield return async () =>
        {
            using var call = client.Collect(); await call.RequestStream.WriteAsync(request);
            await call.RequestStream.CompleteAsync(); await call;
        };
        yield return async () =>
        {
            using var call = client.Attach();
            await call.RequestStream.WriteAsync(request);
            while (await call.ResponseStream.MoveNext(CancellationToken.None)) { }
        };
    }
}
