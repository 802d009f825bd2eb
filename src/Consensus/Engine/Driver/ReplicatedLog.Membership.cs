using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>
/// Membership from the operator's side: learners first, catching up, then one joint change; and the transport follows who is in.
/// </summary>
public sealed partial class ReplicatedLog
{
    /// <summary>Election timeouts after which a member that is out is no longer connected to: time enough to tell it.</summary>
    private const int TimeoutsToForget = 12;

    private readonly SortedDictionary<MemberId, long> _forgetAt = [];
    private readonly SortedSet<MemberId> _seen = [];
    private readonly PeerStatus[] _catchingUp = new PeerStatus[2 * Quorum.MaxVoters];
    private PendingMembershipChange? _change;
    private Membership? _followed;

    public async ValueTask<MembershipResult> ChangeMembershipAsync(MembershipChange change, ulong expectedConfigIndex,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        var pending = new PendingMembershipChange(change, expectedConfigIndex);
        if (!_inbox.Add(new Control(ControlKind.ChangeMembership, Subject: pending)))
            return new MembershipResult(Outcome.Rejected, 0, "this replica is stopping");
        await using var registration = cancellationToken.UnsafeRegister(
            static state =>
                ((PendingMembershipChange)state!).TrySetResult(new MembershipResult(Outcome.Unknown, 0, "not finished in time")), pending);
        return await pending.Task;
    }

    public void Abstain() => _inbox.Add(new Control(ControlKind.Abstain));

    private void BeginMembershipChange(PendingMembershipChange pending)
    {
        if (Refusal(pending) is { } reason)
        {
            pending.TrySetResult(new MembershipResult(Outcome.Rejected, _core.MembershipIndex, reason));
            return;
        }
        var now = _core.Membership;
        pending.Target = Complete(pending.Change);
        if (pending.Target == now && _core.MembershipIndex <= _core.CommitIndex)
        {
            pending.TrySetResult(new MembershipResult(Outcome.Committed, _core.MembershipIndex));
            return;
        }
        _change = pending;
        foreach (var voter in pending.Target.Voters)
        {
            if (!now.Voters.Contains(voter)) pending.Waiting.Add(new CatchUp(voter));
        }
        MemberId[] unknown = [.. pending.Waiting.Select(waiting => waiting.Member).Where(member => !now.IsMember(member))];
        pending.Stage = ChangeStage.CatchingUp;
        if (unknown.Length > 0)
        {
            Step(RaftInput.ChangeMembership(now
                with
            { Learners = [.. now.Learners.Concat(unknown).Order()], Addresses = pending.Target.Addresses }));
            if (_effects.MembershipAccepted) pending.Stage = ChangeStage.Learning;
            else FinishMembershipChange(Outcome.Rejected, "the leader cannot change members yet; ask again");
        }
        AdvanceMembershipChange();
    }

    private string? Refusal(PendingMembershipChange pending)
    {
        var change = pending.Change;
        if (_core.Role != RaftRole.Leader || _core.IsTransferring) return "this replica does not lead";
        if (_change is { Task.IsCompleted: false }) return "another change of members is under way";
        if (_core.Membership.IsJoint) return "an earlier change of members is not finished yet";
        if (pending.ExpectedIndex != _core.MembershipIndex) return $"the members changed meanwhile, at log index {_core.MembershipIndex}";
        if (change.Voters.Count == 0) return "at least one member must vote";
        if (change.Voters.Count > Quorum.MaxVoters || change.Learners.Count > Quorum.MaxVoters)
            return $"at most {Quorum.MaxVoters} voters and as many learners";
        if (change.Voters.Concat(change.Learners).Any(member => member.IsNone)) return "member id 0 is nobody's";
        return change.Addresses.Any(a => new[] { a.Raft, a.Api, a.Http }
            .Any(text => System.Text.Encoding.UTF8.GetByteCount(text) > MemberAddress.MaxLength))
            ? $"an address is longer than {MemberAddress.MaxLength} bytes" : null;
    }

