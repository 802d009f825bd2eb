using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>
/// Which members are connected with another process of this replica's identity. As long as one is, this process carries nothing: both would
/// vote in the same term. It goes on trying, because the other process may end.
/// </summary>
internal sealed class StandAside(TransportLog log)
{
    /// <summary>A member that refused and does not answer any more keeps nobody out for longer.</summary>
    private static readonly TimeSpan RefusalHolds = TimeSpan.FromSeconds(30);
    private readonly Lock _gate = new();
    private readonly Dictionary<MemberId, (string Address, long At)> _refusals = [];
    private ITransportListener? _listener;
    private volatile string? _why;

    internal bool IsOn => _why is not null;

    internal string? Why => _why;

    internal void Start(ITransportListener listener) => _listener = listener;

    internal void Refused(MemberId by, string address)
    {
        lock (_gate)
        {
            _refusals[by] = (address, Environment.TickCount64);
            Look();
        }
    }

    internal void Admitted(MemberId by)
    {
        lock (_gate)
        {
            if (_refusals.Remove(by)) Look();
        }
    }

    internal void Expire()
    {
        if (!IsOn) return;
        lock (_gate)
        {
            foreach (var (member, refusal) in _refusals.ToArray())
            {
                if (Environment.TickCount64 - refusal.At > RefusalHolds.TotalMilliseconds) _refusals.Remove(member);
            }
            Look();
        }
    }

    private void Look()
    {
        var was = IsOn;
        _why = _refusals.Count == 0 ? null
            : $"another process runs under this replica's identity, with which "
                + $"{string.Join(" and ", _refusals.OrderBy(refusal => refusal.Key).Select(Named))} connected. This one takes no part: "
            + "its data directory was copied, or it was started twice. Stop one of the two; a copy becomes a member of its own with an "
                + "empty directory and --join";
        if (_why is { } why) log.StandsAside(why);
        if (IsOn == was) return;
        if (was) log.TakesPart();
        _listener!.OnStandAside(IsOn);
    }

    private static string Named(KeyValuePair<MemberId, (string Address, long At)> refusal) =>
        refusal.Value.Address.Length > 0 ? $"member {refusal.Key} (from {refusal.Value.Address}) is"
            : $"member {refusal.Key} is or just was";
}
