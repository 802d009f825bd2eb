using VideoScale.Harness.Processes;

namespace VideoScale.Integration.Tests.Cli;

/// <summary>What a person sees who types something: one clear line, and an exit code a script can trust.</summary>
public sealed class CommandLineTests : IDisposable
{
    private const string NobodyThere = "127.0.0.1:25890";
    private readonly string _directory = Directory.CreateTempSubdirectory("videoscale-cli-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private Task<CliResult> RunAsync(params string[] arguments) => CliProcess.RunAsync(arguments, _directory);

    [Fact]
    public async Task Version_and_help_name_the_command_and_show_examples()
    {
        var version = await RunAsync("--version");
        Assert.Equal((0, "videoscale 0.1.0"), (version.ExitCode, version.Output.Trim()));
        var help = await RunAsync("ctl", "room", "create", "--help");
        Assert.Equal(0, help.ExitCode);
        Assert.Contains("videoscale ctl room create [<room>] [options]", help.Output, StringComparison.Ordinal);
        Assert.Contains("Example: videoscale ctl room create standup", help.Output, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, int> Wrong => new()
    {
        { "ctl room bogus", "See: videoscale ctl room --help", 2 },
        { "ctl room list --server here", "\"here\" is not host:port", 2 },
        { "ctl room list --timeout 0", "--timeout: 0 is not 0.1 to 3600 seconds", 2 },
        { $"ctl room list --timeout 0.5 --server {NobodyThere}", $"no answer from {NobodyThere}", 2 },
        { $"ctl room list --timeout 30 --server http://{NobodyThere}/", $"  {NobodyThere}: connection refused", 2 },
        { $"ctl room list --server https://{NobodyThere}", $"\"https://{NobodyThere}\" needs certificates", 2 },
        { $"ctl cluster set 1a 1a --server {NobodyThere}", "MEMBER: 1a is named 2 times", 2 },
        { $"ctl cluster transfer --to xyz --server {NobodyThere}", "--to: \"xyz\" is not a member id", 2 },
        { "ctl room create r --metadata @nowhere.json", "--metadata: nowhere.json cannot be read", 2 },
        { "up --single --replicas 3", "--single is one voter and one media node", 2 },
        { "up --replicas 12", "--replicas: 12 is not 1 to 9", 2 },
        { "up --base-port 80", "--base-port: 80 is not 1024 to", 2 },
        { "media --dev --control 127.0.0.1:1", "MediaNode:NodeId is \"\"; allowed: 1 to 64 characters", 78 },
        { "media --config nowhere.json", "does not exist", 2 },
        { "media --dev --node m --control https://127.0.0.1:1", "\"https://127.0.0.1:1\" needs certificates", 2 },
        { "control --dev --data nothing --join 127.0.0.1:1,https://127.0.0.1:2", "\"https://127.0.0.1:2\" needs certificates", 2 },
        { "control --dev", "ControlPlane:DataDirectory is \"\"", 78 },
        { "control --dev --data ./nothing", "is not a replica's data directory. `videoscale control init` makes", 74 },
        { "control init --replicas a:1 --out x", "\"a:1\" is not HOST:RAFT:GRPC", 2 },
        { "certs", "name the cluster: --cluster DIR", 2 },
        { "certs --cluster-id c --user ops=king", "--user: \"king\" is not viewer, operator or admin", 2 },
        { "certs --cluster-id c --node m1", "--node: \"m1\" is not NAME=HOST", 2 },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task What_is_wrong_is_named_in_one_line_with_an_exit_code(string command, string line, int exitCode)
    {
        var result = await RunAsync(command.Split(' '));
        Assert.Contains(line, result.Errors, StringComparison.Ordinal);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal("", result.Output); // not even the head of a table
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal); // no stack traces
    }

    [Fact]
    public async Task An_unanswered_change_says_how_to_repeat_it_safely_and_a_question_has_no_outcome()
    {
        var result = await RunAsync("ctl", "room", "create", "r", "--request-id", "my-id", "--timeout", "0.5", "--server", NobodyThere);
        Assert.Contains("--request-id my-id", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("--request-id", (await RunAsync("ctl", "room", "list", "--timeout", "0.5", "--server", NobodyThere)).Errors,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_come_from_the_environment_and_unknown_ones_are_refused()
    {
        using var process = CliProcess.Start(["media", "--dev"], _directory,
            new Dictionary<string, string> { ["VIDEOSCALE__MediaNode__NodeId"] = "no good" });
        await process.WaitForExitAsync(TimeSpan.FromSeconds(60));
        Assert.Contains("MediaNode:NodeId is \"no good\"", process.Errors, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(_directory, "appsettings.json"), """{ "MediaNode": { "NodeName": "media-1" } }""");
        var unknown = await RunAsync("media", "--dev");
        Assert.Contains("NodeName", unknown.Errors, StringComparison.Ordinal);
        Assert.Equal(2, unknown.ExitCode);
    }

    [Fact]
    public async Task Certificates_are_made_once_and_never_overwritten()
    {
        Assert.Equal(0, (await RunAsync("control", "init", "--replicas", "10.0.0.1:8080:7980,10.0.0.2:8080:7980,10.0.0.3:8080:7980",
            "--out", "cluster")).ExitCode);
        Assert.Equal(1, (await RunAsync("control", "init", "--replicas", "10.0.0.1:8080:7980", "--out", "cluster")).ExitCode);
        var made = await RunAsync("certs", "--cluster", "cluster", "--node", "media-1=10.0.0.4", "--user", "ops=admin");
        Assert.Equal(0, made.ExitCode);
        foreach (var name in new[] { "ca", "replica-1", "replica-2", "replica-3", "media-1", "ops" })
        {
            Assert.Contains($"{name}.pem", made.Output, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(_directory, "certs", name + ".pem")));
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite,
                    File.GetUnixFileMode(Path.Combine(_directory, "certs", name + ".key")));
        }
        var before = await File.ReadAllTextAsync(Path.Combine(_directory, "certs", "ops.key"));
        var again = await RunAsync("certs", "--cluster", "cluster", "--user", "ops=admin");
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("nothing was made", again.Errors, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(_directory, "certs", "ops.key")));
        Assert.Equal(0, (await RunAsync("certs", "--cluster-id", "ignored-beside-cluster", "--cluster", "cluster", "--user", "eve=viewer",
            "--out", "other")).ExitCode);
    }
}