    /// <summary>
    /// The membership to go to, in order, with every address that is known. Whoever is on the way out keeps its address until it is.
    /// </summary>
    private Membership Complete(MembershipChange change)
    {
        var voters = new SortedSet<MemberId>(change.Voters);
        var learners = new SortedSet<MemberId>(change.Learners);
        learners.ExceptWith(voters);
        var everyone = _core.Membership.Everyone;
        everyone.UnionWith(voters);
        everyone.UnionWith(learners);
        var addresses = ImmutableArray.CreateBuilder<MemberAddress>();
        foreach (var member in everyone)
        {
            var known = change.Addresses.LastOrDefault(a => a.Member == member)
                ?? _core.Membership.Addresses.FirstOrDefault(a => a.Member == member)
                ?? _options.KnownAddresses.FirstOrDefault(a => a.Member == member);
            if (known is not null) addresses.Add(known);
        }
        var target = new Membership([.. voters], [], [.. learners]) { Addresses = addresses.ToImmutable() };
        return target.Voters.AsSpan().SequenceEqual(_core.Membership.Voters.AsSpan()) ? target.Settled() : target;
    }

    /// <summary>Takes the change one stage further when it can go.</summary>
    private void AdvanceMembershipChange()
    {
        if (_change is not { } change) return;
        if (change.Task.IsCompleted) // nobody waits any more; what is in the log goes its way
        {
            _change = null;
            return;
        }
        var committed = _core.MembershipIndex <= _core.CommitIndex && !_core.Membership.IsJoint;
        if (change.Stage == ChangeStage.Changing && committed && _core.Membership == change.Target.Settled())
        {
            LogMembership(_core.MembershipIndex, _core.Membership.Voters.Length, _core.Membership.Learners.Length);
            FinishMembershipChange(Outcome.Committed, "");
            return;
        }
        if (_core.Role != RaftRole.Leader)
        {
            FinishMembershipChange(Outcome.Unknown, "leadership was lost before the change was finished");
            return;
        }
        if (change.Stage == ChangeStage.Learning && committed) change.Stage = ChangeStage.CatchingUp;
        if (change.Stage != ChangeStage.CatchingUp || !AllCaughtUp(change)) return;
        Step(RaftInput.ChangeMembership(change.Target));
        if (_effects.MembershipAccepted) change.Stage = ChangeStage.Changing;
    }

    private bool AllCaughtUp(PendingMembershipChange change)
    {
        var count = _core.CopyProgress(_catchingUp);
        var all = true;
        foreach (var waiting in change.Waiting)
        {
            ulong match = 0;
            for (var i = 0; i < count; i++)
            {
                if (_catchingUp[i].Member == waiting.Member && !_catchingUp[i].Repairing) match = _catchingUp[i].Match;
            }
            waiting.Note(match, _core.Log.LastIndex, _ticks, _options.Raft.ElectionTicks);
            all &= waiting.Ready;
        }
        return all;
    }

    private void FinishMembershipChange(Outcome outcome, string reason)
    {
        var change = _change;
        _change = null;
        change?.TrySetResult(new MembershipResult(outcome, _core.MembershipIndex, reason));
    }

    private void AbandonMembershipChange()
    {
        _change?.TrySetResult(new MembershipResult(Outcome.Unknown, 0, "this replica stopped"));
        _change = null;
    }

    /// <summary>Connects to whoever came in. Whoever is out is forgotten later, once that is committed.</summary>
    private void FollowMembership()
    {
        AdvanceMembershipChange();
        NoteRepair();
        if (ReferenceEquals(_followed, _core.Membership)) return;
        _followed = _core.Membership;
        foreach (var address in _followed.Addresses)
        {
            if (address.Member != _options.Self) _transport.SetPeer(address.Member, address.Raft);
        }
        var members = _followed.Everyone;
        foreach (var member in members) _forgetAt.Remove(member);
        foreach (var member in _seen)
        {
            if (!members.Contains(member)) _forgetAt.TryAdd(member, _ticks + TimeoutsToForget * _options.Raft.ElectionTicks);
        }
        _seen.UnionWith(members);
        _seen.Remove(_options.Self);
    }

    private void TickMembership()
    {
        if (_forgetAt.Count == 0 || _core.MembershipIndex > _core.CommitIndex || !_core.Membership.IsMember(_options.Self)) return;
        foreach (var (member, at) in _forgetAt.ToArray())
        {
            if (_ticks < at) continue;
            _forgetAt.Remove(member);
            _seen.Remove(member);
            _transport.RemovePeer(member);
        }
    }

    [LoggerMessage(2111, LogLevel.Information, "Membership at {Index}: {Voters} voters, {Learners} learners")]
    private partial void LogMembership(ulong index, int voters, int learners);
}
