using Npgsql;
using VideoScale.Export.Schema;
using VideoScale.Export.Writing;

namespace VideoScale.Export.Takeovers;

/// <summary>
/// Marten's sequence follows the rows, after their commit: readers' daemons take it for how far there are events, and one that is ahead of
/// the rows makes them skip events in silence.
/// </summary>
internal static class ExportSequence
{
    /// <summary>Does nothing for an exporter whose row has gone to another one.</summary>
    internal static async Task SetAsync(NpgsqlConnection connection, ExportMark mark, CancellationToken cancellationToken)
    {
        await using var set = new NpgsqlCommand($"""
            select setval('{Names.Sequence}', greatest(@seq, 1), @seq > 0) from {Names.Checkpoint}
            where id = 1 and epoch = @epoch and exporter = @exporter
            """, connection);
        set.Parameters.AddWithValue("seq", (long)mark.LastSeq);
        set.Parameters.AddWithValue("epoch", (long)mark.Epoch);
        set.Parameters.AddWithValue("exporter", mark.Exporter);
        await set.ExecuteNonQueryAsync(cancellationToken);
    }
}
