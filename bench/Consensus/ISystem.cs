namespace VideoScale.Bench.Consensus;

/// <summary>Something that commits: measured the same way as the others, in turns with them.</summary>
public interface ISystem : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Is it another product, which ours are measured against?</summary>
    bool IsPeer => false;

    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>One committed operation. False when it was refused or its fate is unknown; the run then counts an error.</summary>
    ValueTask<bool> CommitAsync(int worker, CancellationToken cancellationToken);

    /// <summary>Why an operation was last refused; null when none was, or when the system does not say.</summary>
    string? LastRefusal => null;

    /// <summary>CPU time so far of all that serves, the client apart when it is another process.</summary>
    TimeSpan CpuTime();

    /// <summary>Bytes allocated so far by what serves, or null when it is not ours to know.</summary>
    long? AllocatedBytes();

    /// <summary>Syncs of all replicas' logs so far, or null when nobody counts them.</summary>
    Task<long?> SyncsAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);
}
