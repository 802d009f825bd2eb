using System.Text.Json;
using VideoScale.Harness.Processes;

namespace VideoScale.Integration.Tests.Cli;

/// <summary>Media nodes that come and go with their load, as a person tries them: <c>up --elastic</c>, on real processes.</summary>
public sealed class ElasticTests : IDisposable
{
    private const int BasePort = 25_000;
    private const string Servers = "127.0.0.1:25100,25101,25102";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly string _directory = Directory.CreateTempSubdirectory("videoscale-elastic-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static async Task<string> CtlAsync(params string[] arguments)
    {
        var result = await CliProcess.RunAsync(["ctl", .. arguments, "--server", Servers, "--timeout", "30"]);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result.Errors}");
        return result.Output;
    }

    /// <summary>Keys of the instances whose nodes take part.</summary>
    private static async Task<string[]> RegisteredAsync()
    {
        using var pool = JsonDocument.Parse(await CtlAsync("fleet", "get", "local", "--json"));
        return [.. pool.RootElement.GetProperty("instances").EnumerateArray().Where(each => each.GetProperty("registered").GetBoolean())
            .Select(each => each.GetProperty("key").GetString()!)];
    }

    private static async Task<int> OnNodesAsync() =>
        (await CtlAsync("room", "list")).Split('\n').Count(line => line.Contains(" active ", StringComparison.Ordinal));

    private async Task UntilAsync(CliProcess up, string what, Func<Task<bool>> holds)
    {
        var until = DateTime.UtcNow + Patience;
        while (!await holds())
        {
            Assert.False(up.HasExited, $"up ended: {up.Output}{up.Errors}");
            if (DateTime.UtcNow > until)
                Assert.Fail($"not within {Patience}: {what}\n{await CtlAsync("fleet", "plan", "local")}\n"
                    + $"{await CtlAsync("fleet", "explain", "local")}\n{up.Output}");
            await Task.Delay(200);
        }
    }

    [Fact]
    public async Task Nodes_come_with_rooms_and_go_without_them_also_over_another_leader()
    {
        using var up = CliProcess.Start(["up", "--base-port", $"{BasePort}", "--elastic", "1..3", "--node-kbps", "40000",
            "--loopback-only"],
            _directory);
        await UntilAsync(up, "up is ready", () => Task.FromResult(up.Output.Contains("Ctrl-C stops everything.",
            StringComparison.Ordinal)));
        Assert.Equal(["local-1"], await RegisteredAsync());
        await CtlAsync("fleet", "set", "local", "--hold", "4", "--drain-within", "0");
        for (var i = 1; i <= 5; i++) await CtlAsync("room", "create", $"r{i}", "--keep-when-empty"); // 2.1 nodes' worth
        await UntilAsync(up, "three nodes for five rooms", async () => (await RegisteredAsync()).Length == 3 && await OnNodesAsync() == 5);
        Assert.Contains("nodes' worth in use", await CtlAsync("fleet", "explain", "local"), StringComparison.Ordinal);

        await CtlAsync("fleet", "rebalance", "set", "--mode", "on", "--per-minute", "3", "--quiet", "22:00-06:00");

        // Only who leads decides: whoever did so last.
        var leader = Enumerable.Range(1, 3).MaxBy(replica =>
            File.ReadLines(Path.Combine(_directory, ".videoscale", "logs", $"replica-{replica}.log"))
                .LastOrDefault(line => line.Contains("pool local: launch", StringComparison.Ordinal)) ?? "", StringComparer.Ordinal);
        Signals.SendTo(ProcessOf($"replica-{leader}"), Signals.Kill);
        for (var i = 1; i <= 4; i++) await CtlAsync("room", "close", $"r{i}");
        await UntilAsync(up, "one node for one room", async () => (await RegisteredAsync()).Length == 1 && await OnNodesAsync() == 1);
        // The log of whoever answers may be behind: the first replica has just come back.
        var explained = "";
        await UntilAsync(up, "both are gone, says the log",
            async () => Count(explained = await CtlAsync("fleet", "explain", "local", "--last", "1000"), " is gone") == 2);
        Assert.Equal(2, Count(explained, "is drained and holds nothing"));
        Assert.Equal(3, Count(explained, "asks for instance")); // never one more, whoever led
        Assert.Contains("rebalancing is on: nodes over 78.0 %, at most 4 rooms at once and 3 a minute, each once in 600 s, "
            + "quiet from 22:00 to 06:00 UTC", await CtlAsync("fleet", "rebalance", "get"), StringComparison.Ordinal); // whoever leads now
        await CtlAsync("fleet", "set", "local", "--min", "2"); // and up again, under a new name
        await UntilAsync(up, "two nodes", async () => (await RegisteredAsync()).Contains("local-4"));

        up.Interrupt();
        await up.WaitForExitAsync(Patience);
        Assert.Equal(0, up.ExitCode);
        Assert.Empty(ProcessesHere());
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private int ProcessOf(string name) =>
        ProcessesHere().First(process => process.CommandLine.Contains($"logs/{name}.log", StringComparison.Ordinal)).Pid;

    private IReadOnlyList<(int Pid, string CommandLine)> ProcessesHere() => ProcessTable.With(_directory);
}
