using System.Net;
using System.Security.Cryptography;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>The node's shards, and the addresses under which clients reach them.</summary>
public sealed class MediaPlane : IDisposable
{
    private readonly DtlsIdentity _identity;
    private readonly IReadOnlyList<string> _addresses;

    /// <exception cref="StartupException">A UDP port cannot be bound.</exception>
    public MediaPlane(MediaNodeOptions options)
    {
        _identity = new DtlsIdentity(TimeProvider.System);
        var bind = IPAddress.Parse(options.MediaBind);
        _addresses = options.MediaAddresses.Count > 0 ? [.. options.MediaAddresses] : [options.MediaBind];
        var count = options.MediaShards == 0 ? MediaNodeOptions.DefaultShards : options.MediaShards;
        var shards = new List<MediaShard>();
        try
        {
            for (var i = 0; i < count; i++)
                shards.Add(new MediaShard(new ShardOptions(i, new IPEndPoint(bind, options.UdpPort + i)), _identity));
        }
        catch (System.Net.Sockets.SocketException e)
        {
            foreach (var shard in shards) shard.Dispose();
            _identity.Dispose();
            if (e.SocketErrorCode is not System.Net.Sockets.SocketError.AddressAlreadyInUse
                and not System.Net.Sockets.SocketError.AccessDenied)
                throw new StartupException(ExitCode.BadConfiguration,
                    $"media node {options.NodeId} cannot listen on {options.MediaBind}: {e.Message}; name an address of this machine", e);
            throw new StartupException(ExitCode.PortInUse,
                $"media node {options.NodeId} cannot use UDP port {options.UdpPort + shards.Count}: {e.Message}. Stop what listens "
                + $"there, or choose another port", e);
        }
        Shards = shards;
        MediaShard.Connect(shards);
    }

    public IReadOnlyList<MediaShard> Shards { get; }

    /// <summary>What clients check the DTLS peer by.</summary>
    public string Fingerprint => _identity.Fingerprint.ToString();

    public void Start()
    {
        foreach (var shard in Shards) shard.Start();
    }

    /// <summary>Why a shard's thread ended, when one did: its calls are lost, so the process must end.</summary>
    public Exception? Fault => Shards.Select(shard => shard.Fault).FirstOrDefault(fault => fault is not null);

    public IReadOnlyList<(string Address, int Port)> CandidatesOf(int shard) =>
        [.. _addresses.Select(address => (address, Shards[shard].LocalEndPoint.Port))];

    public void Dispose()
    {
        foreach (var shard in Shards) shard.Dispose();
        _identity.Dispose();
    }

    /// <summary>Random letters and digits for ids and ICE credentials.</summary>
    internal static string RandomText(int length) =>
        RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", length);

    /// <summary>Never 0, which means unknown.</summary>
    internal static uint RandomSource() => (uint)RandomNumberGenerator.GetInt32(2, int.MaxValue);
}
