namespace VideoScale.Consensus.InMemory;

/// <summary>The replies a session may still ask for again; the oldest go first.</summary>
internal sealed class SessionReplies
{
    /// <summary>How many replies are kept for a session; a client never has more proposals of one session in flight.</summary>
    internal const int Window = 4096;

    private readonly Dictionary<ulong, ProposeResult> _bySequence = [];
    private readonly Queue<ulong> _order = new();
    private ulong _forgottenUpTo;

    /// <returns>The first result of this sequence, a refusal when it was forgotten, or null when it is new.</returns>
    internal ProposeResult? Find(ulong sequence)
    {
        if (_bySequence.TryGetValue(sequence, out var known)) return known;
        return sequence <= _forgottenUpTo ? new ProposeResult(Outcome.Rejected, 0, 0, default, RejectReason.SessionExpired) : null;
    }

    internal void Add(ulong sequence, in ProposeResult result)
    {
        _bySequence.Add(sequence, result);
        _order.Enqueue(sequence);
        if (_order.Count <= Window) return;
        var oldest = _order.Dequeue();
        _bySequence.Remove(oldest);
        _forgottenUpTo = Math.Max(_forgottenUpTo, oldest);
    }
}
