using Microsoft.Extensions.Logging;

namespace VideoScale.Consensus.InMemory;

/// <summary>An engine whose only member is the one that is opened, and which keeps nothing: for tests of what stands on the seam.</summary>
/// <param name="started">Takes the log, which tests steer.</param>
public sealed class InMemoryLogEngine(Action<InMemoryReplicatedLog> started) : ILogEngine
{
    internal const string EngineName = "in-memory";

    public string Name => EngineName;

    public ILogDirectory Open(string path, UInt128 clusterId, MemberId self) => new OfMemory(path, self, started);

    public void BeginAfter(string folder, UInt128 clusterId, MemberId self, LogPlace place) =>
        throw new DataDirectoryException($"{folder}: a log in memory goes on after nothing");

    private sealed class OfMemory(string path, MemberId self, Action<InMemoryReplicatedLog> started) : ILogDirectory
    {
        public string Path => path;

        public IReplicatedLog Start(LogSetup setup, IReplicatedStateMachine machine, ILoggerFactory loggers)
        {
            var log = new InMemoryReplicatedLog(machine, self);
            started(log);
            return log;
        }

        public Task<string?> WhyNotAtAsync(MemberId member, string address, CancellationToken cancellationToken) =>
            Task.FromResult<string?>("this log is in memory: it has no other members");

        public LogSummary Summarize() => new(0, 0, 0, null);

        public void BeginAnew(Membership membership, ReadOnlyMemory<byte> command, Action prepare) =>
            throw new DataDirectoryException($"{path}: this log is in memory: there is nothing to recover");

        public LogMove? Move => null;

        public SnapshotContent<T>? ReadSnapshot<T>(Func<ISnapshotReader, T> read) => null;

        public void MoveTo(ILogEngine engine, ulong index, ulong term, Membership voters, Action<string> prepare) =>
            throw new DataDirectoryException($"{path}: this log is in memory: there is nothing to move");

        public void Dispose() { }
    }
}
