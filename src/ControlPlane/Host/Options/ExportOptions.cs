namespace VideoScale.ControlPlane.Host.Options;

/// <summary>The event log in PostgreSQL, written by the leader: see docs/export.md.</summary>
public sealed class ExportOptions
{
    /// <summary>
    /// <c>postgres://USER@HOST[:PORT]/DATABASE</c>; empty: nothing is exported. Its password may stand in it, in
    /// <see cref="PasswordFile"/>, or in VIDEOSCALE_POSTGRES_PASSWORD.
    /// </summary>
    public string Postgres { get; set; } = "";

    /// <summary>A file that holds the password and nothing else.</summary>
    public string PasswordFile { get; set; } = "";

    /// <summary>Events that may wait before an alarm is raised; 1 to 1,000,000,000.</summary>
    public int LagBudgetEvents { get; set; } = 1_000_000;

    /// <summary>How old the first event that waits may be before an alarm is raised, in seconds; 1 to 604,800.</summary>
    public int LagBudgetSeconds { get; set; } = 60;
}
