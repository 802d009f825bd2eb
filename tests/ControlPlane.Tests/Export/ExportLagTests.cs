using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Tests.EventLog;
using VideoScale.ControlPlane.Tests.HostTests;
using VideoScale.Harness;
using ExportState = VideoScale.V1.ExportState;
using Log = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.ControlPlane.Tests.Export;

/// <summary>How far the export is behind, and the alarm of its budget: 20 events, 60 s.</summary>
public sealed class ExportLagTests : IAsyncLifetime, IDisposable
{
    private const int Events = 100, MostEvents = 20;
    private const int Over = 5704, Within = 5705;
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly RecordedLog _said = new();
    private readonly StubLog _raft = new(StubLog.StatusOf(Membership.Of(StubLog.One)));
    private readonly StubTarget _target = new();
    private Log _log = null!;
    private Leadership _leadership = null!;
    private Exporter _exporter = null!;
    private ExportLag _lag = null!;

    public async Task InitializeAsync()
    {
        _log = Logs.Open(_directory.Path);
        new Script(new Random(11), Events).Feed(_log);
        await _log.SyncAsync();
        _leadership = new Leadership(_raft);
        _exporter = new Exporter(_target, "c", "replica-1", _log.Reader, _leadership, _ => true, _clock, NullLogger<Exporter>.Instance);
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(_said));
        _lag = new ExportLag(_exporter, _log.Reader, MostEvents, MostTime, _clock, loggers.CreateLogger<ExportLag>());
    }

    public async Task DisposeAsync()
    {
        await _leadership.DisposeAsync();
        await _raft.DisposeAsync();
        await _target.DisposeAsync();
    }

    public void Dispose()
    {
        _log.Dispose();
        _said.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task More_events_than_the_budget_alarm_once_and_again_only_after_it_was_within()
    {
        _clock.SetUtcNow(TimeOf(Events)); // so that all of them are seconds old at most
        await TakeAsync(Events - MostEvents);
        Assert.Equal((MostEvents, 0, 0), Measured());
        await TakeAsync(Events - MostEvents - 1);
        Assert.Equal((MostEvents + 1, 1, 0), Measured());
        Assert.Equal((MostEvents + 1, 1, 0), Measured());
        Assert.Contains($"to {_target.Name} is {MostEvents + 1} events", _said.Of(Over).Single(), StringComparison.Ordinal);
        await _exporter.Subscriber.HandleAsync([_log.Reader.TryGet(Events - MostEvents)!], CancellationToken.None);
        Assert.Equal((MostEvents, 1, 1), Measured());
        await TakeAsync(0);
        Assert.Equal((Events, 2, 1), Measured());
    }

    [Fact]
    public async Task The_first_event_that_waits_may_be_as_old_as_the_budget_and_no_older()
    {
        await TakeAsync(Events - 1);
        _clock.SetUtcNow(TimeOf(Events) + MostTime);
        Assert.Equal((1, 0, 0), Measured());
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((1, 1, 0), Measured());
        Assert.Equal(60_001UL, _lag.Ms);
        await _exporter.Subscriber.HandleAsync([_log.Reader.TryGet(Events)!], CancellationToken.None);
        Assert.Equal((0, 1, 1), Measured());
        Assert.Equal(0UL, _lag.Ms);
    }

    [Fact]
    public async Task A_target_that_never_said_how_far_it_is_is_behind_by_how_long_this_replica_has_led()
    {
        _target.Refuses = "the database is down";
        for (var tries = 0; tries < 2; tries++) // the second does not begin the time anew
        {
            await Assert.ThrowsAsync<ExportException>(async () => await _exporter.Subscriber.PlaceAsync!(CancellationToken.None));
            _clock.Advance(MostTime / 2);
            Assert.Equal((0, 0, 0), Measured());
        }
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((0, 1, 0), Measured());
        Assert.Contains("the database is down", _said.Of(Over).Single(), StringComparison.Ordinal);
        Assert.Equal(ExportState.Retrying, _exporter.Now.State);
    }

    [Fact]
    public async Task What_was_known_in_a_term_before_says_nothing_in_this_one()
    {
        _clock.SetUtcNow(TimeOf(Events) + 2 * MostTime);
        await TakeAsync(0);
        Assert.Equal((Events, 1, 0), Measured());
        await BecomeAsync(new RoleChange(ReplicaRole.Follower, 2, StubLog.Two));
        Assert.Equal((0, 1, 1), Measured());
        Assert.Null(await _exporter.Subscriber.PlaceAsync!(CancellationToken.None)); // never in the term of another
        await BecomeAsync(new RoleChange(ReplicaRole.Leader, 3, StubLog.One));
        Assert.Equal((0, 1, 1), Measured()); // others may have exported all of it meanwhile
        Assert.Equal((ExportState.TakingOver, 3UL), (_exporter.Now.State, _exporter.Now.Term));
        await TakeAsync(Events);
        Assert.Equal((0, 1, 1), Measured());
        Assert.Equal([1UL, 3UL], _target.Terms.Distinct());
    }

    /// <summary>Events behind, alarms so far, and how often it was said that it is within again.</summary>
    private (int Behind, int Alarms, int Ends) Measured()
    {
        _lag.Measure();
        Assert.Equal(_said.Of(Over).Count() > _said.Of(Within).Count(), _lag.IsOverBudget);
        return ((int)_lag.Events, _said.Of(Over).Count(), _said.Of(Within).Count());
    }

    private async Task TakeAsync(ulong place)
    {
        _target.Place = place;
        Assert.Equal(place, await _exporter.Subscriber.PlaceAsync!(CancellationToken.None));
    }

    private async Task BecomeAsync(RoleChange role)
    {
        var seen = _leadership.Now;
        _raft.Become(role);
        await _leadership.WaitForChangeAsync(seen, CancellationToken.None);
    }

    private DateTimeOffset TimeOf(ulong seq) => DateTimeOffset.FromUnixTimeMilliseconds(_log.Reader.TryGet(seq)!.OccurredAt.UnixMs);

    private sealed class StubTarget : IExportTarget
    {
        internal ulong Place { get; set; }
        internal string Refuses { get; set; } = "";
        internal List<ulong> Terms { get; } = [];

        public string Name => "stub";

        public ValueTask<ulong> TakeOverAsync(ExportClaim claim, IExportedLog log, CancellationToken cancellationToken)
        {
            if (Refuses.Length > 0) throw new ExportException(ExportProblem.Transient, Refuses);
            Terms.Add(claim.Term);
            return new(Place);
        }

        public ValueTask WriteAsync(IReadOnlyList<ControlPlane.Audit.EventEnvelope> batch, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask;

        public ValueTask CheckAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
