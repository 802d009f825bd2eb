namespace VideoScale.Consensus.Core;

/// <summary>Following: appends are compared, written, and acknowledged once they are durable.</summary>
public sealed partial class RaftCore
{
    /// <summary>Up to here our log is known to equal that of this term's leader.</summary>
    private ulong _matched;
    private bool _ackOwed;

    /// <returns>False when somebody else leads this term already.</returns>
    private bool FollowLeader(MemberId leader)
    {
        if (_role == RaftRole.Leader || (!_leader.IsNone && _leader != leader))
            return MeetConflict($"members {(_role == RaftRole.Leader ? Self : _leader)} and {leader} both lead term {_term}");
        if (_role != RaftRole.Follower) BecomeFollower(_term, leader);
        _leader = leader;
        _electionElapsed = 0;
        return true;
    }

    private void OnAppend(in Message message)
    {
        if (!FollowLeader(message.From)) return;
        var last = message.Index + (ulong)message.Entries.Length;
        if (!Follows(message)) return;
        foreach (ref readonly var entry in message.Entries.Span)
        {
            if (!Take(entry)) return;
        }
        _matched = Math.Max(_matched, last);
        _commit = Math.Max(_commit, Math.Min(message.Commit, last));
        // A repeated append is answered as well: the first answer may be lost.
        if (_durableIndex >= last && MayAcknowledge) AcknowledgeAppends();
        else _ackOwed = true;
    }

    /// <returns>False when our log does not hold the entry before the message's: the leader looks further back, or is of another
    /// line.</returns>
    private bool Follows(in Message message)
    {
        // below: in a snapshot, hence committed, hence equal
        if (message.Index < _log.BaseIndex || _log.Holds(message.Index, message.LogTerm)) return true;
        if (message.Index <= _commit) return MeetForeignLeader(message.Index);
        Refuse(message);
        return false;
    }

    private bool MeetForeignLeader(ulong index) =>
        MeetConflict($"member {_leader}, which leads term {_term}, does not have entry {index}, which is committed here");

    /// <returns>False when the leader does not have what is committed here.</returns>
    private bool Take(in Entry entry)
    {
        if (entry.Index <= _log.BaseIndex) return true; // in a snapshot, hence committed, hence equal
        if (entry.Index <= _log.LastIndex)
        {
            if (_log.TermAt(entry.Index) == entry.Term) return true;
            if (entry.Index <= _commit) return MeetForeignLeader(entry.Index);
            Truncate(entry.Index);
        }
        Append(entry);
        return true;
    }

    private void Refuse(in Message message)
    {
        var hint = _log.LastNotAfter(message.Index, message.LogTerm);
        Send(new Message
        {
            Kind = MessageKind.AppendReply,
            To = message.From,
            Reject = true,
            Index = message.Index,
            Hint = hint,
            Context = _repair,
            LogTerm = _log.TermAt(hint),
        });
    }

    private void AcknowledgeAppends()
    {
        _ackOwed = false;
        if (_role == RaftRole.Leader || _leader.IsNone) return;
        Send(new Message { Kind = MessageKind.AppendReply, To = _leader, Index = Math.Min(_durableIndex, _matched), Context = _repair });
    }

    private void OnHeartbeat(in Message message)
    {
        if (!FollowLeader(message.From)) return;
        NoteRepaired(message);
        // The leader tells only what we acknowledged to it in this term, perhaps before a restart: so it was here.
        if (message.Commit > _log.LastIndex && _repair == 0) FindLoss(message);
        if (_repair != 0) // it may count on what is gone here
        {
            if (message.Context != 0) Send(new Message
            {
                Kind = MessageKind.HeartbeatReply,
                To = message.From,
                Context = message.Context,
                Hint = _repair,
            });
            return;
        }
        _matched = Math.Max(_matched, message.Commit);
        _commit = Math.Max(_commit, message.Commit);
        if (message.Context != 0) Send(new Message { Kind = MessageKind.HeartbeatReply, To = message.From, Context = message.Context });
    }
}
