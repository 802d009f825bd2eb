using VideoScale.Consensus.Apply.Directories;
using VideoScale.Rpc;

namespace VideoScale.Consensus.DotNext;

/// <summary>DotNext's Raft as the keeper of the log.</summary>
/// <param name="tls">Members prove to each other who they are; null: plain TCP, for loopback in development.</param>
public sealed class DotNextEngine(TlsMaterial? tls) : ILogEngine
{
    public const string EngineName = "dotnext";

    public string Name => EngineName;

    public ILogDirectory Open(string path, UInt128 clusterId, MemberId self)
    {
        var claimed = DataDirectory.EngineOf(path) == EngineName;
        var directory = DataDirectory.Open(path, clusterId, self, EngineName);
        var logPath = directory.EnginePath(EngineName);
        if (!claimed || Directory.Exists(logPath)) return new DotNextDirectory(directory, logPath, tls);
        directory.Dispose();
        throw new DataDirectoryException(
            $"{path}: the log of this replica is gone ({logPath} does not exist), and with it what it acknowledged and whom it voted "
                + $"for. Put it "
            + "back from a backup of the whole directory, or move the cluster to a new one; see docs/backup.md");
    }
}
