namespace VideoScale.ControlPlane.Host.Audit;

public sealed record AuditOptions
{
    /// <summary>States and verifications worked on at once; each takes a core and may take the memory of a whole state. 1 to 16.</summary>
    public int MaxRunning { get; init; } = 1;

    /// <summary>Questions that may wait for their turn; more are refused. 0 to 1,000.</summary>
    public int MaxWaiting { get; init; } = 16;

    /// <summary>Subscribers at once; each holds a buffer of 64 KiB while it reads. 1 to 10,000.</summary>
    public int MaxSubscribers { get; init; } = 256;
}
