using System.Net;
using System.Net.Sockets;
using VideoScale.Cli.CommandLine;
using VideoScale.MediaNode.Host.Options;

namespace VideoScale.Cli.Up;

/// <summary>
/// Where everything listens, from the base port: with 7880, replica i has HTTP 7880+i, gRPC 7980+i, Raft 8080+i;
/// media node j has gRPC 8180+j, media over TCP 8280+j, HTTP 8380+j, and UDP from 8480.
/// </summary>
/// <param name="HasMediaTcp">Media goes over TCP too.</param>
internal sealed record Ports(int Base, bool HasMediaTcp = true)
{
    internal const int DefaultBase = 7880;
    private const int PostgresOffset = 590;
    private const int ProviderOffset = 591;
    private const int MediaUdpOffset = 600;
    private const int UdpPortsPerNode = MediaNodeOptions.MostShards;

    internal const int LowestBase = 1024;
    internal const int HighestBase = 65_535 - MediaUdpOffset - UdpPortsPerNode * Topology.MostMedia;

    internal int ReplicaHttp(int replica) => Base + replica;
    internal int ReplicaGrpc(int replica) => Base + 100 + replica;
    internal int ReplicaRaft(int replica) => Base + 200 + replica;
    internal int MediaGrpc(int node) => Base + 300 + node;
    /// <summary>0 for none.</summary>
    internal int MediaTcp(int node) => HasMediaTcp ? Base + 400 + node : 0;
    internal int MediaHttp(int node) => Base + 500 + node;
    internal int Postgres => Base + PostgresOffset;
    internal int Provider => Base + ProviderOffset;
    internal int MediaUdp(int node) => Base + MediaUdpOffset + UdpPortsPerNode * node;

    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(20); // media nodes give their rooms up first
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>Children of an <c>up</c> that was killed stop by themselves, but take a while: their ports are waited for.</summary>
    internal async Task WaitUntilFreeAsync(Topology topology, MediaReach reach, bool hasPostgres, Action<string> say,
        CancellationToken cancellationToken)
    {
        var until = Environment.TickCount64 + (long)StopTime.TotalMilliseconds;
        for (var said = false; Environment.TickCount64 < until; said = true)
        {
            try
            {
                RequireFree(topology, reach, hasPostgres);
                return;
            }
            catch (CliException e) when (!said)
            {
                say($"the last `up` here was killed, and what it started is still stopping ({e.Message.Split('.')[0]}); waiting …");
            }
            catch (CliException) { }
            await Task.Delay(Poll, cancellationToken);
        }
    }

    /// <summary>Fails with one line that names the first port somebody else listens on.</summary>
    internal void RequireFree(Topology topology, MediaReach reach, bool hasPostgres = false)
    {
        IEnumerable<(int Port, string What)> database = hasPostgres ? [(Postgres, "PostgreSQL")] : [];
        foreach (var (port, what) in Tcp(topology).Concat(database)) Require(port, what, () => Listen(IPAddress.Loopback, port));
        for (var j = 0; HasMediaTcp && j < topology.MediaPlaces; j++)
        {
            var port = MediaTcp(j);
            Require(port, $"media, TCP, of media-{j + 1}", () => Listen(IPAddress.Parse(reach.Bind), port));
        }
        foreach (var (port, what) in Udp(topology)) Require(port, what, () =>
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            probe.Bind(new IPEndPoint(IPAddress.Parse(reach.Bind), port));
        });
    }

    private static void Listen(IPAddress address, int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ExclusiveAddressUse = false };
        // connections that linger after a restart are no obstacle
        probe.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        probe.Bind(new IPEndPoint(address, port));
        probe.Listen(1);
    }

    private void Require(int port, string what, Action bind)
    {
        try { bind(); }
        catch (SocketException e)
        {
            throw new CliException(
                $"port {port} ({what}) cannot be used: {e.Message}. Stop what listens there, or shift all ports with --base-port (now "
                + $"{Base}; for a cluster that exists, use another --data too)", e)
            { ExitCode = Exit.Refused };
        }
    }

    /// <summary>One per shard of each media node, as many as it starts by itself.</summary>
    private IEnumerable<(int Port, string What)> Udp(Topology topology)
    {
        for (var j = 0; j < topology.MediaPlaces; j++)
            for (var shard = 0; shard < MediaNodeOptions.DefaultShards; shard++)
                yield return (MediaUdp(j) + shard, $"media, UDP, of media-{j + 1}");
    }

    private IEnumerable<(int Port, string What)> Tcp(Topology topology)
    {
        for (var i = 0; i < topology.Replicas; i++)
        {
            yield return (ReplicaHttp(i), $"HTTP of replica-{i + 1}");
            yield return (ReplicaGrpc(i), $"gRPC of replica-{i + 1}");
            yield return (ReplicaRaft(i), $"Raft of replica-{i + 1}");
        }
        if (topology.Range is not null) yield return (Provider, "the elastic nodes' provider");
        for (var j = 0; j < topology.MediaPlaces; j++)
        {
            yield return (MediaGrpc(j), $"gRPC of media-{j + 1}");
            yield return (MediaHttp(j), $"HTTP of media-{j + 1}");
        }
    }
}
