using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using VideoScale.Harness.Processes;

namespace VideoScale.Integration.Tests.Cli;

/// <summary><c>videoscale up</c> and <c>ctl</c> as a person uses them, on real processes.</summary>
public sealed class UpTests : IDisposable
{
    private const int BasePort = 25_000;
    private const string Servers = "127.0.0.1:25100,25101,25102";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly string _directory = Directory.CreateTempSubdirectory("videoscale-up-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private CliProcess Up(params string[] arguments) => CliProcess.Start(["up", "--base-port", $"{BasePort}", .. arguments], _directory);

    private static Task WaitUntilReadyAsync(CliProcess up) => Eventually.HoldsAsync(() =>
    {
        if (up.HasExited) throw new InvalidOperationException($"up ended with {up.ExitCode}: {up.Output}{up.Errors}");
        return up.Output.Contains("Ctrl-C stops everything.", StringComparison.Ordinal);
    }, "up is ready", Patience, () => up.Output + up.Errors);

    private static async Task<CliResult> CtlAsync(params string[] arguments)
    {
        var result = await CliProcess.RunAsync(["ctl", .. arguments, "--server", Servers, "--timeout", "30"]);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result.Errors}");
        return result;
    }

    /// <summary>Processes that were started with this test's directory.</summary>
    private IReadOnlyList<(int Pid, string CommandLine)> Started() => ProcessTable.With(_directory);

    private int PidOf(string name) =>
        Started().Single(process => process.CommandLine.Contains($"logs/{name}.log", StringComparison.Ordinal)).Pid;

    [Fact]
    public async Task A_cluster_serves_survives_a_killed_child_stops_cleanly_and_goes_on_where_it_was()
    {
        using (var up = Up())
        {
            await WaitUntilReadyAsync(up);
            Assert.Contains("DEVELOPMENT MODE", up.Output, StringComparison.Ordinal);
            Assert.Contains("  media at 127.0.0.1 ", up.Output, StringComparison.Ordinal);
            var created = await CtlAsync("room", "create", "standup", "--keep-when-empty", "--max-participants", "2", "--request-id",
                "once");
            Assert.Matches("room standup active on media-[12] under epoch 0\\.[0-9]+", created.Output);
            Assert.Equal(created.Output, (await CtlAsync("room", "create", "standup", "--keep-when-empty", "--max-participants", "2",
                "--request-id", "once")).Output);
            var refused = await CliProcess.RunAsync(["ctl", "room", "create", "standup", "--server", Servers]);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("refused, ALREADY_EXISTS", refused.Errors, StringComparison.Ordinal);
            Assert.Contains("standup", (await CtlAsync("room", "list")).Output, StringComparison.Ordinal);
            Assert.Contains("created", (await CtlAsync("room", "explain", "standup")).Output, StringComparison.Ordinal);
            Assert.Matches("seat [0-9]+ for ann", (await CtlAsync("room", "admit", "standup", "ann")).Output);
            using var room = JsonDocument.Parse((await CtlAsync("room", "get", "standup", "--json")).Output);
            Assert.Equal(1, room.RootElement.GetProperty("room").GetProperty("participants").GetInt32());
            var drained = room.RootElement.GetProperty("room").GetProperty("node_id").GetString()!;
            Assert.Contains("safe to terminate", (await CtlAsync("node", "drain", drained, "--wait")).Output, StringComparison.Ordinal);
            Assert.Matches($"standup +active +{(drained == "media-1" ? "media-2" : "media-1")}",
                (await CtlAsync("room", "get", "standup")).Output);
            Assert.Contains("leader", (await CtlAsync("cluster", "status")).Output, StringComparison.Ordinal);

            var victim = PidOf("replica-1");
            using var killed = System.Diagnostics.Process.GetProcessById(victim);
            killed.Kill();
            await Eventually.HoldsAsync(() => killed.HasExited, "it is dead");
            using var http = new HttpClient();
            // by a client who knows that one URL: it waits, and is not refused
            var asked = http.GetStringAsync(new Uri($"http://127.0.0.1:{BasePort}/healthz"));
            await Eventually.HoldsAsync(() => up.Output.Contains($"replica-1 (pid {victim}) ended with signal 9; starting it again",
                StringComparison.Ordinal), "the restart is announced");
            await Eventually.HoldsAsync(() => Started().Any(process => process.Pid != victim
                && process.CommandLine.Contains("logs/replica-1.log", StringComparison.Ordinal)), "the child runs again");
            Assert.NotEmpty(await asked);

            up.Interrupt();
            await up.WaitForExitAsync(Patience);
            Assert.Equal(0, up.ExitCode);
            Assert.Empty(Started());
        }
        using (var other = Up("--replicas", "5"))
        {
            await other.WaitForExitAsync(Patience);
            Assert.Equal(1, other.ExitCode);
            Assert.Contains("--replicas 3 --media 2 --base-port 25000", other.Errors, StringComparison.Ordinal);
        }
        using (var again = CliProcess.Start(["up"], _directory))
        {
            await WaitUntilReadyAsync(again);
            Assert.Contains("going on with the cluster", again.Output, StringComparison.Ordinal);
            Assert.Contains("standup", (await CtlAsync("room", "list")).Output, StringComparison.Ordinal);
            using (var second = CliProcess.Start(["up"], _directory))
            {
                await second.WaitForExitAsync(Patience);
                Assert.Contains("is in use: another `videoscale up` runs there", second.Errors, StringComparison.Ordinal);
            }
            again.Kill(); // not even time to say goodbye
        }
        using (var refused = Up("--replicas", "5"))
        {
            await refused.WaitForExitAsync(Patience);
            Assert.Equal(1, refused.ExitCode); // it forgets nothing of the one that was killed
        }
        using (var after = Up()) // at once: it waits for what the killed one has left
        {
            await WaitUntilReadyAsync(after);
            Assert.Contains("standup", (await CtlAsync("room", "list")).Output, StringComparison.Ordinal);
            after.Kill();
        }
        await Eventually.HoldsAsync(() => Started().Count == 0, "no orphan is left", Patience);
        Assert.True(File.Exists(Path.Combine(_directory, ".videoscale", "up.running")),
            "the last one was killed, and the next has to know");
    }

