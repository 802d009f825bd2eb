using System.Net;
using System.Net.Sockets;
using VideoScale.Harness.Processes;

namespace VideoScale.Integration.Tests.Cli;

/// <summary>A process that cannot start says so in exactly one line, for a person, and ends with the exit code of its kind.</summary>
[Collection("processes")]
public sealed class StartRefusalTests : IDisposable
{
    private const int HttpPort = 25_800, GrpcPort = 25_801, RaftPort = 25_802, MediaGrpcPort = 25_803, MediaHttpPort = 25_804,
        UpBase = 25_820;
    private const int PortInUse = 69, DataDirectory = 74, Configuration = 78, Refused = 1;
    private const string NotOurs = "192.0.2.1"; // TEST-NET-1: an address no machine has
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _directory = Directory.CreateTempSubdirectory("videoscale-refusal-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Replica => Path.Combine(_directory, "replica-1");
    private string Control =>
        $"control --dev --data {Replica} --http-port {HttpPort} --grpc-port {GrpcPort} --raft-port {RaftPort} --stop-with-stdin";
    private static string Media =>
        $"media --dev --node m --control 127.0.0.1:{GrpcPort} --grpc-port {MediaGrpcPort} --http-port {MediaHttpPort} --stop-with-stdin";

    [Theory]
    [InlineData(HttpPort)]
    [InlineData(GrpcPort)]
    [InlineData(RaftPort)]
    public async Task A_replica_names_the_port_that_is_in_use(int port)
    {
        await MakeReplica();
        using var taken = Listen(port);
        await RequireRefusal(Control, PortInUse, $"{port}", "choose another port");
    }

    [Theory]
    [InlineData(MediaGrpcPort)]
    [InlineData(MediaHttpPort)]
    public async Task A_media_node_names_the_port_that_is_in_use(int port)
    {
        using var taken = Listen(port);
        await RequireRefusal(Media, PortInUse, $"{port}", "choose another port");
    }

    [Fact]
    public async Task An_address_that_is_not_this_machines_is_named()
    {
        await MakeReplica();
        await MakeCertificates();
        await RequireRefusal($"{WithoutDev(Control)} {With("replica-1")} --bind {NotOurs}", Configuration, NotOurs,
            "name an address of this machine");
        await RequireRefusal($"{WithoutDev(Media)} {With("m")} --bind {NotOurs}", Configuration, NotOurs,
            "name an address of this machine");
    }

    [Fact]
    public async Task A_missing_certificate_is_named_with_the_command_that_makes_one()
    {
        await MakeReplica();
        await MakeCertificates();
        foreach (var gone in new[] { "replica-1", "m" }) File.Delete(Path.Combine(_directory, "certs", gone + ".pem"));
        await RequireRefusal($"{WithoutDev(Control)} {With("replica-1")}", Configuration, "certs/replica-1.pem", "videoscale certs");
        await RequireRefusal($"{WithoutDev(Media)} {With("m")}", Configuration, "certs/m.pem", "videoscale certs");
        await RequireRefusal($"ctl room list --server 127.0.0.1:{GrpcPort} {With("m")}", 2, "certs/m.pem", "videoscale certs");
    }

    [Fact]
    public async Task A_damaged_or_foreign_directory_is_refused_and_left_alone()
    {
        await MakeReplica();
        await RequireRefusal(Control.Replace(Replica, Path.Combine(_directory, "nothing"), StringComparison.Ordinal), DataDirectory,
            "is not a replica's data directory");
        await File.WriteAllTextAsync(Path.Combine(_directory, "precious"), "mine");
        await RequireRefusal(Control.Replace(Replica, _directory, StringComparison.Ordinal), DataDirectory,
            "is not a replica's data directory");
        var identity = Path.Combine(Replica, "identity.json");
        var good = await File.ReadAllTextAsync(identity);
        await File.WriteAllTextAsync(identity, good[..(good.Length / 2)]);
        await RequireRefusal(Control, DataDirectory, "identity.json is damaged");
        await File.WriteAllTextAsync(identity, good);
        await MakeReplica("other");
        var other = Path.Combine(_directory, "other", "replica-1");
        File.Copy(Path.Combine(other, "cluster.json"), Path.Combine(Replica, "cluster.json"), overwrite: true);
        await RequireRefusal(Control, DataDirectory, "belongs to cluster");
    }

    [Fact]
    public async Task Damaged_and_foreign_logs_are_refused()
    {
        await MakeReplica();
        await MakeReplica("other");
        var other = Path.Combine(_directory, "other", "replica-1");
        await RunForAWhile(Control);
        await RunForAWhile(Control.Replace(Replica, other, StringComparison.Ordinal));
        var segment = Directory.GetFiles(Path.Combine(Replica, "log"), "*.segment").Order(StringComparer.Ordinal).First();
        const int InsideTheFirstRecords = 4_096 + 40; // behind the header's page
        await Flip(segment, InsideTheFirstRecords);
        await RequireRefusal(Control, DataDirectory, Path.GetFileName(segment), "Nothing was changed");
        await Flip(segment, InsideTheFirstRecords);
        foreach (var file in Directory.GetFiles(Path.Combine(Replica, "events"))) File.Delete(file);
        foreach (var file in Directory.GetFiles(Path.Combine(other, "events")))
            File.Copy(file, Path.Combine(Replica, "events", Path.GetFileName(file)));
        await RequireRefusal(Control, DataDirectory, "events");
    }

    [Fact]
    public async Task A_directory_in_use_is_refused()
    {
        await MakeReplica();
        using var first = CliProcess.Start(Control.Split(' '), _directory);
        await Eventually.HoldsAsync(() => IsReadyAsync(), "the first replica is ready", Patience, () => first.Errors);
        await RequireRefusal(Control, DataDirectory, "in use by another process");
    }

    [Theory]
    [InlineData("up")]
    [InlineData("up --single")]
    public async Task Up_passes_on_what_its_replica_cannot_start_with(string command)
    {
        command = $"{command} --base-port {UpBase} --data fleet";
        using (var first = CliProcess.Start(command.Split(' '), _directory))
        {
            await Eventually.HoldsAsync(() => first.Output.Contains("Ctrl-C stops everything.", StringComparison.Ordinal), "up is ready",
                Patience, () => first.Output + first.Errors);
            first.Interrupt();
            await first.WaitForExitAsync(Patience);
        }
        var identity = Path.Combine(_directory, "fleet", "replica-1", "identity.json");
        await File.WriteAllTextAsync(identity, "{ damaged");
        await RequireRefusal(command, Refused, "identity.json is damaged");
        await File.WriteAllTextAsync(Path.Combine(_directory, "fleet", "topology.json"), "{ damaged");
        await RequireRefusal(command, 2, "topology.json is damaged");
        await RequireRefusal($"up --base-port {UpBase} --data fleet/topology.json", 2, "--data: ", "cannot be used");
    }

    private async Task RequireRefusal(string command, int exitCode, params string[] says)
    {
        using var process = CliProcess.Start(command.Split(' '), _directory);
        await process.WaitForExitAsync(Patience);
        var everything = $"{command}: {process.ExitCode}\n{process.Output}{process.Errors}";
        Assert.True(exitCode == process.ExitCode, everything);
        // Log lines begin with the time; what is left is for the person who started it.
        var lines = process.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith("20", StringComparison.Ordinal)).ToArray();
        Assert.True(lines.Length == 1, everything);
        Assert.All(says, word => Assert.Contains(word, lines[0], StringComparison.Ordinal));
    }

