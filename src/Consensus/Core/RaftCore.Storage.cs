namespace VideoScale.Consensus.Core;

/// <summary>Durability: what is written, what has become durable, and the messages that wait for it.</summary>
public sealed partial class RaftCore
{
    private readonly List<HeldMessage> _held = [];
    private ulong _lastToken;
    private ulong _durableToken;
    private ulong _durableIndex;
    private ulong _termToken;
    private ulong _voteToken;
    private ulong _rewriteToken;
    private ulong _resetToken;
    private ulong _writeFrom;
    private bool _hardStateChanged;
    private SnapshotMeta? _resetTo;

    private readonly record struct HeldMessage(ulong Token, Message Message);

    /// <summary>The token of the write that this step ends in, if it has one.</summary>
    private ulong NextToken => _lastToken + 1;

    private bool MayAcknowledge => _durableToken >= _termToken && _durableToken >= _resetToken;

    private void Append(ulong index, EntryKind kind, ProposalId id, ReadOnlyMemory<byte> payload) =>
        Append(new Entry(index, _term, kind, id, payload));

    private void Append(in Entry entry)
    {
        _log.Append(entry);
        if (_writeFrom == 0) _writeFrom = entry.Index;
        NoteConfiguration(entry);
    }

    private void Truncate(ulong from)
    {
        Invariant.Require(from > _commit, "committed entries are never truncated");
        _log.TruncateFrom(from);
        if (_writeFrom > from) _writeFrom = from;
        _durableIndex = Math.Min(_durableIndex, from - 1);
        _rewriteToken = NextToken; // completions of older writes say nothing about what now stands there
        while (_configurations[^1].Index >= from) _configurations.RemoveAt(_configurations.Count - 1);
        RefreshPeers();
    }

    private void EmitWrite()
    {
        if (_writeFrom == 0 && !_hardStateChanged && _resetTo is null) return;
        _lastToken++;
        var first = _writeFrom == 0 ? _log.LastIndex + 1 : _writeFrom;
        _effects.Write = new WriteEffect(_lastToken, _term, first, _log.LastIndex, new HardState(_term, _vote, _commit), _hardStateChanged,
            _resetTo);
        _writeFrom = 0;
        _hardStateChanged = false;
        _resetTo = null;
    }

    private void OnStored(ulong token, ulong term, ulong lastIndex)
    {
        Invariant.Require(token <= _lastToken, "only what was written becomes durable");
        if (token <= _durableToken) return;
        _durableToken = token;
        // An index alone is ambiguous: it may have been truncated and written anew since. Within one term, and after the last
        // rewrite, the log only grew, so the index means what it meant when it was written.
        if (term == _term && token >= _rewriteToken && lastIndex > _durableIndex)
        {
            Invariant.Require(lastIndex <= _log.LastIndex, "nothing beyond the log becomes durable");
            _durableIndex = lastIndex;
            if (_role != RaftRole.Leader && !_leader.IsNone) _ackOwed = true;
        }
        BeginWhenAllAreKnown();
        if (_ackOwed && MayAcknowledge) AcknowledgeAppends();
        if (_selfVoteOwed && _durableToken >= _voteToken) CountSelfVote();
    }

    /// <summary>Sends now, or once the term (and the vote, for a vote) is durable.</summary>
    private void Send(in Message message)
    {
        var grantsVote = message.Kind == MessageKind.VoteReply && !message.Reject;
        var needs = grantsVote ? Math.Max(_termToken, _voteToken) : _termToken;
        var stamped = message with { From = Self, Term = message.Term == 0 ? _term : message.Term };
        if (_durableToken >= needs) Emit(stamped);
        else
        {
            if (_held.Count == _options.MaxHeldMessages) _held.RemoveAt(0);
            _held.Add(new HeldMessage(needs, stamped));
        }
    }

    private void ReleaseHeld()
    {
        if (_held.Count == 0 || _held[0].Token > _durableToken) return;
        var kept = 0;
        for (var i = 0; i < _held.Count; i++)
        {
            if (_held[i].Token <= _durableToken) Emit(_held[i].Message);
            else _held[kept++] = _held[i];
        }
        _held.RemoveRange(kept, _held.Count - kept);
    }

    private void Emit(in Message message)
    {
        Invariant.Require(_durableToken >= _termToken, "nothing leaves before its term is durable");
        switch (message.Kind)
        {
            case MessageKind.VoteReply when !message.Reject:
                Invariant.Require(_durableToken >= _voteToken && _vote == message.To, "no vote leaves before it is durable");
                break;
            case MessageKind.AppendReply when !message.Reject:
                Invariant.Require(message.Index <= _durableIndex && _durableToken >= _resetToken,
                    "no acknowledgement leaves before its entries are durable");
                break;
            default: break;
        }
        _effects.Add(message);
    }
}
