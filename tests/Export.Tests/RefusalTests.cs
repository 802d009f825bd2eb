using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Tests.Databases;
using VideoScale.Export.Tests.Logs;

namespace VideoScale.Export.Tests;

/// <summary>What is not this log's is left alone, and what somebody else wrote stops the export by name.</summary>
public sealed class RefusalTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly FleetLog Log = FleetLog.One;

    [Fact]
    public async Task Another_cluster_and_another_past_are_refused_before_anything_is_written()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var export = database.Export();
        await Log.ExportAsync(export, Log.Leader(), until: 100);
        using var otherPast = new FleetLog(FleetLog.Cluster, seed: 6, events: 200);
        using var otherCluster = new FleetLog(FleetLog.Cluster + 1, seed: 5, events: 200);
        foreach (var (log, words) in ((FleetLog, string)[])[(otherPast, "their chains differ"), (otherCluster, "the events of cluster")])
        {
            await using var stranger = database.Export();
            var refused = await Assert.ThrowsAsync<ExportException>(() => log.ExportAsync(stranger, log.Leader(term: 9)));
            Assert.Equal(ExportProblem.Foreign, refused.Problem);
            Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        }
        await database.HoldsAsync(Log, 100);
        await database.ExecuteAsync("update videoscale.vs_export_checkpoint set chain = 'cut'");
        var cut = await Assert.ThrowsAsync<ExportException>(() => Log.ExportAsync(export, Log.Leader())); // and no broken invariant
        Assert.Equal(ExportProblem.Foreign, cut.Problem);
        Assert.Equal(1L, await database.ScalarAsync<long>("select epoch from videoscale.vs_export_checkpoint"));
    }

    public static TheoryData<string, string> Strangers => new()
    {
        { "a row beyond the end", "insert into videoscale.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id) "
            + "select 103, gen_random_uuid(), id, version + 1, '{}', 'intruder', now(), '*DEFAULT*' from videoscale.mt_streams limit 1" },
        { "a tombstone in the next number", "insert into videoscale.mt_streams (id, version) values ('mt_tombstone', 0); "
            + "insert into videoscale.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id) "
            + "values (101, gen_random_uuid(), 'mt_tombstone', 1, '{}', 'tombstone', now(), '*DEFAULT*')" },
    };

    [Theory]
    [MemberData(nameof(Strangers))]
    public async Task A_row_that_nobody_exported_stops_the_export_by_name(string what, string sql)
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var export = database.Export();
        await Log.ExportAsync(export, Log.Leader(), until: 100);
        await database.ExecuteAsync(sql);
        var within = await Assert.ThrowsAsync<ExportException>(async () => // it is met in the middle of the export …
            await export.WriteAsync(Log.All.GetRange(100, 50), CancellationToken.None));
        Assert.True(within is { Problem: ExportProblem.Permanent, Seq: > 100 and < 104 }, $"{what}: {within}");
        var before = await Assert.ThrowsAsync<ExportException>(() => Log.ExportAsync(export, Log.Leader(term: 2))); // … or before it
        Assert.True(before is { Problem: ExportProblem.Permanent, Seq: > 100 and < 104 }, $"{what}: {before}");
        Assert.Contains("seq_id 10", before.Message, StringComparison.Ordinal);
        Assert.Equal(100L, await database.ScalarAsync<long>("select last_seq from videoscale.vs_export_checkpoint"));
        await database.ExecuteAsync("delete from videoscale.mt_events where seq_id > 100");
        await database.ExecuteAsync("delete from videoscale.mt_streams where id = 'mt_tombstone'");
        await Log.ExportAsync(export, Log.Leader(term: 3), until: 200); // once it is gone
        await database.HoldsAsync(Log, 200);
    }

    [Fact]
    public async Task A_stream_that_stands_elsewhere_stops_the_export()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var export = database.Export();
        await Log.ExportAsync(export, Log.Leader(), until: 100);
        await database.ExecuteAsync("update videoscale.mt_streams set version = version + 1");
        var stopped = await Assert.ThrowsAsync<ExportException>(async () =>
            await export.WriteAsync(Log.All.GetRange(100, 200), CancellationToken.None));
        Assert.True(stopped is { Problem: ExportProblem.Permanent, Seq: 101 }, stopped.ToString());
        Assert.Equal(100L, await database.ScalarAsync<long>("select count(*) from videoscale.mt_events"));
    }

    [Fact]
    public async Task Without_the_schema_it_says_what_makes_it_and_goes_on_once_it_is_there()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await database.ExecuteAsync("drop schema videoscale cascade");
        await using var export = database.Export();
        var missing = await Assert.ThrowsAsync<ExportException>(() => Log.ExportAsync(export, Log.Leader(), until: 10));
        Assert.Equal(ExportProblem.NotReady, missing.Problem);
        Assert.Contains("videoscale export init", missing.Message, StringComparison.Ordinal);
        await using (var owner = new ExportDatabase(database.Address)) await owner.InitializeAsync(CancellationToken.None);
        await Log.ExportAsync(export, Log.Leader(), until: 10);
        await database.HoldsAsync(Log, 10);
    }
}
