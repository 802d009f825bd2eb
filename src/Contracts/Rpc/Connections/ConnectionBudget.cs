namespace VideoScale.Rpc;

/// <summary>
/// How many connections the process may have open at once, over all its endpoints: what the descriptor limit leaves beside logs,
/// replication, agents and files. Without it the descriptors run out somewhere in the runtime, which then ends the process.
/// </summary>
public sealed class ConnectionBudget
{
    /// <summary>
    /// A replica at rest has about 250 open, a third of them the runtime's own; log, event log and snapshots open more as they grow.
    /// </summary>
    private const int LeastReserved = 320;
    private const int MostReserved = 4_096;

    /// <summary>Below this a server does not start.</summary>
    public const int LeastDescriptors = 512;

    private int _open;

    internal ConnectionBudget(long descriptors)
    {
        Descriptors = descriptors;
        Reserved = (int)Math.Clamp(descriptors / 4, LeastReserved, MostReserved);
        Most = (int)Math.Max(0, descriptors - Reserved);
    }

    /// <summary>The process's own; read at the first use.</summary>
    public static ConnectionBudget OfProcess { get; } = new(DescriptorLimit.Raise());

    /// <summary>The descriptor limit.</summary>
    public long Descriptors { get; }

    /// <summary>Descriptors kept for everything that is no accepted connection.</summary>
    public int Reserved { get; }

    public int Most { get; }

    public int Open => Volatile.Read(ref _open);

    /// <exception cref="StartupException">The limit is too low to serve anybody.</exception>
    public void RequireEnough()
    {
        if (Descriptors < LeastDescriptors)
            throw new StartupException(ExitCode.BadConfiguration,
                $"this process may open {Descriptors} files and sockets, which is too few: at least {LeastDescriptors}, better 65536 "
                + $"(LimitNOFILE= of its unit, or ulimit -n)");
    }

    internal bool TryTake()
    {
        if (Interlocked.Increment(ref _open) <= Most) return true;
        Return();
        return false;
    }

    internal void Return() => Interlocked.Decrement(ref _open);
}
