using Npgsql;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Schema;

namespace VideoScale.Export.Takeovers;

/// <summary>
/// The tables are as this version of Marten makes them: a reader with default settings changes them to what it expects. Marten's own check
/// sees keys that PostgreSQL shows to an owner alone; columns everybody sees.
/// </summary>
internal static class SchemaColumns
{
    private static readonly (string Table, string Columns)[] Expected =
    [
        ("mt_events",
            "bdata causation_id correlation_id data headers id is_archived mt_dotnet_type seq_id stream_id tenant_id timestamp type "
            + "user_name version"),
        ("mt_streams", "compacted_version created id is_archived tenant_id timestamp type version"),
        ("vs_ledger", "chain leaf raft_index raft_term record seq"),
    ];

    internal static async Task RequireAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        foreach (var (table, columns) in Expected)
        {
            await using var read = new NpgsqlCommand("""
                select string_agg(attname, ' ' order by attname collate "C") from pg_attribute
                where attrelid = to_regclass(@table) and attnum > 0 and not attisdropped
                """, connection);
            read.Parameters.AddWithValue("table", $"{Names.Schema}.{table}");
            if (await read.ExecuteScalarAsync(cancellationToken) is not string found)
                throw new ExportException(ExportProblem.NotReady, $"{table} is not there: make the schema with `videoscale export init`");
            if (found != columns)
                throw new ExportException(ExportProblem.NotReady,
                    $"{table} has the columns {found}, and has to have {columns}: somebody changed it; `videoscale export init` puts "
                        + $"back what is "
                    + "missing, and what was in it comes with `videoscale export rebuild`");
        }
    }
}
