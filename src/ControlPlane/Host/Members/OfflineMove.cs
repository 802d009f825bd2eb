using VideoScale.Consensus;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.State;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>What moving a stopped replica's directory comes to.</summary>
/// <param name="Seal">Where its log was sealed; its log goes on right after.</param>
/// <param name="IsDone">It was moved there before: nothing is left to do.</param>
public sealed record MoveView(string ClusterId, MemberId Self, string From, LogSeal Seal, IReadOnlyList<ReplicaPeer> Voters, bool IsDone);

/// <summary>
/// Moves a stopped replica's directory from the engine whose log was sealed to another, or to a new log of the same one. Whatever stands
/// behind the seal in the old log has changed nothing, so each replica goes on from the same state after the same entry. A majority of the
/// voters must move before the new log decides anything, and then the old one cannot: the two never go on side by side.
/// </summary>
public static class OfflineMove
{
    /// <summary>Looks, and changes nothing.</summary>
    public static MoveView Inspect(string dataDirectory, ILogEngine from, ILogEngine to, bool instead) =>
        Run(dataDirectory, from, to, instead, change: false);

    /// <param name="instead">Also to another engine than the one that the log was sealed for.</param>
    /// <exception cref="StartupException">The directory is in use, or cannot be moved; it says what to do.</exception>
    public static MoveView Move(string dataDirectory, ILogEngine from, ILogEngine to, bool instead) =>
        Run(dataDirectory, from, to, instead, change: true);

    private static MoveView Run(string path, ILogEngine from, ILogEngine to, bool instead, bool change)
    {
        var files = ClusterFiles.Read(path);
        try
        {
            using var directory = from.Open(path, files.ClusterNumber, files.Self);
            var snapshot = directory.ReadSnapshot(ControlPlaneStateMachine.ReadState)
                ?? throw NotSealed(path, to, "it holds no snapshot");
            if (snapshot.Content.Cluster.Seal is not { } seal)
                throw NotSealed(path, to, $"its newest snapshot, at entry {snapshot.Meta.Index}, is not of a sealed log");
            var view = new MoveView(files.ClusterId, files.Self, from.Name, seal, VotersOf(snapshot.Meta.Membership, files),
                IsDone: directory.Move is { } move && move.After.Index == seal.Index && move.To == to.Name);
            if (view.IsDone) return view;
            Check(path, view, snapshot, to, instead);
            if (!change) return view;
            var moved = files with { Peers = view.Voters, IsJoined = false, IsAdmitted = true };
            directory.MoveTo(to, seal.Index, seal.Term, MembershipOf(view.Voters),
                folder => ControlPlaneBootstrap.WriteCluster(folder, moved));
            return view;
        }
        catch (Exception e) when (e is EventLogException or CanonicalException or IOException or InvalidDataException
            or UnauthorizedAccessException)
        {
            throw new StartupException(ExitCode.DataDirectory, $"{path}: {e.Message}", e);
        }
        catch (DataDirectoryException e) { throw new StartupException(ExitCode.DataDirectory, e.Message, e); }
    }

    private static void Check(string path, MoveView view, SnapshotContent<ClusterState> snapshot, ILogEngine to, bool instead)
    {
        var seal = view.Seal;
        if (to.Name != seal.Engine && !instead)
            throw Refused(path, $"the log was sealed at entry {seal.Index} to go on with the engine \"{seal.Engine}\", not with "
                + $"\"{to.Name}\". If all replicas shall go there instead, say so (--instead)");
        if (snapshot.Meta.Membership.IsJoint || snapshot.Meta.MembershipIndex > seal.Index)
            throw Refused(path, "its members changed behind the seal: other replicas may know other voters");
        if (view.Voters.All(voter => voter.Member != view.Self))
            throw Refused(path,
                $"member {view.Self} does not vote. Only voters move: let it join anew, with an empty directory, afterwards");
        if (File.Exists(Path.Combine(path, ClusterFiles.QuarantineName)))
            throw Refused(path, "this replica is quarantined: its state differed from the majority's. Let it join anew afterwards");
        var held = EventLogReader.OpenDirectory(Path.Combine(path, ClusterFiles.EventsName)).LastSeq;
        if (held < snapshot.Content.LastEventSeq)
            throw Refused(path, $"its event log ends at event {held}, and the log was sealed with event {snapshot.Content.LastEventSeq}: "
                + "start it as it was, until `ctl cluster status` says that it is ready to move, and stop it in peace");
    }

    /// <summary>Who votes, and where each is reached, as the log or the directory says it.</summary>
    private static ReplicaPeer[] VotersOf(Membership membership, ClusterFiles files)
    {
        // over etcd a snapshot may be of a replica that joined, which knows no voters
        if (membership.Voters.IsEmpty) return files.IsJoined ? [] : [.. files.Peers];
        return [.. membership.Voters.Select(voter => membership.Addresses.FirstOrDefault(known => known.Member == voter) is { } address
            ? new ReplicaPeer(voter, address.Raft, address.Api, address.Http)
            : files.Find(voter) ?? throw new DataDirectoryException($"no address of the voter {voter} is known in this directory"))];
    }

    private static Membership MembershipOf(IReadOnlyList<ReplicaPeer> voters) =>
        Membership.Of([.. voters.Select(voter => voter.Member)]) with
        {
            Addresses =
                [.. voters.Select(voter => new MemberAddress(voter.Member, voter.RaftAddress, voter.GrpcAddress, voter.HttpAddress))],
        };

    private static StartupException NotSealed(string path, ILogEngine to, string what) => Refused(path,
        $"{what}. Start the replica as it was, seal the log (`ctl cluster seal --engine {to.Name}`), wait until all replicas are ready to "
        + "move, stop them, and try again");

    private static StartupException Refused(string path, string why) => new(ExitCode.DataDirectory, $"{path}: {why}");
}
