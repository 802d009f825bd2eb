using Grpc.Core;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Tests.EventLog;
using VideoScale.Harness.Rpc;
using VideoScale.V1;
using AuditService = VideoScale.ControlPlane.Host.Audit.AuditService;
using Log = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.ControlPlane.Tests.Audit;

/// <summary>What one replica's audit service does at once is bounded, and who is one too many is told so.</summary>
public sealed class AuditLimitTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private readonly string _directory = Directory.CreateTempSubdirectory("videoscale-audit-").FullName;
    private readonly Log _log;
    private readonly AuditService _audit;

    public AuditLimitTests()
    {
        _log = Log.Open(_directory, Script.Cluster);
        new Script(new Random(1), 2_000).Feed(_log);
        _audit = new AuditService(_log, new AuditOptions { MaxRunning = 1, MaxWaiting = 0, MaxSubscribers = 1 });
    }

    public void Dispose()
    {
        _audit.Dispose();
        _log.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_subscriber_too_many_is_refused_until_one_leaves()
    {
        using var leaves = new CancellationTokenSource();
        var first = new StubCall(leaves.Token);
        var subscribed = _audit.Subscribe(new SubscribeRequest(), new StubWriter<Event>(), first);
        await first.Begun.WaitAsync(Bound);
        var refused = await Assert.ThrowsAsync<RpcException>(() =>
            _audit.Subscribe(new SubscribeRequest(), new StubWriter<Event>(), new StubCall()).WaitAsync(Bound));
        Assert.Equal((StatusCode.ResourceExhausted, "subscribers: 1 of 1 in use, 1 too many"), (refused.StatusCode, refused.Status.Detail));
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => subscribed);
        using var leavesToo = new CancellationTokenSource();
        var next = new StubCall(leavesToo.Token);
        var again = _audit.Subscribe(new SubscribeRequest(), new StubWriter<Event>(), next);
        await next.Begun.WaitAsync(Bound);
        await leavesToo.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => again);
    }

    [Fact]
    public async Task A_question_too_many_is_refused_and_the_others_are_answered()
    {
        await _log.SyncAsync();
        var (refusals, answers) = (new List<RpcException>(), 0);
        for (var until = Environment.TickCount64 + (long)Bound.TotalMilliseconds; refusals.Count == 0 && Environment.TickCount64 < until;)
        {
            var questions = Enumerable.Range(0, 16).Select(_ => Task.Run(() => _audit.Verify(new VerifyRequest(), new StubCall())))
                .ToArray();
            foreach (var question in questions)
            {
                try { Assert.True((await question).Ok); answers++; }
                catch (RpcException e) { refusals.Add(e); }
            }
        }
        Assert.All(refusals,
            e => Assert.Equal((StatusCode.ResourceExhausted,
            "questions about the past: 1 running and 0 waiting already, 1 too many; ask again later"), (e.StatusCode, e.Status.Detail)));
        Assert.NotEmpty(refusals);
        Assert.True(answers > 0);
        Assert.True((await _audit.Verify(new VerifyRequest(), new StubCall())).Ok); // the place is free again
    }
}
