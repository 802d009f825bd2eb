using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// Why sessions ended that did not end by themselves; bounded. A client that was away at the time asks for its session later.
/// </summary>
internal sealed class SessionEndings
{
    private const int MostKept = 1_024;

    private readonly Dictionary<string, SessionEndReason> _reasons = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    internal void Add(string sid, SessionEndReason reason)
    {
        if (reason is not (SessionEndReason.Removed or SessionEndReason.Replaced) || !_reasons.TryAdd(sid, reason)) return;
        _order.Enqueue(sid);
        if (_order.Count > MostKept) _reasons.Remove(_order.Dequeue());
    }

    internal SessionEndReason Find(string sid) => _reasons.GetValueOrDefault(sid);
}
