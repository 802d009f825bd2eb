using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Steps;
using VideoScale.Export.Tests.Databases;
using VideoScale.Export.Tests.Logs;

namespace VideoScale.Export.Tests;

/// <summary>A batch that is cut off anywhere is there as a whole or not at all, and what comes after it finds out which.</summary>
public sealed class FaultTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Batch = 25;
    private static readonly FleetLog Log = FleetLog.One;

    public static TheoryData<string> Steps => new(Enum.GetNames<ExportStep>());

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_connection_that_is_lost_costs_a_repeat_at_most(string name)
    {
        const int Rounds = 4;
        var step = Enum.Parse<ExportStep>(name);
        await using var database = await postgres.NewDatabaseAsync();
        for (var round = 1UL; round <= Rounds; round++)
        {
            var cut = false;
            await using var export = database.Export(new StepHook(async (at, _) =>
            {
                if (cut || at != step) return;
                cut = true;
                await database.CutAsync();
            }));
            var until = round * Batch;
            var failure = await Record.ExceptionAsync(() => Log.ExportAsync(export, Log.Leader(term: round), until, Batch));
            Assert.True(cut);
            Assert.True(failure is null or ExportException { Problem: ExportProblem.Transient }, failure?.ToString());
            Assert.Equal(until, await Log.ExportAsync(export, Log.Leader(term: round), until, Batch)); // the same exporter goes on
        }
        await database.HoldsAsync(Log, Rounds * Batch);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task An_exporter_that_is_gone_leaves_a_batch_as_a_whole_or_not_at_all(string name)
    {
        const int Rounds = 2;
        var step = Enum.Parse<ExportStep>(name);
        await using var database = await postgres.NewDatabaseAsync();
        var gone = new List<IAsyncDisposable>();
        for (var round = 1UL; round <= Rounds; round++)
        {
            using var stands = new SemaphoreSlim(0);
            var export = database.Export(new StepHook(async (at, token) =>
            {
                if (at != step) return;
                stands.Release();
                await Task.Delay(Timeout.Infinite, token); // it never comes back
            }));
            gone.Add(export);
            _ = Log.ExportAsync(export, Log.Leader(term: 2 * round), round * Batch, Batch);
            await stands.WaitAsync();
            await using var next = database.Export();
            await Log.ExportAsync(next, Log.Leader(term: 2 * round + 1, name: "replica-2"), round * Batch, Batch);
        }
        await database.HoldsAsync(Log, Rounds * Batch);
    }

    [Fact]
    public async Task A_deposed_exporter_writes_nothing_more()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var old = database.Export();
        await Log.ExportAsync(old, Log.Leader(term: 3), until: 100);
        await using var young = database.Export();
        Assert.Equal(100UL, await young.TakeOverAsync(Log.Leader(term: 4, name: "replica-2"), Log, CancellationToken.None));
        var fenced = await Assert.ThrowsAsync<ExportException>(async () =>
            await old.WriteAsync(Log.All.GetRange(100, 10), CancellationToken.None));
        Assert.Equal(ExportProblem.Fenced, fenced.Problem);
        Assert.Contains("replica-2 exports, in term 4", fenced.Message, StringComparison.Ordinal);
        fenced = await Assert.ThrowsAsync<ExportException>(async () =>
            await old.TakeOverAsync(Log.Leader(term: 3), Log, CancellationToken.None));
        Assert.Equal(ExportProblem.Fenced, fenced.Problem);
        var process = new ExportClaim(Log.ClusterId, 4, ExportClaim.ProcessPrefix + "one", IsLeader: false);
        fenced = await Assert.ThrowsAsync<ExportException>(async () => await old.TakeOverAsync(process, Log, CancellationToken.None));
        Assert.Equal(ExportProblem.Fenced, fenced.Problem);
        await young.WriteAsync(Log.All.GetRange(100, 50), CancellationToken.None);
        await database.HoldsAsync(Log, 150);
    }

    [Fact]
    public async Task A_restored_backup_is_taken_again_and_gets_what_it_lacks()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var export = database.Export();
        await Log.ExportAsync(export, Log.Leader(term: 2), until: 200);
        await database.ExecuteAsync("""
            create table saved as select * from videoscale.vs_export_checkpoint;
            create table saved_streams as select * from videoscale.mt_streams
            """);
        await Log.ExportAsync(export, Log.Leader(term: 2), until: 400);
        await database.ExecuteAsync("""
            delete from videoscale.mt_events where seq_id > 200; delete from videoscale.vs_ledger where seq > 200;
            delete from videoscale.mt_streams where id not in (select id from saved_streams);
            update videoscale.mt_streams s set version = b.version, timestamp = b.timestamp from saved_streams b where b.id = s.id;
            delete from videoscale.vs_export_checkpoint; insert into videoscale.vs_export_checkpoint select * from saved;
            select setval('videoscale.mt_events_sequence', 200)
            """);
        var setBack = await Assert.ThrowsAsync<ExportException>(async () =>
            await export.WriteAsync(Log.All.GetRange(400, 50), CancellationToken.None));
        Assert.Equal(ExportProblem.Transient, setBack.Problem);
        await Log.ExportAsync(export, Log.Leader(term: 2), until: 500);
        await database.HoldsAsync(Log, 500);
    }
}
