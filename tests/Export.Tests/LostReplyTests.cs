using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Steps;
using VideoScale.Export.Tests.Databases;
using VideoScale.Export.Tests.Logs;

namespace VideoScale.Export.Tests;

/// <summary>The answer to a commit is lost: the batch is there, and nobody was told.</summary>
public sealed class LostReplyTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Rounds = 4, Batch = 25;
    private static readonly FleetLog Log = FleetLog.One;

    [Fact]
    public async Task A_batch_that_had_gone_through_is_not_written_again()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var proxy = new LossyProxy(database.SocketPath);
        var address = PostgresFixture.AddressOf(database.UrlAt(proxy.Port));
        await using var export = new MartenExport(address, new StepHook((step, _) =>
        {
            if (step == ExportStep.BeforeCommit) proxy.LoseNextAnswer();
            return Task.CompletedTask;
        }), TimeSpan.FromSeconds(2));
        for (var round = 1UL; round <= Rounds; round++)
        {
            var lost = await Assert.ThrowsAsync<ExportException>(() => Log.ExportAsync(export, Log.Leader(), round * Batch, Batch));
            Assert.Equal(ExportProblem.Transient, lost.Problem);
            Assert.Equal(round * Batch, await export.TakeOverAsync(Log.Leader(), Log, CancellationToken.None));
        }
        await database.HoldsAsync(Log, Rounds * Batch);
    }
}
