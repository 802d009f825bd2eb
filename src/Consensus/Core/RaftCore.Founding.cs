using System.Collections.Immutable;

namespace VideoScale.Consensus.Core;

/// <summary>Which of the logs that a member may have had this one is. Durable, beside the log.</summary>
/// <param name="Incarnation">Random, drawn when the log was made.</param>
/// <param name="IsNew">Nothing was ever acknowledged or voted for with this log, as far as its directory knows.</param>
/// <param name="Known">The first incarnation that this replica heard of, for each other member.</param>
public sealed record LogOrigin(ulong Incarnation, bool IsNew, ImmutableArray<MemberValue> Known)
{
    /// <summary>Founding members that need not be heard: an operator answers for it that they never took part.</summary>
    public ImmutableArray<MemberId> StartsWithout { get; init; } = [];
}

/// <summary>
/// An empty log says nothing about why it is empty: nobody wrote to it yet, or its disk was replaced. So whoever begins with one takes no
/// part until a leader has confirmed that it has everything, or every founding member has said that this is the first log of this member
/// that it ever heard of.
/// </summary>
/// <remarks>
/// Why all of them must say it: two of three would be the wiped one and one that was behind, while the one with the right log is away. Why
/// it is enough: whoever took part was known to all others before, durably. So one that was wiped is refused by each of them that was not;
/// were all of them wiped, nothing would be left to lose.
/// </remarks>
public sealed partial class RaftCore
{
    /// <summary>Ticks between the last word of a founding and the first campaign, so that the others have heard it as well.</summary>
    private const int TicksToSettle = 3;

    private readonly List<MemberId> _knownBy = [];
    private readonly List<MemberValue> _known = [];
    private ImmutableArray<MemberId> _founders = [];
    private bool _isFounder;
    private ulong _incarnation;
    private int _greetElapsed;

    /// <summary>The log is new, and neither all founding members nor a leader have confirmed that it is the member's first.</summary>
    public bool IsNew { get; private set; }

    /// <summary>Somebody knows an earlier log of this member: only a leader can make this one whole.</summary>
    public MemberId RefusedBy { get; private set; }

    /// <summary>What must be durable of all this.</summary>
    public LogOrigin Origin => new(_incarnation, IsNew, [.. _known]);

    /// <summary>Founding members that a new log still waits for.</summary>
    public ImmutableArray<MemberId> WaitsFor =>
        IsNew ? [.. _founders.Where(member => !_knownBy.Contains(member) || KnownOf(member) == 0)] : [];

    private void BeginAsNew(LogOrigin? origin, ulong repair)
    {
        if (origin is null) return;
        _incarnation = origin.Incarnation;
        _known.AddRange(origin.Known);
        if (!origin.IsNew || _repair != 0) return;
        _isFounder = _snapshot.Index == 0 && _snapshot.Membership.IsVoter(Self);
        if (_isFounder)
            _founders = [.. _snapshot.Membership.Voters.Where(member => member != Self && !origin.StartsWithout.Contains(member))];
        IsNew = true;
        _repair = repair;
        _hardStateChanged = true; // one record, so that an empty log is never one that took part
    }

    private void TickGreeting()
    {
        if (!IsNew || !RefusedBy.IsNone || _greetElapsed++ % _options.HeartbeatTicks != 0) return;
        foreach (var member in _founders)
        {
            if (!_knownBy.Contains(member)) Greet(MessageKind.Greet, member, _incarnation, reject: false);
        }
    }

    private void OnGreeting(in Message message)
    {
        if (message.Kind == MessageKind.Greet)
        {
            if (IsNew && KnownOf(message.From) == 0)
            {
                _known.Add(new MemberValue(message.From, message.Context));
                _effects.OriginChanged = true;
            }
            Greet(MessageKind.GreetReply, message.From, message.Context, reject: KnownOf(message.From) != message.Context);
        }
        else if (IsNew && message.Context == _incarnation)
        {
            if (message.Reject) RefusedBy = message.From;
            else if (!_knownBy.Contains(message.From)) _knownBy.Add(message.From);
        }
        BeginWhenAllAreKnown();
    }

    private void BeginWhenAllAreKnown()
    {
        if (!IsNew || !RefusedBy.IsNone || !_isFounder || _durableToken == 0 || !WaitsFor.IsEmpty) return;
        _repair = 0;
        EndAsNew();
        var turn = 0;
        foreach (var voter in Membership.Voters)
            if (voter.CompareTo(Self) < 0) turn++;
        _electionTimeout = _electionElapsed + TicksToSettle + (turn * TicksPerTurn);
    }

    private void EndAsNew()
    {
        if (!IsNew) return;
        IsNew = false;
        _effects.OriginChanged = true;
    }

    private ulong KnownOf(MemberId member)
    {
        foreach (var known in _known)
        {
            if (known.Member == member) return known.Value;
        }
        return 0;
    }

    /// <summary>Sent at once: it says nothing of a term.</summary>
    private void Greet(MessageKind kind, MemberId to, ulong incarnation, bool reject) =>
        _effects.Add(new Message { Kind = kind, From = Self, To = to, Term = _term, Context = incarnation, Reject = reject });
}
