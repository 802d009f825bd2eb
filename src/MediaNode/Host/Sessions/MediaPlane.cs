using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Tcp;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Tcp;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>The node's shards, and the addresses under which clients reach them.</summary>
public sealed class MediaPlane : IDisposable
{
    private readonly DtlsIdentity _identity;
    private readonly IReadOnlyList<string> _addresses;

    /// <exception cref="StartupException">A port cannot be bound.</exception>
    public MediaPlane(MediaNodeOptions options)
    {
        _identity = new DtlsIdentity(TimeProvider.System);
        var bind = IPAddress.Parse(options.MediaBind);
        _addresses = options.MediaAddresses.Count > 0 ? [.. options.MediaAddresses] : [options.MediaBind];
        var count = options.MediaShards == 0 ? MediaNodeOptions.DefaultShards : options.MediaShards;
        var shards = new List<MediaShard>();
        var fragments = new FragmentDirectory();
        try
        {
            for (var i = 0; i < count; i++)
                shards.Add(new MediaShard(new ShardOptions(i, new IPEndPoint(bind, options.UdpPort + i)) { Fragments = fragments },
                    _identity));
            if (options.MediaTcpPort != 0)
                Listener = new ConnectionListener(new IPEndPoint(bind, options.MediaTcpPort), fragments,
                    TimeSpan.FromMilliseconds(PendingConnections.PatienceMs));
        }
        catch (SocketException e)
        {
            foreach (var shard in shards) shard.Dispose();
            _identity.Dispose();
            throw Refusal(options, shards.Count < count ? $"UDP port {options.UdpPort + shards.Count}"
                : $"TCP port {options.MediaTcpPort}", e);
        }
        Shards = shards;
        MediaShard.Connect(shards);
    }

    private static StartupException Refusal(MediaNodeOptions options, string port, SocketException e) =>
        e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied
            ? new(ExitCode.PortInUse,
                $"media node {options.NodeId} cannot use {port}: {e.Message}. Stop what listens there, or choose another port", e)
            : new(ExitCode.BadConfiguration,
                $"media node {options.NodeId} cannot listen on {options.MediaBind}: {e.Message}; name an address of this machine", e);

    public IReadOnlyList<MediaShard> Shards { get; }

    /// <summary>Where clients connect by TCP; null when they cannot.</summary>
    public ConnectionListener? Listener { get; }

    /// <summary>What clients check the DTLS peer by.</summary>
    public string Fingerprint => _identity.Fingerprint.ToString();

    public void Start()
    {
        foreach (var shard in Shards) shard.Start();
        Listener?.Start();
    }

    /// <summary>Why a shard's thread ended, when one did: its calls are lost, so the process must end.</summary>
    public Exception? Fault => Shards.Select(shard => shard.Fault).FirstOrDefault(fault => fault is not null);

    public IReadOnlyList<(string Address, int Port)> CandidatesOf(int shard) =>
        [.. _addresses.Select(address => (address, Shards[shard].LocalEndPoint.Port))];

    /// <summary>The same for every shard: whose a connection is, its first check says.</summary>
    public IReadOnlyList<(string Address, int Port)> TcpCandidates =>
        Listener is { LocalEndPoint.Port: var port } ? [.. _addresses.Select(address => (address, port))] : [];

    public void Dispose()
    {
        Listener?.Dispose(); // before those to whom it gives connections
        foreach (var shard in Shards) shard.Dispose();
        _identity.Dispose();
    }

    /// <summary>Random letters and digits for ids and ICE credentials.</summary>
    internal static string RandomText(int length) =>
        RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", length);

    /// <summary>Never 0, which means unknown.</summary>
    internal static uint RandomSource() => (uint)RandomNumberGenerator.GetInt32(2, int.MaxValue);
}
