using Marten;
using Npgsql;
using NpgsqlTypes;
using VideoScale.Export.Schema;
using VideoScale.Export.Steps;

namespace VideoScale.Export.Rows;

/// <summary>
/// Puts events and ledger into the transaction that Marten's session has begun, by COPY: between its own operations and the commit.
/// </summary>
internal sealed class RowCopy(IReadOnlyList<EventRow> rows, StepHook? hook) : ITransactionParticipant
{
    private const string EventsSql = $"copy {Names.Events} (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, "
        + "mt_dotnet_type, correlation_id, causation_id, headers, user_name, is_archived) from stdin (format binary)";
    private const string LedgerSql =
        $"copy {Names.Ledger} (seq, raft_index, raft_term, leaf, chain, record) from stdin (format binary)";

    public async Task BeforeCommitAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken token)
    {
        await StepHook.At(hook, ExportStep.AfterStreams, token);
        await using (var events = await connection.BeginBinaryImportAsync(EventsSql, token))
        {
            for (var i = 0; i < rows.Count; i++)
            {
                if (i == rows.Count / 2) await StepHook.At(hook, ExportStep.WithinEvents, token);
                await WriteEventAsync(events, rows[i], token);
            }
            await events.CompleteAsync(token);
        }
        await using (var ledger = await connection.BeginBinaryImportAsync(LedgerSql, token))
        {
            for (var i = 0; i < rows.Count; i++)
            {
                if (i == rows.Count / 2) await StepHook.At(hook, ExportStep.WithinLedger, token);
                await WriteRecordAsync(ledger, rows[i], token);
            }
            await ledger.CompleteAsync(token);
        }
        await StepHook.At(hook, ExportStep.BeforeCommit, token);
    }

    private static async Task WriteEventAsync(NpgsqlBinaryImporter copy, EventRow row, CancellationToken token)
    {
        await copy.StartRowAsync(token);
        await copy.WriteAsync(row.Seq, NpgsqlDbType.Bigint, token);
        await copy.WriteAsync(row.Id, NpgsqlDbType.Uuid, token);
        await copy.WriteAsync(row.Stream, NpgsqlDbType.Varchar, token);
        await copy.WriteAsync(row.Version, NpgsqlDbType.Bigint, token);
        await copy.WriteAsync(row.Data, NpgsqlDbType.Jsonb, token);
        await copy.WriteAsync(row.Type, NpgsqlDbType.Varchar, token);
        await copy.WriteAsync(row.Timestamp, NpgsqlDbType.TimestampTz, token);
        await copy.WriteAsync(Names.MartenTenant, NpgsqlDbType.Varchar, token);
        await copy.WriteAsync("", NpgsqlDbType.Varchar, token); // a NULL class breaks readers that lack the type
        await WriteTextAsync(copy, row.CorrelationId, token);
        await WriteTextAsync(copy, row.CausationId, token);
        await copy.WriteAsync(row.Headers, NpgsqlDbType.Jsonb, token);
        await WriteTextAsync(copy, row.UserName, token);
        await copy.WriteAsync(false, NpgsqlDbType.Boolean, token);
    }

    private static async Task WriteRecordAsync(NpgsqlBinaryImporter copy, EventRow row, CancellationToken token)
    {
        await copy.StartRowAsync(token);
        await copy.WriteAsync(row.Seq, NpgsqlDbType.Bigint, token);
        await copy.WriteAsync(row.RaftIndex, NpgsqlDbType.Bigint, token);
        await copy.WriteAsync(row.RaftTerm, NpgsqlDbType.Bigint, token);
        await copy.WriteAsync(row.Leaf.ToArray(), NpgsqlDbType.Bytea, token);
        await copy.WriteAsync(row.Chain.ToArray(), NpgsqlDbType.Bytea, token);
        await copy.WriteAsync(row.Record, NpgsqlDbType.Bytea, token);
    }

    private static Task WriteTextAsync(NpgsqlBinaryImporter copy, string? text, CancellationToken token) =>
        text is null ? copy.WriteNullAsync(token) : copy.WriteAsync(text, NpgsqlDbType.Varchar, token);
}
