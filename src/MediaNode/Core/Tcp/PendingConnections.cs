using VideoScale.MediaNode.Ice;

namespace VideoScale.MediaNode.Tcp;

/// <summary>Bounds the connections whose first check has not come yet: in all, and of each address.</summary>
/// <remarks>
/// An address with too many is refused; when there are too many in all, the one that has waited longest makes way: a client's check follows
/// its connection within a round trip, and who only wants to fill places never sends one. How long one may wait is its host's to watch.
/// </remarks>
public sealed class PendingConnections(int most = PendingConnections.Most, int mostOfAddress = PendingConnections.MostOfAddress)
{
    public const int Most = 256;
    /// <summary>
    /// A whole office may come from one address, each of its clients with a connection for each address that the node names.
    /// </summary>
    public const int MostOfAddress = 64;
    /// <summary>Until the first check; the check of an offer of ours may come before the answer that brings its peer.</summary>
    public const int PatienceMs = 5_000;

    private readonly SortedDictionary<long, TransportAddress> _pending = [];
    private readonly Dictionary<TransportAddress, int> _ofAddress = [];
    private long _number;

    public int Count => _pending.Count;

    /// <summary>Takes a connection in.</summary>
    /// <param name="number">By which it leaves; 0 when it is refused.</param>
    /// <param name="evicted">The number of one that makes way for it; 0 for none.</param>
    /// <returns>False: it is refused.</returns>
    public bool TryEnter(in TransportAddress from, out long number, out long evicted)
    {
        var address = from.WithoutPort;
        (number, evicted) = (0, 0);
        if (_ofAddress.GetValueOrDefault(address) >= mostOfAddress) return false;
        if (_pending.Count >= most)
        {
            evicted = _pending.First().Key;
            Leave(evicted);
        }
        number = ++_number;
        _pending.Add(number, address);
        _ofAddress[address] = _ofAddress.GetValueOrDefault(address) + 1;
        return true;
    }

    /// <summary>It has a peer, or has ended.</summary>
    /// <returns>False when it is not here any more: it had to make way.</returns>
    public bool Leave(long number)
    {
        if (!_pending.Remove(number, out var address)) return false;
        var left = _ofAddress[address] - 1;
        if (left == 0) _ofAddress.Remove(address);
        else _ofAddress[address] = left;
        return true;
    }
}
