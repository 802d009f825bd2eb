namespace VideoScale.Harness.Processes;

/// <summary>What a cluster of real processes is made of.</summary>
public sealed record ClusterShape(int Replicas, int Media)
{
    /// <summary>
    /// Shifts all ports, as of <c>up</c>; null for ports that are free now. Bases 10 apart do not meet (up to 10 replicas and nodes).
    /// </summary>
    public int? BasePort { get; init; }

    /// <summary>Each process in a network namespace of its own, with mTLS; else all on loopback in development mode.</summary>
    public bool Namespaced { get; init; }

    /// <summary>Where each replica keeps its data, e.g. a disk of its own; empty for folders of the cluster's directory.</summary>
    public IReadOnlyList<string> ReplicaRoots { get; init; } = [];

    /// <summary>The <c>videoscale</c> command of another version to begin with; null for the one that was built.</summary>
    public string? Program { get; init; }

    /// <summary>The engine whose log is in an etcd, which is started beside the replicas.</summary>
    public const string EtcdEngine = "etcd";

    /// <summary>What keeps the log, as <c>--engine</c> names it; null for what is usual.</summary>
    public string? Engine { get; init; }

    /// <summary>A folder where each process has a log file that outlives this program; null to keep what they say in memory.</summary>
    public string? Logs { get; init; }
}

/// <summary>Where a process runs, and as whom.</summary>
/// <param name="Prefix">Words before its command, e.g. those that enter a namespace.</param>
/// <param name="Credentials">Flags by which it is itself.</param>
/// <param name="LogFile">That gets all it says; null to keep it in memory.</param>
public sealed record ServerPlace(string Host, IReadOnlyList<string> Prefix, IReadOnlyList<string> Credentials, string? LogFile)
{
    public static ServerPlace Loopback { get; } = new("127.0.0.1", [], ["--dev"], null);

    public string At(int port) => $"{Host}:{port}";
}
