using System.Net;
using System.Net.Sockets;
using VideoScale.Rpc;

namespace VideoScale.Chaos.Fabric;

internal sealed record PlannedProcess(string Name, IReadOnlyList<string> Command, string LogFile, string GrpcAddress, string DataDirectory);

/// <summary>
/// Where every process of a fleet lives and with which words it is started; makes the directories and certificates it needs.
/// </summary>
internal sealed record FleetPlan(IReadOnlyList<PlannedProcess> Replicas, IReadOnlyList<PlannedProcess> Nodes, TlsMaterial? Tls,
    TlsOptions? Credentials, Namespaces? Network)
{
    private const int PortsPerProcess = 3;
    private const int UdpPortsPerNode = 16; // one per shard, at most
    private const int FirstPort = 10_000, LastPort = 19_000; // below the ports that the kernel hands out to clients

    public static async Task<FleetPlan> MakeAsync(FleetShape shape, string directory, CancellationToken cancellationToken)
    {
        string[] replicaNames = [.. Enumerable.Range(1, shape.Replicas).Select(i => $"replica-{i}")];
        string[] nodeNames = [.. Enumerable.Range(1, shape.Nodes).Select(i => $"media-{i}")];
        var network = shape.Fabric ? Namespaces.Create([.. replicaNames, .. nodeNames]) : null;
        var basePort = network is null ? FreePorts((shape.Replicas + shape.Nodes) * PortsPerProcess + shape.Nodes * UdpPortsPerNode)
            : FirstPort;
        string Host(string name) => network?.AddressOf(name) ?? IPAddress.Loopback.ToString();
        int Port(int process, int which) => network is null ? basePort + process * PortsPerProcess + which : basePort + which;
        int UdpPort(int node) => Port(shape.Replicas + shape.Nodes, 0) + (network is null ? node * UdpPortsPerNode : 0);

        var seats = string.Join(',', replicaNames.Select((name, i) => $"{Host(name)}:{Port(i, 0)}:{Port(i, 1)}:{Port(i, 2)}"));
        var made = Path.Combine(directory, "cluster");
        await RunAsync(shape.Program ?? CommandLineProgram.Path, ["control", "init", "--replicas", seats, "--out", made],
            cancellationToken);
        if (network is not null)
            await RunAsync(CommandLineProgram.Path,
                ["certs", "--cluster", made, "--out", Path.Combine(directory, "certs"), "--user", "chaos=admin",
                .. nodeNames.SelectMany(n => (string[])["--node", $"{n}={Host(n)}"])], cancellationToken);

        var replicas = new List<PlannedProcess>();
        for (var i = 0; i < replicaNames.Length; i++)
        {
            var name = replicaNames[i];
            var data = Path.Combine(made, name);
            if (shape.ReplicaRoots.Count > 0)
            {
                var moved = Path.Combine(shape.ReplicaRoots[i], name);
                Shell.Run("cp", "-r", data, moved);
                Shell.Run("sync");
                data = moved;
            }
            replicas.Add(Process(name, Port(i, 1),
                ["control", "--data", data, "--bind", Host(name), "--raft-port", $"{Port(i, 0)}", "--grpc-port", $"{Port(i, 1)}",
                    "--http-port", $"{Port(i, 2)}"], data));
        }
        var control = string.Join(',', replicas.Select(r => r.GrpcAddress));
        var nodes = nodeNames.Select((name, j) => Process(name, Port(shape.Replicas + j, 1),
            ["media", "--node", name, "--control", control, "--bind", Host(name), "--grpc-port", $"{Port(shape.Replicas + j, 1)}",
                "--http-port", $"{Port(shape.Replicas + j, 2)}",
             "--udp-port", $"{UdpPort(j)}"], "")).ToArray();
        return new FleetPlan(replicas, nodes, network is null ? null : Certificates(directory, "chaos").Load(), network is null ? null
            : Certificates(directory, "chaos"), network);

        PlannedProcess Process(string name, int grpcPort, IReadOnlyList<string> words, string data)
        {
            var tls = network is null ? null : Certificates(directory, name);
            IReadOnlyList<string> secure = tls is null ? ["--dev"] : ["--ca", tls.CaPath, "--cert", tls.CertPath, "--key", tls.KeyPath];
            IReadOnlyList<string> inside = network is null ? [] : Namespaces.Inside(name);
            return new PlannedProcess(name, [.. inside, shape.Program ?? CommandLineProgram.Path, .. words, .. secure],
                Path.Combine(directory, name + ".log"), $"{Host(name)}:{grpcPort}", data);
        }
    }

    private static TlsOptions Certificates(string directory, string name)
    {
        var folder = Path.Combine(directory, "certs");
        return new TlsOptions
        {
            CaPath = Path.Combine(folder, "ca.pem"),
            CertPath = Path.Combine(folder, name + ".pem"),
            KeyPath = Path.Combine(folder, name + ".key"),
        };
    }

    private static async Task RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var (code, output) = await CommandLineProgram.RunAsync(program, arguments, cancellationToken);
        if (code != 0) throw new InvalidOperationException($"videoscale {string.Join(' ', arguments)}: exit {code}: {output.Trim()}");
    }

    /// <summary>A run of ports that nobody listens on now.</summary>
    private static int FreePorts(int count)
    {
        for (var tries = 0; tries < 100; tries++)
        {
            var first = Random.Shared.Next(FirstPort, LastPort - count);
            if (Enumerable.Range(first, count).All(IsFree)) return first;
        }
        throw new InvalidOperationException($"no {count} free ports in a row between {FirstPort} and {LastPort}");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try { socket.Bind(new IPEndPoint(IPAddress.Loopback, port)); return true; }
        catch (SocketException) { return false; }
    }
}
