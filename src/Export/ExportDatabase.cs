using JasperFx;
using Npgsql;
using VideoScale.ControlPlane.Audit;
using VideoScale.Export.Schema;
using VideoScale.Export.Takeovers;

namespace VideoScale.Export;

/// <summary>What is done to the database by hand: its schema, who may do what, how far it is, and beginning anew.</summary>
public sealed class ExportDatabase(PostgresAddress address) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source = address.OpenSource("videoscale");

    public async ValueTask DisposeAsync() => await _source.DisposeAsync();

    /// <summary>Makes what is missing of Marten's schema and ours, as the owner; changes nothing that is there.</summary>
    /// <exception cref="NpgsqlException"/>
    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        await using var store = ExportStore.Open(_source, AutoCreate.CreateOrUpdate);
        cancellationToken.ThrowIfCancellationRequested();
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync();
    }

    /// <returns>Null before the first exporter.</returns>
    /// <exception cref="NpgsqlException"/>
    public async Task<ExportPosition?> PositionAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        await using var read = new NpgsqlCommand($"select updated_at from {Names.Checkpoint} where id = 1", connection);
        if (await read.ExecuteScalarAsync(cancellationToken) is not DateTime updated) return null;
        var mark = await CheckpointRow.ReadAsync(connection, cancellationToken);
        return mark is null ? null : new(mark.ClusterId, mark.Epoch, mark.LastSeq, mark.Chain, mark.Exporter, updated);
    }

    /// <summary>Empties it, so that the exporter writes everything anew. Whoever exports meanwhile notices and begins again.</summary>
    /// <exception cref="NpgsqlException"/>
    public async Task RebuildAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        await using var empty = new NpgsqlCommand($"""
            begin;
            select 1 from {Names.Checkpoint} where id = 1 for update;
            truncate {Names.Events}, {Names.Streams}, {Names.Ledger};
            update {Names.Checkpoint} set last_seq = 0, chain = decode('{Hash256.Zero}', 'hex'), updated_at = now() where id = 1;
            select setval('{Names.Sequence}', 1, false); -- at once; later it could undo what the next batch has set
            commit;
            """, connection);
        await empty.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <exception cref="NpgsqlException"/>
    public async Task GrantAsync(string grants, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        await using var grant = new NpgsqlCommand(grants, connection);
        await grant.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>How far a database is.</summary>
public sealed record ExportPosition(string ClusterId, ulong Epoch, ulong LastSeq, Hash256 Chain, string Exporter, DateTime UpdatedAt);
