namespace VideoScale.Consensus.Core;

/// <summary>Snapshots stand for the log's beginning: here after compaction, or sent to a member that is too far behind.</summary>
public sealed partial class RaftCore
{
    private void OnSnapshotCreated(SnapshotMeta meta)
    {
        Invariant.Require(meta.Index <= _offered, "a snapshot holds only what was applied");
        if (meta.Index <= _snapshot.Index) return; // a leader's newer one came in between
        Invariant.Require(_log.Holds(meta.Index, meta.Term), "a snapshot made here is of this log");
        _snapshot = meta;
    }

    private void OnCompact(ulong index)
    {
        Invariant.Require(index <= _snapshot.Index, "only what a durable snapshot holds is compacted");
        if (index <= _log.BaseIndex) return;
        // The configuration that stands for the compacted part is the last one at or before the new base.
        while (_configurations.Count > 1 && _configurations[1].Index <= index) _configurations.RemoveAt(0);
        _log.CompactTo(index);
    }

    private void OnSnapshotReceived(MemberId leader, ulong term, SnapshotMeta meta)
    {
        if (term < _term) return;
        if (term > _term) BecomeFollower(term, leader);
        if (_conflict is not null || !FollowLeader(leader)) return;
        if (meta.Index > _commit)
        {
            if (_log.Holds(meta.Index, meta.Term)) _commit = meta.Index; // we have it all: no need to throw the log away
            else InstallSnapshot(meta);
        }
        _matched = Math.Max(_matched, meta.Index); // committed, so the leader has it
        if (_durableIndex >= meta.Index && MayAcknowledge) AcknowledgeAppends();
        else _ackOwed = true;
    }

    /// <summary>Our log disagrees with the snapshot, or ends before it: all of it goes.</summary>
    private void InstallSnapshot(SnapshotMeta meta)
    {
        _log.Reset(meta.Index, meta.Term);
        _snapshot = meta;
        _commit = meta.Index;
        _offered = meta.Index;
        // the snapshot itself is durable; the log's reset is written next, and its acknowledgement waits for that
        _durableIndex = meta.Index;
        _rewriteToken = NextToken;
        _resetToken = NextToken;
        _writeFrom = 0;
        _resetTo = meta;
        _configurations.Clear();
        _configurations.Add(new Configured(meta.MembershipIndex, meta.Membership));
        RefreshPeers();
        _effects.Install = meta;
    }

    private void OnSnapshotSent(MemberId to, ulong index, bool ok)
    {
        if (_role != RaftRole.Leader || Peer(to) is not { State: PeerState.Snapshot } peer) return;
        // After a success the member's own answer moves it on; should that be lost, the next heartbeat's answer lets a probe go.
        peer.BecomeProbe(ok ? index + 1 : peer.Match + 1);
        peer.ProbeSent = true;
        peer.ProbeRound = _round;
    }
}
