using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Tests.Databases;
using VideoScale.Export.Tests.Logs;

namespace VideoScale.Export.Tests;

public sealed class ExportTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly FleetLog Log = FleetLog.One;

    [Fact]
    public async Task A_log_is_in_the_database_as_it_was_written_and_the_sequence_stands_where_the_rows_end()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var export = database.Export();
        Assert.Equal(Log.LastSeq, await Log.ExportAsync(export, Log.Leader()));
        Assert.Equal((long)Log.LastSeq, await database.ScalarAsync<long>("select count(*) from videoscale.mt_events"));
        Assert.Equal((long)Log.LastSeq, await database.ScalarAsync<long>("select last_value from videoscale.mt_events_sequence"));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from videoscale.mt_events where mt_dotnet_type is null"));
    }
}
