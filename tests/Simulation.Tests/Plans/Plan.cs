namespace VideoScale.Simulation.Plans;

/// <summary>What stands above the log in a run.</summary>
internal enum Product { Journal, ControlPlane }

/// <summary>
/// What one run is made of: drawn from a seed, and complete without it, so that it can be kept, read and cut down. Times in simulated units
/// as named.
/// </summary>
internal sealed record Plan
{
    public required ulong Seed { get; init; }
    public required Product Product { get; init; }

    /// <summary>Machines that can run a replica; the first <see cref="Voters"/> of them begin as voters.</summary>
    public required int Slots { get; init; }
    public required int Voters { get; init; }
    public required int MediaNodes { get; init; }
    public required int Rooms { get; init; }
    public required int Clients { get; init; }
    public required int ThinkMs { get; init; }

    /// <summary>
    /// Now and then somebody throws that many commands at a replica that believes it leads, and waits for none of them; 0 for never.
    /// </summary>
    public int Flood { get; init; }
    public required int ReadPerMille { get; init; }
    public required int LossPerMille { get; init; }
    public required int DuplicatePerMille { get; init; }
    public required int ReplayPerMille { get; init; }
    public required int MaxDelayUs { get; init; }
    public required int SpikePerMille { get; init; }
    public required int MaxSyncUs { get; init; }
    public required int DriftPpm { get; init; }
    public required int SnapshotEvery { get; init; }
    public required int TailEntries { get; init; }
    public required int SnapshotPieces { get; init; }
    public required int MaxAppendBytes { get; init; }
    public required int MaxInflight { get; init; }
    public required int ElectionTicks { get; init; }
    public required int HeartbeatTicks { get; init; }

    /// <summary>The operator goes to a new membership without waiting for its members to catch up.</summary>
    public required bool Abrupt { get; init; }

    /// <summary>Healing leaves one replica dead for ever, if the cluster can bear it.</summary>
    public required bool LeaveOneDead { get; init; }

    /// <summary>
    /// Voter sets that the operator leads the cluster through, one after the other, a bit for each slot; empty when faults say who is to
    /// vote.
    /// </summary>
    public IReadOnlyList<int> Journey { get; init; } = [];
    public required long TimeMs { get; init; }
    public required IReadOnlyList<Fault> Faults { get; init; }

    /// <summary>Faults happen in the first three quarters; then all is healed.</summary>
    public long FaultsUntilMs => TimeMs * 3 / 4;
}
