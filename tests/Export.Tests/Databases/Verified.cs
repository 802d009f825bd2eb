using VideoScale.Export.Tests.Logs;
using VideoScale.Export.Verification;

namespace VideoScale.Export.Tests.Databases;

internal static class Verified
{
    /// <summary>The database holds the log up to an event, column for column, and nothing else.</summary>
    internal static async Task HoldsAsync(this TestDatabase database, FleetLog log, ulong until)
    {
        var found = await new PostgresVerifier(database.Address).VerifyAsync(log, null, CancellationToken.None);
        Assert.True(found.Ok, found.Problem);
        Assert.Equal(until, found.Events);
        Assert.Equal((long)until, await database.ScalarAsync<long>("select last_value from videoscale.mt_events_sequence"));
    }
}
