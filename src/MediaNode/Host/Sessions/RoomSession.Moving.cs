using LiveKit.Proto;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// Whoever does not come with the room from its former owner: clients that do come still show them, and keep whoever they are not told of.
/// What a session takes with it names some of the others; all of them together name everybody.
/// </summary>
internal sealed partial class RoomSession
{
    /// <summary>
    /// The next ones in the order of their identities, around: so many sessions in a row would have to be lost for one to be forgotten.
    /// </summary>
    internal const int MostNamed = 16;
    /// <summary>Gateways try for 5 s to carry a session; whoever was on his way to the former owner has the resume window.</summary>
    internal const long ComingMs = 5_000 + SessionTable.ResumeWindowMs;
    private const int MostAwaited = 4_096;

    /// <summary>By identity as it is shown.</summary>
    private readonly Dictionary<string, ShownParticipant> _awaited = new(StringComparer.Ordinal);
    private long _awaitedUntilMs;

    /// <summary>Those whom a session names when it is carried.</summary>
    internal IEnumerable<ShownParticipant> NamedBy(ParticipantSession self)
    {
        var before = _participants.Values.TakeWhile(other => other != self);
        return _participants.Values.SkipWhile(other => other != self).Skip(1).Concat(before).Where(other => !other.IsHidden).Take(MostNamed)
            .Select(other => new ShownParticipant { Sid = other.Sid, Identity = other.Info.Identity });
    }

    /// <summary>A carried session has come: those whom it names come too, or are missing.</summary>
    internal void Await(CarriedSession carried, long nowMs)
    {
        foreach (var other in carried.Others)
            if (_awaited.Count < MostAwaited) _awaited.TryAdd(other.Identity, other);
        _awaitedUntilMs = nowMs + ComingMs;
    }

    /// <summary>Offers that waited for others to come with the room.</summary>
    internal void AnswerKeptOffers()
    {
        var waiting = _participants.Values.Where(static participant => participant.HasKeptOffer).ToArray();
        if (waiting.Length == 0) return;
        foreach (var participant in waiting) participant.AnswerKeptOffer();
        AskForSections();
    }

    /// <summary>Tells of those who have not come though there was time to; without a control plane there is no way to come.</summary>
    internal void TellMissing(bool hasLease, long nowMs)
    {
        if (_awaited.Count == 0) return;
        if (!hasLease) _awaitedUntilMs = nowMs + ComingMs;
        if (nowMs < _awaitedUntilMs) return;
        var present = _participants.Values.Where(participant => !participant.IsHidden).Select(participant => participant.Info.Identity)
            .ToHashSet(StringComparer.Ordinal);
        var missing = _awaited.Values.Where(other => !present.Contains(other.Identity))
            .OrderBy(other => other.Identity, StringComparer.Ordinal).ToList();
        _awaited.Clear();
        foreach (var other in missing)
        {
            var gone = new ParticipantInfo
            {
                Sid = other.Sid,
                Identity = other.Identity,
                State = ParticipantInfo.Types.State.Disconnected,
                DisconnectReason = DisconnectReason.ConnectionTimeout,
            };
            Departures.Add(gone, nowMs);
            TellAll(new SignalResponse { Update = new ParticipantUpdate { Participants = { gone } } });
        }
        if (missing.Count > 0) table.NeverCame(this, missing.Count);
    }

    /// <summary>Somebody came or went: with the next tick, those who name the ones around there say so.</summary>
    private void NamesChanged(ParticipantSession changed)
    {
        var order = _participants.Values.Reverse().ToList();
        var at = order.FindIndex(other => other.Identity.CompareTo(changed.Identity) < 0);
        if (at < 0) at = 0; // the first: named by the last ones
        var shown = 0;
        for (var i = 0; i < order.Count && shown <= MostNamed; i++)
        {
            var other = order[(at + i) % order.Count];
            other.CarriedPace.Defer();
            if (!other.IsHidden) shown++;
        }
    }
}
