using System.Net;
using System.Net.Sockets;
using VideoScale.Harness.Links;
using VideoScale.Rpc;

namespace VideoScale.Harness.Processes;

/// <summary>
/// Where every process of a cluster lives and with which words it is started; makes the directories and certificates it needs.
/// </summary>
internal sealed record ClusterPlan(IReadOnlyList<ReplicaProcess> Replicas, IReadOnlyList<MediaProcess> Media, TlsOptions? Credentials,
    Namespaces? Network, EtcdProcess? Etcd = null)
{
    /// <summary>The machine where the etcd stands.</summary>
    public const string EtcdName = "etcd";

    private const int EtcdMembers = 3;
    private const string Harness = "chaos"; // the name in its certificate
    private const int FirstBase = 10_000, LastBase = 18_000; // below the ports that the kernel hands out to clients
    private const int GrpcPorts = 100, RaftPorts = 200, MediaGrpcPorts = 300, MediaHttpPorts = 500, MediaTcpPorts = 550,
        MediaUdpPorts = 600, UdpPortsPerNode = 16;

    public static async Task<ClusterPlan> MakeAsync(ClusterShape shape, string root)
    {
        string[] replicaNames = [.. Enumerable.Range(1, shape.Replicas).Select(i => $"replica-{i}")];
        string[] mediaNames = [.. Enumerable.Range(1, shape.Media).Select(i => $"media-{i}")];
        string[] etcdNames = shape.Engine == ClusterShape.EtcdEngine ? [EtcdName] : [];
        var network = shape.Namespaced ? Namespaces.Create([.. replicaNames, .. mediaNames, .. etcdNames]) : null;
        var basePort = shape.BasePort ?? (network is null ? FreeBase(shape) : FirstBase);
        var certificates = Path.Combine(Path.GetDirectoryName(root)!, "certs");
        string Host(string name) => network?.AddressOf(name) ?? ServerPlace.Loopback.Host;

        var seats = replicaNames.Select((name, i) => $"{Host(name)}:{basePort + RaftPorts + i}:{basePort + GrpcPorts + i}:{basePort + i}");
        await RunAsync(shape.Program, ["control", "init", "--replicas", string.Join(',', seats), "--out", root]);
        if (network is not null)
            await RunAsync(null, ["certs", "--cluster", root, "--out", certificates, "--user", $"{Harness}=admin",
                .. mediaNames.SelectMany(name => (string[])["--node", $"{name}={Host(name)}"])]);

        ReplicaProcess[] replicas = [.. replicaNames.Select((name, i) => new ReplicaProcess(i, DataOf(shape, root, i), basePort + i,
            basePort + GrpcPorts + i, basePort + RaftPorts + i, Place(name)))];
        string[] control = [.. replicas.Select(replica => replica.GrpcAddress)];
        MediaProcess[] media = [.. mediaNames.Select((name, j) => new MediaProcess(name, control, basePort + MediaGrpcPorts + j,
            basePort + MediaHttpPorts + j, basePort + MediaUdpPorts + UdpPortsPerNode * j, basePort + MediaTcpPorts + j, Place(name)))];
        var etcd = etcdNames.Length == 0 ? null
            : EtcdProcess.Start(new EtcdShape(EtcdMembers) { Place = new ServerPlace(Host(EtcdName), Prefix(EtcdName), [], null) });
        foreach (var replica in replicas)
        {
            replica.Engine = shape.Engine;
            replica.Environment["VIDEOSCALE__ControlPlane__MaxWaitingRooms"] = "1000000"; // who measures the log makes more than fit
            if (etcd is not null) replica.ExtraArguments.AddRange(["--etcd-endpoints", string.Join(',', etcd.Endpoints)]);
        }
        foreach (var server in replicas.Cast<ServerProcess>().Concat(media)) server.Program = shape.Program;
        return new ClusterPlan(replicas, media, network is null ? null : Certificates(certificates, Harness), network, etcd);

        IReadOnlyList<string> Prefix(string name) => network is null ? [] : Namespaces.Inside(name);
        ServerPlace Place(string name) => new(Host(name), Prefix(name),
            network is null ? ServerPlace.Loopback.Credentials : Flags(Certificates(certificates, name)),
            shape.Logs is { } logs ? Path.Combine(logs, name + ".log") : null);
    }

    /// <summary>By which the command line and processes are let in.</summary>
    public static IReadOnlyList<string> Flags(TlsOptions tls) => ["--ca", tls.CaPath, "--cert", tls.CertPath, "--key", tls.KeyPath];

    private static string DataOf(ClusterShape shape, string root, int replica)
    {
        var data = Path.Combine(root, $"replica-{replica + 1}");
        if (shape.ReplicaRoots.Count == 0) return data;
        var moved = Path.Combine(shape.ReplicaRoots[replica], Path.GetFileName(data));
        Shell.Run("cp", "-r", data, moved);
        Shell.Run("sync");
        return moved;
    }

    private static TlsOptions Certificates(string folder, string name) => new()
    {
        CaPath = Path.Combine(folder, "ca.pem"),
        CertPath = Path.Combine(folder, name + ".pem"),
        KeyPath = Path.Combine(folder, name + ".key"),
    };

    private static async Task RunAsync(string? program, IReadOnlyList<string> arguments)
    {
        var done = await CliProcess.RunAsync(arguments, program: program);
        if (done.ExitCode != 0)
            throw new InvalidOperationException(
                $"videoscale {string.Join(' ', arguments)}: exit {done.ExitCode}: {done.Errors}{done.Output}");
    }

    /// <summary>A base whose ports nobody listens on now.</summary>
    private static int FreeBase(ClusterShape shape)
    {
        int[] offsets = [.. Enumerable.Range(0, shape.Replicas).SelectMany(i => (int[])[i, GrpcPorts + i, RaftPorts + i]),
            .. Enumerable.Range(0, shape.Media).SelectMany(j => (int[])[MediaGrpcPorts + j, MediaHttpPorts + j, MediaTcpPorts + j])];
        for (var tries = 0; tries < 100; tries++)
        {
            var basePort = Random.Shared.Next(FirstBase, LastBase);
            if (offsets.All(offset => IsFree(basePort + offset))) return basePort;
        }
        throw new InvalidOperationException($"no base between {FirstBase} and {LastBase} has free ports");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try { socket.Bind(new IPEndPoint(IPAddress.Loopback, port)); return true; }
        catch (SocketException) { return false; }
    }
}
