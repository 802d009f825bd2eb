namespace VideoScale.ControlPlane.Host.Export;

/// <summary>What is one transaction of the target, whoever exports.</summary>
public static class ExportBatch
{
    /// <summary>While behind, and the rest of a log entry.</summary>
    public const int MostEvents = 5_000;

    /// <summary>At the log's end: what comes within it.</summary>
    public static TimeSpan Gathering { get; } = TimeSpan.FromMilliseconds(50);
}
