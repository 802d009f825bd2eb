using Npgsql;
using VideoScale.ControlPlane.Audit;
using VideoScale.Export.Rows;
using VideoScale.Export.Schema;

namespace VideoScale.Export.Verification;

/// <summary>Rows as they stand in the database.</summary>
internal static class StoredRows
{
    internal static async Task<Dictionary<ulong, LedgerRow>> LedgerAsync(NpgsqlConnection connection, ulong after, ulong until,
        CancellationToken cancellationToken)
    {
        await using var read = Page(connection,
            $"select seq, raft_index, raft_term, leaf, chain, record from {Names.Ledger} where seq > @after and seq <= @until", after,
                until);
        await using var reader = await read.ExecuteReaderAsync(cancellationToken);
        var rows = new Dictionary<ulong, LedgerRow>();
        while (await reader.ReadAsync(cancellationToken))
            rows[(ulong)reader.GetInt64(0)] = new(reader.GetInt64(1), reader.GetInt64(2), StoredHash.Of(reader.GetFieldValue<byte[]>(3)),
                StoredHash.Of(reader.GetFieldValue<byte[]>(4)),
                reader.GetFieldValue<byte[]>(5));
        return rows;
    }

    internal static async Task<Dictionary<ulong, StoredEvent>> EventsAsync(NpgsqlConnection connection, ulong after, ulong until,
        CancellationToken cancellationToken)
    {
        await using var read = Page(connection, $"""
            select seq_id, id, stream_id, version, data::text, type, timestamp, tenant_id, mt_dotnet_type, correlation_id, causation_id,
              headers::text, user_name, is_archived, bdata is null from {Names.Events} where seq_id > @after and seq_id <= @until
            """, after, until);
        await using var reader = await read.ExecuteReaderAsync(cancellationToken);
        var rows = new Dictionary<ulong, StoredEvent>();
        while (await reader.ReadAsync(cancellationToken))
            rows[(ulong)reader.GetInt64(0)] = new StoredEvent
            {
                Id = reader.GetGuid(1),
                Stream = reader.GetString(2),
                Version = reader.GetInt64(3),
                Data = reader.GetString(4),
                Type = reader.GetString(5),
                Timestamp = reader.GetDateTime(6),
                Tenant = TextOf(reader, 7),
                Class = TextOf(reader, 8),
                CorrelationId = TextOf(reader, 9),
                CausationId = TextOf(reader, 10),
                Headers = TextOf(reader, 11),
                UserName = TextOf(reader, 12),
                IsArchived = reader.GetBoolean(13),
                HasNoBinary = reader.GetBoolean(14),
            };
        return rows;
    }

    internal static async Task<Hash256> ChainAsync(NpgsqlConnection connection, ulong seq, CancellationToken cancellationToken)
    {
        await using var read = new NpgsqlCommand($"select chain from {Names.Ledger} where seq = @seq", connection);
        read.Parameters.AddWithValue("seq", (long)seq);
        return await read.ExecuteScalarAsync(cancellationToken) is byte[] chain ? StoredHash.Of(chain) : Hash256.Zero;
    }

    private static NpgsqlCommand Page(NpgsqlConnection connection, string sql, ulong after, ulong until)
    {
        var read = new NpgsqlCommand(sql, connection);
        read.Parameters.AddWithValue("after", (long)after);
        read.Parameters.AddWithValue("until", (long)until);
        return read;
    }

    private static string? TextOf(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
