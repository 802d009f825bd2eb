namespace VideoScale.Consensus.Engine.Transport;

/// <summary>Second processes under one identity that were refused here lately: what an operator is shown.</summary>
internal sealed class SecondProcesses
{
    private static readonly TimeSpan Lately = TimeSpan.FromSeconds(30);
    private readonly Lock _gate = new();
    private readonly SortedDictionary<MemberId, (string First, string Second, long At)> _seen = [];

    internal IReadOnlyList<string> Notices
    {
        get
        {
            lock (_gate)
            {
                if (_seen.Count == 0) return [];
                return [.. _seen.Where(seen => Environment.TickCount64 - seen.Value.At < Lately.TotalMilliseconds).Select(seen =>
                    $"member {seen.Key} runs twice: its process at {seen.Value.First} takes part, one at {seen.Value.Second} was "
                        + $"refused. A data directory was copied, or it was started twice: stop one of the two")];
            }
        }
    }

    internal void Add(MemberId member, string first, string second)
    {
        lock (_gate) _seen[member] = (HostOf(first), HostOf(second), Environment.TickCount64);
    }

    /// <summary>The port is the connection's own, drawn at random.</summary>
    private static string HostOf(string address) => address.LastIndexOf(':') is > 0 and var at ? address[..at] : address;
}
