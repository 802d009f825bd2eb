namespace VideoScale.Consensus;

/// <summary>Following: appends are compared, written, and acknowledged once they are durable.</summary>
public sealed partial class RaftCore
{
    /// <summary>Up to here our log is known to equal that of this term's leader.</summary>
    private ulong _matched;
    private bool _ackOwed;

    private void FollowLeader(MemberId leader)
    {
        Invariant.Require(_role != RaftRole.Leader, "one leader per term");
        Invariant.Require(_leader.IsNone || _leader == leader, "one leader per term");
        if (_role != RaftRole.Follower) BecomeFollower(_term, leader);
        _leader = leader;
        _electionElapsed = 0;
    }

    private void OnAppend(in Message message)
    {
        FollowLeader(message.From);
        var last = message.Index + (ulong)message.Entries.Length;
        if (message.Index > _commit && !_log.Holds(message.Index, message.LogTerm))
        {
            Refuse(message);
            return;
        }
        foreach (ref readonly var entry in message.Entries.Span) Take(entry);
        _matched = Math.Max(_matched, last);
        _commit = Math.Max(_commit, Math.Min(message.Commit, last));
        // A repeated append is answered as well: the first answer may be lost.
        if (_durableIndex >= last && MayAcknowledge) AcknowledgeAppends();
        else _ackOwed = true;
    }

    private void Take(in Entry entry)
    {
        if (entry.Index <= _log.BaseIndex) return; // in a snapshot, hence committed, hence equal
        if (entry.Index <= _log.LastIndex)
        {
            if (_log.TermAt(entry.Index) == entry.Term) return;
            Truncate(entry.Index);
        }
        Append(entry);
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
        FollowLeader(message.From);
        NoteRepaired(message);
        if (_repair != 0) // it may count on what is gone here
        {
            if (message.Context != 0) Send(new Message { Kind = MessageKind.HeartbeatReply, To = message.From, Context = message.Context, Hint = _repair });
            return;
        }
        // The leader tells only what we acknowledged to it in this term, perhaps before a restart: so it is here, and equal.
        Invariant.Require(message.Commit <= _log.LastIndex, "what was acknowledged is still in the log");
        _matched = Math.Max(_matched, message.Commit);
        _commit = Math.Max(_commit, message.Commit);
        if (message.Context != 0) Send(new Message { Kind = MessageKind.HeartbeatReply, To = message.From, Context = message.Context });
    }
}
