using System.Globalization;
using Npgsql;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Schema;
using VideoScale.Export.Writing;

namespace VideoScale.Export.Takeovers;

/// <summary>
/// Makes the checkpoint's row this exporter's, and sees before the first batch that what the database holds is the beginning of this log.
/// </summary>
/// <param name="patience">For an exporter that holds the row: a live one commits soon, a frozen one never.</param>
internal sealed class Takeover(NpgsqlDataSource source, TimeSpan patience)
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private const int MostAttempts = 5;

    /// <exception cref="ExportException">It is not this exporter's to take, or not this log's database.</exception>
    internal async Task<ExportMark> RunAsync(ExportClaim claim, IExportedLog log, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var mark = await TakeAsync(connection, claim, log, cancellationToken);
                await ExportSequence.SetAsync(connection, mark, cancellationToken);
                return mark;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable && attempt < MostAttempts)
            {
                if (await CheckpointRow.ReadAsync(connection, cancellationToken) is { } row) RequireOurs(row, claim);
                await EndStuckAsync(connection, cancellationToken);
            }
        }
    }

    private async Task<ExportMark> TakeAsync(NpgsqlConnection connection, ExportClaim claim, IExportedLog log,
        CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await SchemaColumns.RequireAsync(connection, cancellationToken);
        await using (var begin = new NpgsqlCommand($"""
            set local lock_timeout = {(int)patience.TotalMilliseconds};
            insert into {Names.Checkpoint} (id, cluster_id, epoch, last_seq, chain, exporter, updated_at)
              values (1, @cluster, 0, 0, @zero, '', now()) on conflict do nothing
            """, connection, transaction))
        {
            begin.Parameters.AddWithValue("cluster", claim.ClusterId);
            begin.Parameters.AddWithValue("zero", Hash256.Zero.ToArray());
            await begin.ExecuteNonQueryAsync(cancellationToken);
        }
        var row = await CheckpointRow.ReadAsync(connection, cancellationToken, " for update")
            ?? throw new ExportException(ExportProblem.Transient, "the checkpoint's row has gone");
        RequireOurs(row, claim);
        await RequireSameLogAsync(row, log, cancellationToken);
        await WrittenRows.RequireAsync(connection, row.LastSeq, cancellationToken);
        await using var take = new NpgsqlCommand(
            $"update {Names.Checkpoint} set epoch = @epoch, exporter = @exporter, updated_at = now() where id = 1", connection,
                transaction);
        take.Parameters.AddWithValue("epoch", (long)claim.Term);
        take.Parameters.AddWithValue("exporter", claim.Exporter);
        await take.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row with { Epoch = claim.Term, Exporter = claim.Exporter };
    }

    private static void RequireOurs(ExportMark row, ExportClaim claim)
    {
        if (row.ClusterId != claim.ClusterId)
            throw new ExportException(ExportProblem.Foreign,
                $"the database holds the events of cluster {row.ClusterId}; this one is {claim.ClusterId}");
        if (row.Epoch > claim.Term || row.Epoch == claim.Term && row.Exporter != claim.Exporter && !claim.MayReplace(row.Exporter))
            throw new ExportException(ExportProblem.Fenced,
                string.Create(CultureInfo.InvariantCulture, $"{row.Exporter} exports, in term {row.Epoch}"));
    }

    private static async Task RequireSameLogAsync(ExportMark row, IExportedLog log, CancellationToken cancellationToken)
    {
        if (row.LastSeq > log.LastSeq)
            throw new ExportException(ExportProblem.NotReady,
                $"the database holds events up to {row.LastSeq}; the log here ends with {log.LastSeq}");
        if (row.LastSeq > 0 && await log.ChainAtAsync(row.LastSeq, cancellationToken) is { } chain && chain != row.Chain
            || row.LastSeq == 0 && row.Chain != Hash256.Zero)
            throw new ExportException(ExportProblem.Foreign,
                $"up to event {row.LastSeq} the database holds another past than this log: their chains differ", row.LastSeq);
    }

    /// <summary>
    /// A leader that was frozen within a COPY holds the row and no time limit of PostgreSQL's ends it: its connections are ended here.
    /// </summary>
    private static async Task EndStuckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var end = new NpgsqlCommand("""
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and usename = current_user and application_name = @name and pid <> pg_backend_pid()
            """, connection);
        end.Parameters.AddWithValue("name", Names.Application);
        await end.ExecuteNonQueryAsync(cancellationToken);
    }
}
