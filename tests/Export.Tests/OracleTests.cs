using JasperFx;
using JasperFx.Events;
using Marten;
using Marten.Internal;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.Export.Rows;
using VideoScale.Export.Schema;
using VideoScale.Export.Tests.Databases;
using VideoScale.Export.Tests.Logs;

namespace VideoScale.Export.Tests;

/// <summary>What our COPY writes is what Marten itself would have written: another version of Marten has to pass here first.</summary>
public sealed class OracleTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Events = 600;
    private static readonly FleetLog Log = FleetLog.One;

    [Fact]
    public async Task Every_column_is_what_Martens_own_inserts_write()
    {
        await using var ours = await postgres.NewDatabaseAsync();
        await using (var export = ours.Export()) await Log.ExportAsync(export, Log.Leader(), until: Events, batch: 200);
        await using var theirs = await postgres.NewDatabaseAsync();
        await InsertAsync(theirs);
        const string AllColumns = "select md5(string_agg(e::text, '|' order by seq_id)) from videoscale.mt_events e";
        Assert.Equal(await theirs.ScalarAsync<string>(AllColumns), await ours.ScalarAsync<string>(AllColumns));
        // When a stream's row was touched, Marten leaves to the transaction's clock.
        const string Streams = "select md5(string_agg((id, type, version, tenant_id, is_archived)::text, '|' order by id)) "
            + "from videoscale.mt_streams";
        Assert.Equal(await theirs.ScalarAsync<string>(Streams), await ours.ScalarAsync<string>(Streams));
    }

    /// <summary>Marten's own operations, queued in the order of the log.</summary>
    private static async Task InsertAsync(TestDatabase database)
    {
        await using var source = database.Address.OpenSource();
        await using var store = ExportStore.Open(source, AutoCreate.None);
        await using var session = store.LightweightSession();
        var storage = ((IMartenSession)session).EventStorage();
        var rows = EventRow.Of(Log.All.GetRange(0, Events), Hash256.Zero);
        for (var i = 0; i < Events; i++)
        {
            var one = EventOf(store, Log.All[i], rows[i]);
            var stream = rows[i].Version == 1 ? StreamAction.Start(rows[i].Stream, one) : StreamAction.Append(rows[i].Stream, [one]);
            stream.Version = rows[i].Version;
            stream.TenantId = Names.MartenTenant;
            stream.ExpectedVersionOnServer = rows[i].Version - 1;
            session.QueueOperation(rows[i].Version == 1 ? storage.InsertStream(stream) : storage.UpdateStreamVersion(stream));
            session.QueueOperation(storage.AppendEvent(store.Events, (IMartenSession)session, stream, one));
        }
        await session.SaveChangesAsync();
    }

    private static IEvent EventOf(DocumentStore store, EventEnvelope envelope, EventRow row)
    {
        var one = store.Events.BuildEvent(EventMapping.Decode(envelope)!);
        (one.Id, one.Sequence, one.Version, one.StreamKey) = (row.Id, row.Seq, row.Version, row.Stream);
        (one.Timestamp, one.TenantId, one.DotNetTypeName) = (new DateTimeOffset(row.Timestamp), Names.MartenTenant, "");
        (one.CorrelationId, one.CausationId, one.UserName) = (row.CorrelationId, row.CausationId, row.UserName);
        using var headers = System.Text.Json.JsonDocument.Parse(row.Headers);
        one.Headers = headers.RootElement.EnumerateObject().ToDictionary(header => header.Name, header => (object)header.Value.Clone());
        return one;
    }
}
