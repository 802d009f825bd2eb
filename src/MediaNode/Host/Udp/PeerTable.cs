using System.Net.Sockets;
using System.Text;
using VideoScale.MediaNode.Host.Tcp;
using VideoScale.MediaNode.Ice;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>A shard's peers, and whose a datagram is: by where it came from, or, of a check, by the ICE fragment that it names.</summary>
/// <param name="fragments">Is told of each fragment, as its owner's.</param>
internal sealed class PeerTable(FragmentDirectory? fragments, IConnectionOwner owner)
{
    private const int LongestFragment = 64;
    private readonly Dictionary<int, ShardPeer> _byId = [];
    private readonly Dictionary<string, ShardPeer> _byFragment = new(StringComparer.Ordinal);
    private readonly Dictionary<TransportAddress, ShardPeer> _byAddress = [];
    private readonly List<ShardPeer> _all = [];

    /// <summary>In the order in which they came.</summary>
    internal List<ShardPeer> All => _all;

    internal ShardPeer? Find(int id) => _byId.GetValueOrDefault(id);

    internal ShardPeer? Find(in TransportAddress from) => _byAddress.GetValueOrDefault(from);

    /// <param name="username">Of a check: ours, a colon, the client's.</param>
    internal ShardPeer? Find(ReadOnlySpan<byte> username)
    {
        var fragment = IceLiteAgent.LocalFragment(username);
        if (fragment.Length is 0 or > LongestFragment) return null;
        Span<char> text = stackalloc char[LongestFragment];
        return Encoding.ASCII.TryGetChars(fragment, text, out var length)
            && _byFragment.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text[..length], out var peer) ? peer : null;
    }

    internal bool Has(string fragment) => _byFragment.ContainsKey(fragment);

    internal void Add(ShardPeer peer)
    {
        _byId.Add(peer.Id, peer);
        _all.Add(peer);
        Name(peer);
    }

    /// <summary>Under its new credentials, and under the last ones before them.</summary>
    internal void RestartIce(ShardPeer peer, IceCredentials local, IceCredentials remote)
    {
        if (peer.PreviousIce is { } older) Forget(older);
        peer.RestartIce(local, remote);
        Name(peer);
    }

    /// <summary>Its media comes from there and goes there from now on.</summary>
    /// <param name="connection">By which; null for datagrams.</param>
    internal void Move(ShardPeer peer, in TransportAddress to, AddressFamily family, TcpConnection? connection)
    {
        if (peer.Destination is { } destination)
        {
            _byAddress.Remove(destination.Address);
            destination.Move(to);
        }
        else peer.Destination = new Destination(family, to);
        peer.Destination.Connection = connection;
        _byAddress[to] = peer;
    }

    /// <summary>Its media goes nowhere until it moves.</summary>
    internal void Lose(ShardPeer peer)
    {
        if (peer.Destination is { } destination) _byAddress.Remove(destination.Address);
        peer.Destination = null;
    }

    internal void Remove(ShardPeer peer)
    {
        _byId.Remove(peer.Id);
        _all.Remove(peer);
        Forget(peer.Ice);
        if (peer.PreviousIce is { } previous) Forget(previous);
        Lose(peer);
    }

    private void Name(ShardPeer peer)
    {
        _byFragment.Add(peer.Ice.Local.UsernameFragment, peer);
        fragments?.Add(peer.Ice.Local.UsernameFragment, owner);
    }

    private void Forget(IceLiteAgent ice)
    {
        _byFragment.Remove(ice.Local.UsernameFragment);
        fragments?.Remove(ice.Local.UsernameFragment);
    }
}
