using Npgsql;
using VideoScale.Export.Rows;
using VideoScale.Export.Schema;
using VideoScale.Export.Writing;

namespace VideoScale.Export.Takeovers;

internal static class CheckpointRow
{
    /// <returns>Null before the first exporter.</returns>
    internal static async Task<ExportMark?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken, string locking = "")
    {
        await using var read = new NpgsqlCommand(
            $"select cluster_id, epoch, last_seq, chain, exporter from {Names.Checkpoint} where id = 1{locking}", connection);
        await using var reader = await read.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return null;
        return new ExportMark(reader.GetString(0), (ulong)reader.GetInt64(1), (ulong)reader.GetInt64(2),
            StoredHash.Of(reader.GetFieldValue<byte[]>(3)), reader.GetString(4));
    }
}
