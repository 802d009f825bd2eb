namespace VideoScale.ControlPlane.Host.Export;

/// <summary>What an exporter is at; its number is a gauge of /metrics.</summary>
public enum ExportState
{
    /// <summary>There is no target.</summary>
    Off = 0,

    /// <summary>This replica does not lead.</summary>
    StandingBy = 1,

    TakingOver = 2,
    Exporting = 3,

    /// <summary>Failed, and tries again.</summary>
    Retrying = 4,

    /// <summary>Another exporter has the say.</summary>
    Fenced = 5,

    /// <summary>For good, until somebody has looked.</summary>
    Stopped = 6,
}
