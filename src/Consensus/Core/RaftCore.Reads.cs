namespace VideoScale.Consensus.Core;

/// <summary>
/// Linearizable reads without writing: the leader notes its commit index and confirms, by a quorum round begun afterwards, that it still
/// led.
/// </summary>
public sealed partial class RaftCore
{
    private readonly List<PendingRead> _reads = [];

    /// <param name="Asker">Who gets the answer; may be ourselves.</param>
    /// <param name="Round">0 until the term has committed something: only then the commit index is known to be current.</param>
    private readonly record struct PendingRead(ulong Context, MemberId Asker, ulong Index, ulong Round);

    private void OnRead(ulong context)
    {
        if (_role == RaftRole.Leader) AddRead(context, Self);
        else if (_leader.IsNone) _effects.Add(new ReadState(context, 0, Ok: false));
        else Send(new Message { Kind = MessageKind.ReadIndex, To = _leader, Context = context });
    }

    private void OnForwardedRead(in Message message)
    {
        if (_role == RaftRole.Leader) AddRead(message.Context, message.From);
    }

    private void AddRead(ulong context, MemberId asker)
    {
        if (_reads.Count < _options.MaxPendingReads) _reads.Add(new PendingRead(context, asker, 0, 0));
        else if (asker == Self) _effects.Add(new ReadState(context, 0, Ok: false));
    }

    private void AdvanceReads()
    {
        if (_reads.Count == 0 || !CommittedInTerm) return;
        if (_reads[^1].Round == 0) // reads without a round stand last; all of one step share a round
        {
            if (_round == _sentRound) BeginRound();
            for (var i = _reads.Count - 1; i >= 0 && _reads[i].Round == 0; i--) _reads[i] = _reads[i] with
            {
                Index = _commit,
                Round = _round,
            };
        }
        Span<MemberValue> values = stackalloc MemberValue[_peers.Length + 1];
        for (var i = 0; i < _peers.Length; i++) values[i] = new MemberValue(_peers[i].Member, _peers[i].ConfirmedRound);
        values[^1] = new MemberValue(Self, _round);
        var confirmed = Quorum.Agreed(Membership, values);
        var done = 0;
        while (done < _reads.Count && _reads[done].Round <= confirmed) Answer(_reads[done++]);
        _reads.RemoveRange(0, done);
    }

    private void Answer(in PendingRead read)
    {
        if (read.Asker == Self) _effects.Add(new ReadState(read.Context, read.Index, Ok: true));
        else Send(new Message { Kind = MessageKind.ReadIndexReply, To = read.Asker, Context = read.Context, Index = read.Index });
    }

    private void OnReadReply(in Message message)
    {
        if (message.From == _leader) _effects.Add(new ReadState(message.Context, message.Index, Ok: true));
    }

    private void FailReads()
    {
        foreach (var read in _reads)
        {
            if (read.Asker == Self) _effects.Add(new ReadState(read.Context, 0, Ok: false));
        }
        _reads.Clear();
    }
}
