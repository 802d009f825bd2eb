using VideoScale.Export.Steps;
using VideoScale.Export.Tests.Databases;
using VideoScale.Export.Tests.Logs;
using VideoScale.Export.Tests.Processes;

namespace VideoScale.Export.Tests;

/// <summary>Exporters as processes that are killed and frozen.</summary>
public sealed class ProcessTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public Task A_process_that_is_killed_at_any_step_leaves_what_the_next_one_goes_on_from() =>
        KillCampaign.RunAsync(postgres, rounds: 1, _ => { });

    [Fact]
    public async Task A_leader_that_is_frozen_within_a_COPY_is_ended_by_the_next_one_and_writes_nothing_when_it_wakes()
    {
        var log = FleetLog.One;
        await using var database = await postgres.NewDatabaseAsync();
        using var frozen = await ChildExporter.StartAsync(database, log, ExportStep.WithinEvents, term: 1, until: ChildExporter.Batch);
        frozen.Freeze();
        await using var next = database.Export();
        await log.ExportAsync(next, log.Leader(term: 2, name: "replica-2"), until: 200);
        var words = await frozen.ResumeAsync();
        Assert.StartsWith("Transient", words, StringComparison.Ordinal); // its connection is gone; its next takeover finds the newer term
        await database.HoldsAsync(log, 200);
    }
}