    [Fact]
    public async Task What_a_refused_start_did_not_mark_it_does_not_unmark()
    {
        var mark = Path.Combine(_directory, ".videoscale", "up.running");
        Directory.CreateDirectory(Path.GetDirectoryName(mark)!);
        await File.WriteAllTextAsync(mark, ""); // as a killed one left it
        await File.WriteAllTextAsync(Path.Combine(_directory, ".videoscale", "topology.json"), "{ damaged");
        using var up = Up();
        await up.WaitForExitAsync(Patience);
        Assert.Equal(2, up.ExitCode);
        Assert.True(File.Exists(mark));
    }

    [Fact]
    public async Task A_single_process_serves_within_its_memory_bound()
    {
        const long BoundBytes = 200_000_000;
        using var up = Up("--single");
        await WaitUntilReadyAsync(up);
        var created = await CliProcess.RunAsync(["ctl", "room", "create", "alone", "--server", "127.0.0.1:25100", "--timeout", "30"]);
        Assert.Contains("active on media-1", created.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Started(), process => process.Pid != up.Pid);
        await Eventually.HoldsAsync(() => ResidentBytes(up.Pid) < BoundBytes, $"resident memory is below {BoundBytes} bytes",
            TimeSpan.FromSeconds(30), () => $"it is {ResidentBytes(up.Pid)}");
        up.Terminate();
        await up.WaitForExitAsync(Patience);
        Assert.Equal(0, up.ExitCode);
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_that_names_port_and_flag()
    {
        using var taken = new TcpListener(IPAddress.Loopback, BasePort + 101);
        taken.Start();
        using var up = Up();
        await up.WaitForExitAsync(Patience);
        Assert.Equal(1, up.ExitCode);
        Assert.Contains("port 25101 (gRPC of replica-2) cannot be used", up.Errors, StringComparison.Ordinal);
        Assert.Contains("--base-port", up.Errors, StringComparison.Ordinal);
        Assert.Single(up.Errors.Trim().Split('\n'));
    }

    [Fact]
    public async Task A_media_port_in_use_is_found_before_anything_is_made()
    {
        using var taken = new UdpClient(new IPEndPoint(IPAddress.Loopback, BasePort + 616));
        using var up = Up();
        await up.WaitForExitAsync(Patience);
        Assert.Equal(1, up.ExitCode);
        Assert.Contains("port 25616 (media, UDP, of media-2) cannot be used", up.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_directory, ".videoscale", "replica-1")));
    }

    private static long ResidentBytes(int pid) =>
        long.Parse(File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
}
