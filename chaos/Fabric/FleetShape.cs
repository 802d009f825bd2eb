namespace VideoScale.Chaos.Fabric;

/// <summary>What a scenario runs against.</summary>
public sealed record FleetShape(int Replicas, int Nodes)
{
    /// <summary>Each process in a network namespace of its own, with mTLS; else all on loopback in development mode.</summary>
    public bool Fabric { get; init; }

    /// <summary>
    /// The <c>videoscale</c> command of another version to begin with; null for the one that was built beside the harness.
    /// </summary>
    public string? Program { get; init; }

    /// <summary>Where each replica keeps its data, e.g. a disk of its own; empty for folders beside the logs.</summary>
    public IReadOnlyList<string> ReplicaRoots { get; init; } = [];
}
