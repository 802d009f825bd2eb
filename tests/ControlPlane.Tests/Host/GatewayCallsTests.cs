using System.Diagnostics.Metrics;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Rooms;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>What the gateway of a replica's own process gets for a call that no port took in.</summary>
public sealed class GatewayCallsTests : IDisposable
{
    private const string Method = "CreateRoom";
    private readonly FakeTimeProvider _clock = new();
    private readonly string _replica = Guid.NewGuid().ToString("n"); // others of this process count too
    private readonly ReplicaMetrics _metrics;
    private readonly List<Exception> _stoppedBy = [];
    private readonly GatewayCalls _calls;

    public GatewayCallsTests()
    {
        _metrics = new ReplicaMetrics(_replica);
        _calls = new GatewayCalls(_stoppedBy.Add, _metrics, _clock, NullLogger<GatewayCalls>.Instance);
    }

    [Fact]
    public async Task A_call_comes_as_the_gateway_with_a_deadline_and_its_answer_goes_back()
    {
        var incoming = await _calls.RunAsync(Method, Task.FromResult, CancellationToken.None);
        Assert.Equal((Method, "gateway", Role.Operator), (incoming.Method, incoming.Caller.Subject, incoming.Caller.Role));
        Assert.Equal(_clock.GetUtcNow().UtcDateTime + GatewayCalls.CallTime, incoming.Deadline);
        Assert.Equal([("method", Method, 1)], Counts());
    }

    [Fact]
    public async Task A_caller_waits_no_longer_than_its_deadline_whatever_the_call_waits_for()
    {
        var never = new TaskCompletionSource<int>();
        var call = _calls.RunAsync(Method, _ => never.Task, CancellationToken.None);
        _clock.Advance(GatewayCalls.CallTime - TimeSpan.FromMilliseconds(1));
        Assert.False(call.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await FailsAsync(StatusCode.DeadlineExceeded, call);
    }

    [Fact]
    public async Task A_caller_that_goes_away_is_answered_as_cancelled()
    {
        using var gone = new CancellationTokenSource();
        var call = _calls.RunAsync(Method, async incoming =>
        {
            await Task.Delay(Timeout.Infinite, incoming.CancellationToken);
            return 0;
        }, gone.Token);
        await gone.CancelAsync();
        await FailsAsync(StatusCode.Cancelled, call);
    }

    [Fact]
    public async Task A_refusal_stays_what_it_is()
    {
        var refusal = await FailsAsync(StatusCode.NotFound,
            _calls.RunAsync<int>(Method, _ => throw Failure.NotFound("room standup").ToRpcException(), CancellationToken.None));
        Assert.Contains("room standup", refusal.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_given_up_here_is_unavailable_and_what_should_not_happen_tells_nothing()
    {
        await FailsAsync(StatusCode.Unavailable,
            _calls.RunAsync<int>(Method, _ => throw new OperationCanceledException(), CancellationToken.None));
        var fault = await FailsAsync(StatusCode.Internal,
            _calls.RunAsync<int>(Method, _ => throw new InvalidOperationException("a secret"), CancellationToken.None), refused: 2);
        Assert.DoesNotContain("a secret", fault.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(_stoppedBy);
    }

    [Fact]
    public async Task A_broken_law_ends_the_process()
    {
        var broken = new InvariantViolation("one room has one owner");
        await FailsAsync(StatusCode.Internal, _calls.RunAsync<int>(Method, _ => throw broken, CancellationToken.None));
        Assert.Same(broken, Assert.Single(_stoppedBy));
    }

    /// <param name="refused">So many were, with this one.</param>
    private async Task<RpcException> FailsAsync<T>(StatusCode status, Task<T> call, int refused = 1)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal(status, failure.StatusCode);
        var counts = Counts();
        Assert.Contains(("status", status.ToString(), 1), counts);
        Assert.Equal((refused, refused), (counts.Where(c => c.Label == "status").Sum(c => c.Count),
            counts.Where(c => c.Label == "method").Sum(c => c.Count)));
        return failure;
    }

    private List<(string Label, string Of, int Count)> Counts()
    {
        var counts = new List<(string, string, int)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, meters) =>
        {
            if (instrument.Name.StartsWith("gateway_calls", StringComparison.Ordinal)
                && instrument.Meter.Tags!.Any(tag => (string?)tag.Value == _replica)) meters.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, labels, _) =>
        {
            foreach (var label in labels) counts.Add((label.Key, (string)label.Value!, (int)value));
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return counts;
    }

    public void Dispose() => _metrics.Dispose();
}
