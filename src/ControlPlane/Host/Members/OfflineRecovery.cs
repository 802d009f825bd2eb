using VideoScale.Consensus;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.Model;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>What a stopped replica's directory holds: the one with the highest term, then the highest index, knows most.</summary>
public sealed record RecoveryView(string ClusterId, MemberId Self, ulong LastTerm, ulong LastIndex, ulong CommitIndex,
    IReadOnlyList<MemberId> Voters);

/// <summary>
/// The way out when a majority of voters is gone for ever: makes a stopped survivor the only voter, under a new recovery generation, so
/// that every epoch from then on is above every earlier one. Entries that only the lost ones had are lost; entries that were never
/// acknowledged may appear.
/// </summary>
public static class OfflineRecovery
{
    /// <summary>Looks, and changes nothing that a start would not change as well.</summary>
    public static RecoveryView Inspect(string dataDirectory, ILogEngine engine) => Run(dataDirectory, engine, change: false);

    /// <exception cref="StartupException">The directory is in use, damaged, or not a replica's.</exception>
    public static RecoveryView Recover(string dataDirectory, ILogEngine engine) => Run(dataDirectory, engine, change: true);

    private static RecoveryView Run(string path, ILogEngine engine, bool change)
    {
        var files = ClusterFiles.Read(path);
        try
        {
            using var directory = engine.Open(path, files.ClusterNumber, files.Self);
            var summary = directory.Summarize();
            var view = new RecoveryView(files.ClusterId, files.Self, summary.LastTerm, summary.LastIndex, summary.CommitIndex,
                summary.Voters ?? (files.IsJoined ? [] : [.. files.Peers.Select(peer => peer.Member)]));
            if (!change) return view;
            CheckSeal(path, directory);
            var self = files.SelfPeer;
            var alone = Membership.Of(files.Self)
                with
            { Addresses = [new MemberAddress(files.Self, self.RaftAddress, self.GrpcAddress, self.HttpAddress)] };
            // A joined directory has no founders: whoever voted before is unknown to it from now on and is refused.
            directory.BeginAnew(alone, RaisedGeneration(),
                () => ControlPlaneBootstrap.WriteCluster(path, files with { Peers = [self], IsJoined = true, IsAdmitted = true }));
            return view;
        }
        catch (DataDirectoryException e) { throw new StartupException(ExitCode.DataDirectory, e.Message, e); }
    }

    /// <summary>What another engine goes on from must not go on here as well.</summary>
    private static void CheckSeal(string path, ILogDirectory directory)
    {
        if (directory.ReadSnapshot(ControlPlaneStateMachine.ReadState)?.Content.Cluster.Seal is { } seal
            && directory.Move?.After.Index != seal.Index)
            throw new DataDirectoryException(
                $"{path}: the log was sealed at entry {seal.Index}, to go on with another engine. Move the directory first (`control "
                + "migrate`, also to the engine that it has), and recover it then");
    }

    private static byte[] RaisedGeneration()
    {
        using var writer = new CanonicalWriter();
        var raise = new CommandEnvelope(new ClusterCommand.RaiseRecoveryGeneration(0),
            new Actor("recovery", ActorKind.Operator, ActorAuthMethod.Offline));
        // Time 0: this machine's clock is not compared with any other, so no log time passes until replicas run again.
        EntryCodec.Write(new LogEntry(new LogTime(0), [raise]), writer);
        return writer.WrittenSpan.ToArray();
    }
}
