namespace VideoScale.Consensus.Contract;

/// <summary>An implementation of the seam, running, as the contract's tests need it.</summary>
public interface IContractSystem : IAsyncDisposable
{
    IReadOnlyList<(IReplicatedLog Log, JournalMachine Machine)> Replicas { get; }

    /// <summary>Waits until a replica leads; it has committed an entry of its term.</summary>
    Task<IReplicatedLog> LeaderAsync();
}

/// <summary>Counts what an implementation's tests left out for want of a capability, and prints it when its tests are over.</summary>
public sealed class SkipTally : IDisposable
{
    private readonly SortedSet<string> _skipped = new(StringComparer.Ordinal);
    private string _implementation = "";

    public void Skip(string implementation, string test, LogCapabilities missing)
    {
        lock (_skipped)
        {
            _implementation = implementation;
            _skipped.Add($"{test} (needs {missing})");
        }
    }

    public void Dispose()
    {
        if (_skipped.Count > 0)
            Console.WriteLine($"contract of the seam, {_implementation}: {_skipped.Count} skipped: {string.Join("; ", _skipped)}");
    }
}
