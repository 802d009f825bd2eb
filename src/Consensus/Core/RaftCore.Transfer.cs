namespace VideoScale.Consensus.Core;

/// <summary>Handing leadership to a chosen voter: stop taking proposals, let it catch up, tell it to campaign at once.</summary>
public sealed partial class RaftCore
{
    private MemberId _transferTo;
    private int _transferElapsed;

    private void OnTransfer(MemberId to)
    {
        if (_role != RaftRole.Leader || to == Self) return;
        var target = to.IsNone ? FurthestVoter() : Peer(to);
        if (target is null || !Membership.IsVoter(target.Member)) return;
        _transferTo = target.Member;
        _transferElapsed = 0;
        HandOverWhenCaughtUp(target);
    }

    private PeerProgress? FurthestVoter()
    {
        PeerProgress? best = null;
        foreach (var peer in _peers)
        {
            if (!Membership.IsVoter(peer.Member) || peer.IsRepairing || peer.SilentTicks > 2 * _options.HeartbeatTicks) continue;
            if (best is null || peer.Match > best.Match) best = peer;
        }
        return best;
    }

    private void HandOverWhenCaughtUp(PeerProgress peer)
    {
        if (peer.Member == _transferTo && peer.Match == _log.LastIndex)
            Send(new Message { Kind = MessageKind.TimeoutNow, To = peer.Member });
    }

    /// <summary>A transfer that takes longer than an election is given up: proposals are taken again.</summary>
    private void TickTransfer()
    {
        if (IsTransferring && ++_transferElapsed >= _options.ElectionTicks) _transferTo = MemberId.None;
    }
}
