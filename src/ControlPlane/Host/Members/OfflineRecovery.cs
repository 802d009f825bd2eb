using System.Collections.Immutable;
using VideoScale.Consensus;
using VideoScale.Consensus.Host.Snapshots;
using VideoScale.Consensus.Host.Storage;
using VideoScale.Consensus.Host.Wal;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Startup;
using VideoScale.Model;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>What a stopped replica's directory holds: the one with the highest term, then the highest index, knows most.</summary>
public sealed record RecoveryView(string ClusterId, MemberId Self, ulong LastTerm, ulong LastIndex, ulong CommitIndex, IReadOnlyList<MemberId> Voters);

/// <summary>
/// The way out when a majority of voters is gone for ever: makes a stopped survivor the only voter, under a new recovery generation, so that every
/// epoch from then on is above every earlier one. Entries that only the lost ones had are lost; entries that were never acknowledged may appear.
/// </summary>
public static class OfflineRecovery
{
    /// <summary>Looks, and changes nothing that a start would not change as well.</summary>
    public static RecoveryView Inspect(string dataDirectory) => Run(dataDirectory, change: false);

    /// <exception cref="StartupException">The directory is in use, damaged, or not a replica's.</exception>
    public static RecoveryView Recover(string dataDirectory) => Run(dataDirectory, change: true);

    private static RecoveryView Run(string path, bool change)
    {
        var files = ClusterFiles.Read(path);
        try
        {
            using var directory = DataDirectory.Open(path, files.ClusterNumber, files.Self);
            if (DurableState.IsUnderRepair(directory))
                throw StartupException.Directory($"{path} lost log entries on its disk and was not repaired yet: recover another replica's directory");
            if (DurableState.IsNew(directory))
            {
                throw StartupException.Directory($"{path} holds a new log, and no leader has confirmed that it is whole (origin.json says is_new): what this member acknowledged "
                    + "with an earlier log is missing. Recover another replica's directory");
            }
            var snapshots = new SnapshotStore(directory);
            var log = new WriteAheadLog(directory, new WalOptions());
            try
            {
                var loaded = log.Load();
                var snapshot = snapshots.Latest;
                if (loaded.BaseIndex > (snapshot?.Index ?? 0)) throw StartupException.Directory($"{path}: the log begins after entry {loaded.BaseIndex}, and no sound snapshot reaches it: recover another replica's directory");
                var lastIndex = loaded.BaseIndex + (ulong)loaded.Entries.Count;
                var lastTerm = loaded.Entries.Count > 0 ? loaded.Entries[^1].Term : loaded.BaseTerm;
                if (snapshot is not null && snapshot.Index > lastIndex) (lastIndex, lastTerm) = (snapshot.Index, snapshot.Term);
                var view = new RecoveryView(files.ClusterId, files.Self, lastTerm, lastIndex, Math.Max(loaded.HardState.Commit, snapshot?.Index ?? 0), VotersOf(loaded.Entries, snapshot, files));
                if (!change) return view;
                if (snapshot is not null && snapshot.Index > loaded.BaseIndex + (ulong)loaded.Entries.Count)
                    throw StartupException.Directory($"{path}: the log ends before the snapshot at {snapshot.Index}: start the replica once, stop it, and recover then");
                // A joined directory has no founders: whoever voted before is unknown to it from now on and is refused.
                ControlPlaneBootstrap.WriteCluster(path, files with { Peers = [files.SelfPeer], IsJoined = true, IsAdmitted = true });
                var term = Math.Max(loaded.HardState.Term, lastTerm) + 1;
                LogRewrite.Append(log, new HardState(term, files.Self, loaded.HardState.Commit), NewBeginning(files, lastIndex, term));
                DurableState.ForgetConflict(directory); // somebody has compared, and decided for this one
                return view;
            }
            finally { log.DisposeAsync().AsTask().GetAwaiter().GetResult(); }
        }
        catch (DataDirectoryException e) { throw new StartupException(ExitCode.DataDirectory, e.Message, e); }
    }

    private static Entry[] NewBeginning(ClusterFiles files, ulong lastIndex, ulong term)
    {
        var self = files.SelfPeer;
        var alone = Membership.Of(files.Self) with { Addresses = [new MemberAddress(files.Self, self.RaftAddress, self.GrpcAddress, self.HttpAddress)] };
        using var writer = new CanonicalWriter();
        var raise = new CommandEnvelope(new ClusterCommand.RaiseRecoveryGeneration(0), new Actor("recovery", "operator", "offline"));
        // Time 0: this machine's clock is not compared with any other, so no log time passes until replicas run again.
        EntryCodec.Write(new LogEntry(new LogTime(0), [raise]), writer);
        return
        [
            new Entry(lastIndex + 1, term, EntryKind.Configuration, ProposalId.None, MembershipCodec.Encode(alone)),
            new Entry(lastIndex + 2, term, EntryKind.Command, ProposalId.None, writer.WrittenSpan.ToArray()),
        ];
    }

    private static ImmutableArray<MemberId> VotersOf(IReadOnlyList<Entry> entries, SnapshotMeta? snapshot, ClusterFiles files)
    {
        for (var i = entries.Count - 1; i >= 0; i--)
        {
            if (entries[i].Kind == EntryKind.Configuration) return MembershipCodec.Decode(entries[i].Payload.Span).Voters;
        }
        return snapshot is not null ? snapshot.Membership.Voters : files.IsJoined ? [] : [.. files.Peers.Select(peer => peer.Member)];
    }
}
