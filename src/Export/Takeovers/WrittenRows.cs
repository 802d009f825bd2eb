using Npgsql;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Schema;

namespace VideoScale.Export.Takeovers;

/// <summary>Events and ledger end where the checkpoint says: nobody else wrote, and nothing is gone from their end.</summary>
internal static class WrittenRows
{
    internal static async Task RequireAsync(NpgsqlConnection connection, ulong lastSeq, CancellationToken cancellationToken)
    {
        await RequireNoneAboveAsync(connection, lastSeq, cancellationToken);
        await using var ends = new NpgsqlCommand(
            $"select coalesce((select max(seq_id) from {Names.Events}), 0), coalesce((select max(seq) from {Names.Ledger}), 0)",
                connection);
        await using var reader = await ends.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        foreach (var (column, table) in ((int, string)[])[(0, Names.Events), (1, Names.Ledger)])
            if ((ulong)reader.GetInt64(column) is var seq && seq != lastSeq)
                throw new ExportException(ExportProblem.Permanent,
                    $"{table} ends with event {seq}, and its checkpoint says {lastSeq}: rows were changed by somebody else",
                        Math.Min(seq, lastSeq) + 1);
    }

    private static async Task RequireNoneAboveAsync(NpgsqlConnection connection, ulong lastSeq, CancellationToken cancellationToken)
    {
        await using var above = new NpgsqlCommand(
            $"select seq_id, type, stream_id from {Names.Events} where seq_id > @last order by seq_id limit 1", connection);
        above.Parameters.AddWithValue("last", (long)lastSeq);
        await using var reader = await above.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return;
        var (seq, type, stream) = (reader.GetInt64(0), reader.GetString(1), reader.GetString(2));
        throw new ExportException(ExportProblem.Permanent,
            $"{Names.Events} holds a row that is not of the export: seq_id {seq}, {type}, stream {stream}; the export stands at {lastSeq}. "
            + "Somebody appended with Marten: remove the row, and take the right to write away", (ulong)seq);
    }
}
