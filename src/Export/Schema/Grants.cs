using System.Text;

namespace VideoScale.Export.Schema;

/// <summary>Who may do what. Tables belong to whoever ran <c>export init</c>: neither the exporter nor a reader owns them.</summary>
public static class Grants
{
    /// <param name="exporters">Roles that the replicas connect as.</param>
    /// <param name="readers">Roles of applications that read.</param>
    public static string Of(IEnumerable<string> exporters, IEnumerable<string> readers)
    {
        ArgumentNullException.ThrowIfNull(exporters);
        ArgumentNullException.ThrowIfNull(readers);
        var sql = new StringBuilder();
        foreach (var role in exporters.Select(Quoted)) sql.Append($"""
            grant usage on schema {Names.Schema} to {role};
            grant select, insert, update on {Names.Events}, {Names.Streams}, {Names.Ledger}, {Names.Checkpoint} to {role};
            grant select, update on sequence {Names.Sequence} to {role};

            """);
        foreach (var role in readers.Select(Quoted)) sql.Append($"""
            grant usage on schema {Names.Schema} to {role};
            grant select on {Names.Events}, {Names.Streams}, {Names.Ledger}, {Names.Checkpoint}, {Names.Sequence} to {role};
            grant select, insert, update, delete on {Names.Schema}.mt_event_progression, {Names.Schema}.mt_high_water_skips,
              {Names.Schema}.mt_event_projection_floors, {Names.Schema}.mt_doc_deadletterevent to {role};
            grant execute on all functions in schema {Names.Schema} to {role};

            """);
        return sql.ToString();
    }

    private static string Quoted(string role) => $"\"{role.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
