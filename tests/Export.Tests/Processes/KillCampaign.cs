using VideoScale.Export.Steps;
using VideoScale.Export.Tests.Databases;
using VideoScale.Export.Tests.Logs;

namespace VideoScale.Export.Tests.Processes;

/// <summary>kill -9 at each step of a batch, over and over; then the database must hold the log, column for column.</summary>
internal static class KillCampaign
{
    internal static async Task RunAsync(int rounds, Action<string> say)
    {
        var postgres = new PostgresFixture();
        await postgres.InitializeAsync();
        try { await RunAsync(postgres, rounds, say); }
        finally { await postgres.DisposeAsync(); }
    }

    internal static async Task RunAsync(PostgresFixture postgres, int rounds, Action<string> say)
    {
        var log = FleetLog.One;
        await using var database = await postgres.NewDatabaseAsync();
        var (term, until) = (0UL, 0UL);
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var step in Enum.GetValues<ExportStep>())
            {
                until += ChildExporter.Batch;
                if (until > log.LastSeq) // once more from the beginning
                {
                    await using var owner = new ExportDatabase(database.Address);
                    await owner.RebuildAsync(CancellationToken.None);
                    until = ChildExporter.Batch;
                }
                using var child = await ChildExporter.StartAsync(database, log, step, ++term, until);
                await child.KillAsync();
                await using var next = database.Export();
                await log.ExportAsync(next, log.Leader(++term), until, ChildExporter.Batch);
            }
            await database.HoldsAsync(log, until);
            say($"round {round} of {rounds}: six kills, and events 1 to {until} are there");
        }
    }
}
