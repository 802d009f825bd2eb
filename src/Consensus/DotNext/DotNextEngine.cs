using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.DotNext.Log;
using VideoScale.Rpc;

namespace VideoScale.Consensus.DotNext;

/// <summary>DotNext's Raft as the keeper of the log.</summary>
/// <param name="tls">Members prove to each other who they are; null: plain TCP, for loopback in development.</param>
/// <param name="asShipped">
/// As the library is shipped: followers acknowledge what no disk has, and one hung member may leave the cluster without a leader. To be
/// compared with, in tests and benches.
/// </param>
public sealed class DotNextEngine(TlsMaterial? tls, bool asShipped = false) : ILogEngine
{
    public const string EngineName = "dotnext";
    public const string PlainName = "dotnext-plain";

    public string Name { get; } = asShipped ? PlainName : EngineName;

    public void BeginAfter(string folder, UInt128 clusterId, MemberId self, LogPlace place)
    {
        var path = Path.Combine(folder, Name);
        Directory.CreateDirectory(path);
        StoppedLog.BeginAfter(path, place);
    }

    public ILogDirectory Open(string path, UInt128 clusterId, MemberId self)
    {
        var claimed = DataDirectory.EngineOf(path) == Name;
        var directory = DataDirectory.Open(path, clusterId, self, Name);
        var logPath = directory.EnginePath(Name);
        if (!claimed || Directory.Exists(logPath)) return new DotNextDirectory(directory, logPath, tls, asShipped);
        directory.Dispose();
        throw new DataDirectoryException(
            $"{path}: the log of this replica is gone ({logPath} does not exist), and with it what it acknowledged and whom it voted "
                + $"for. Put it "
            + "back from a backup of the whole directory, or move the cluster to a new one; see docs/backup.md");
    }
}
