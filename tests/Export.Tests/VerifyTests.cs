using VideoScale.Export.Tests.Databases;
using VideoScale.Export.Tests.Logs;
using VideoScale.Export.Verification;

namespace VideoScale.Export.Tests;

public sealed class VerifyTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly FleetLog Log = FleetLog.One;

    /// <summary>Each one change that somebody with the owner's password can make.</summary>
    public static TheoryData<string, string> Changes => new()
    {
        { "event 42: data of", "update videoscale.mt_events set data = data || '{\"room\": \"another\"}' where seq_id = 42" },
        { "event 42: type of", "update videoscale.mt_events set type = 'room_closed_' where seq_id = 42" },
        { "event 42: timestamp of", "update videoscale.mt_events set timestamp = timestamp + interval '1 ms' where seq_id = 42" },
        { "event 42: user_name of", "update videoscale.mt_events set user_name = 'mallory' where seq_id = 42" },
        { "event 42: headers of", "update videoscale.mt_events set headers = headers - 'command_id' where seq_id = 42" },
        { "event 42: mt_dotnet_type of", "update videoscale.mt_events set mt_dotnet_type = null where seq_id = 42" },
        { "event 42: is_archived of", "update videoscale.mt_events set is_archived = true where seq_id = 42" },
        { "event 42: id of", "update videoscale.mt_events set id = gen_random_uuid() where seq_id = 42" },
        { "mt_events has no row for event 42", "delete from videoscale.mt_events where seq_id = 42" },
        { "vs_ledger has no row for event 42", "delete from videoscale.vs_ledger where seq = 42" },
        { "event 42: the record does not hash", "update videoscale.vs_ledger set record = set_byte(record, 9, 77) where seq = 42" },
        { "event 42: raft_term of", "update videoscale.vs_ledger set raft_term = 99 where seq = 42" },
        { "event 42: chain of", "update videoscale.vs_ledger set chain = leaf where seq = 42" },
        { "seq_id 301", "insert into videoscale.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id) "
            + "select 301, gen_random_uuid(), id, version + 1, '{}', 'intruder', now(), '*DEFAULT*' from videoscale.mt_streams limit 1" },
        { "cluster has version", "update videoscale.mt_streams set version = version + 1 where id = 'cluster'" },
        { "cluster is missing", "alter table videoscale.mt_events drop constraint fkey_mt_events_stream_id; "
            + "delete from videoscale.mt_streams where id = 'cluster'" },
        { "the export stands at 0", "delete from videoscale.vs_export_checkpoint" },
        { "no cluster's id", "update videoscale.vs_export_checkpoint set cluster_id = 'another'" },
        { "holds another chain", "update videoscale.vs_export_checkpoint set chain = 'cut'" },
        { "event 42: chain of", "update videoscale.vs_ledger set chain = 'cut' where seq = 42" },
        { "holds another chain", "update videoscale.vs_export_checkpoint set chain = set_byte(chain, 0, 1 + get_byte(chain, 0) / 2)" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_change_is_found_and_named(string words, string sql)
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using (var export = database.Export()) await Log.ExportAsync(export, Log.Leader(), until: 300, batch: 300);
        await database.HoldsAsync(Log, 300);
        await database.ExecuteAsync(sql);
        var found = await new PostgresVerifier(database.Address).VerifyAsync(Log, null, CancellationToken.None);
        Assert.False(found.Ok);
        Assert.Contains(words, found.Problem, StringComparison.Ordinal);
        if (words.StartsWith("event 42", StringComparison.Ordinal)) Assert.Equal(42UL, found.FirstBadSeq);
    }

    [Fact]
    public async Task Another_past_that_agrees_with_itself_is_found_by_the_log_at_the_first_event_that_differs()
    {
        using var forged = new FleetLog(FleetLog.Cluster, seed: 6, events: 300);
        await using var database = await postgres.NewDatabaseAsync();
        await using (var export = database.Export()) await forged.ExportAsync(export, forged.Leader());
        var found = await new PostgresVerifier(database.Address).VerifyAsync(Log, null, CancellationToken.None);
        var first = forged.All.Zip(Log.All).First(pair => pair.First.Chain != pair.Second.Chain).First.EventSeq;
        Assert.Equal(first, found.FirstBadSeq);
        Assert.Contains("is not the log's", found.Problem, StringComparison.Ordinal);
    }
}
