namespace VideoScale.Export.Schema;

/// <summary>What the database's objects are called; readers of the export know these names.</summary>
internal static class Names
{
    internal const string Schema = "videoscale";
    internal const string Events = $"{Schema}.mt_events";
    internal const string Streams = $"{Schema}.mt_streams";
    internal const string Sequence = $"{Schema}.mt_events_sequence";
    internal const string Checkpoint = $"{Schema}.vs_export_checkpoint";
    internal const string Ledger = $"{Schema}.vs_ledger";

    /// <summary>By it an exporter knows the connections of those before it.</summary>
    internal const string Application = "videoscale-export";

    /// <summary>Marten's name for "no tenant": the event's own stands in its headers.</summary>
    internal const string MartenTenant = "*DEFAULT*";
}