    private async Task RunForAWhile(string command)
    {
        using var process = CliProcess.Start(command.Split(' '), _directory);
        await Eventually.HoldsAsync(() => IsReadyAsync(), "the replica is ready", Patience, () => process.Errors);
        var created = await CliProcess.RunAsync(
            ["ctl", "room", "create", "standup", "--server", $"127.0.0.1:{GrpcPort}", "--timeout", "30"], _directory);
        Assert.True(created.ExitCode == 0, created.Errors);
        process.Terminate();
        await process.WaitForExitAsync(Patience);
    }

    private static async Task<bool> IsReadyAsync()
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{HttpPort}/readyz"));
        return answer.IsSuccessStatusCode;
    }

    private async Task MakeReplica(string under = "")
    {
        var made = await CliProcess.RunAsync(["control", "init", "--replicas", $"127.0.0.1:{RaftPort}:{GrpcPort}:{HttpPort}", "--out",
            Path.Combine(_directory, under)], _directory);
        Assert.True(made.ExitCode == 0, made.Errors);
    }

    private async Task MakeCertificates()
    {
        var made = await CliProcess.RunAsync(["certs", "--cluster", _directory, "--node", "m=127.0.0.1"], _directory);
        Assert.True(made.ExitCode == 0, made.Errors);
    }

    private static string With(string name) => $"--cert certs/{name}.pem --key certs/{name}.key --ca certs/ca.pem";

    private static string WithoutDev(string command) => command.Replace(" --dev", "", StringComparison.Ordinal);

    private static async Task Flip(string path, int position)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = position;
        var value = file.ReadByte();
        file.Position = position;
        file.WriteByte((byte)(value ^ 0x5A));
    }

    private static TcpListener Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        return listener;
    }
}
