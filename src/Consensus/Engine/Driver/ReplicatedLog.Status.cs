using System.Collections.Immutable;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>What the loop publishes after each turn for other threads to read.</summary>
public sealed partial class ReplicatedLog
{
    private readonly Lock _statusGate = new();
    private readonly PeerStatus[] _peers = new PeerStatus[Quorum.MaxVoters];
    private readonly Dictionary<MemberId, long> _heardAt = []; // loop; ticks
    private Picture _picture;
    private Membership _membership = Membership.Of();
    private ImmutableArray<MemberId> _waitsFor = [];
    private int _peerCount;
    private volatile bool _leading;

    private record struct Picture(RaftRole Role, ulong Term, MemberId Leader, ulong Commit, ulong Durable, ulong First, ulong Last,
        ulong Snapshot, ulong MembershipIndex, bool Repairing, bool New, MemberId RefusedBy, string? Conflict);

    private ulong Term { get { lock (_statusGate) return _picture.Term; } }

    public ReplicaStatus Status
    {
        get
        {
            lock (_statusGate)
            {
                var progress = new MemberProgress[_peerCount + 1];
                progress[0] = new MemberProgress(_options.Self, _picture.Durable, TimeSpan.Zero, _membership.IsVoter(_options.Self));
                for (var i = 0; i < _peerCount; i++)
                    progress[i + 1] = new MemberProgress(_peers[i].Member, _peers[i].Match,
                        TimeSpan.FromMilliseconds((double)_peers[i].SilentTicks * _options.TickMs), _peers[i].Voter,
                        _peers[i].State == PeerState.Snapshot, _peers[i].Repairing, _peers[i].Heard);
                var p = _picture;
                return new ReplicaStatus(_options.Self, RoleOf(p.Role), p.Term, p.Leader, p.Commit, _apply.Applied, p.Durable, p.First,
                    p.Last, p.Snapshot,
                    _membership, p.MembershipIndex, progress)
                {
                    Repairing = p.Repairing,
                    IsNew = p.New,
                    WaitsFor = _waitsFor,
                    RefusedBy = p.RefusedBy,
                    Conflict = p.Conflict,
                    StandsAside = _transport.StandsAside,
                    Notices = _transport.Notices
                };
            }
        }
    }

    private void Publish()
    {
        lock (_statusGate)
        {
            _picture = new Picture(_core.Role, _core.Term, _core.Leader, _core.CommitIndex, _core.DurableIndex, _core.Log.FirstIndex,
                _core.Log.LastIndex,
                _core.Snapshot.Index, _core.MembershipIndex, _core.IsRepairing, _core.IsNew, _core.RefusedBy, _core.Conflict);
            if (_core.IsNew || _waitsFor.Length > 0) _waitsFor = _core.WaitsFor;
            _membership = _core.Membership;
            // Only a leader knows how far they are; without one, the voters that were asked for their vote are heard from or not.
            _peerCount = _core.Role == RaftRole.Leader ? _core.CopyProgress(_peers) : _core.Leader.IsNone ? CopySilence() : 0;
        }
        _leading = _core.Role == RaftRole.Leader && !_stopping;
    }

    private int CopySilence()
    {
        var count = 0;
        foreach (var voter in _core.Membership.Voters)
        {
            if (voter == _options.Self || count == _peers.Length) continue;
            var silent = _ticks - _heardAt.GetValueOrDefault(voter);
            _peers[count++] = new PeerStatus(voter, PeerState.Probe, 0, (int)Math.Min(silent, int.MaxValue), Voter: true, Repairing: false);
        }
        return count;
    }

    private static ReplicaRole RoleOf(RaftRole role) => (ReplicaRole)role;
}
