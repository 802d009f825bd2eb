using VideoScale.Harness.Processes;

namespace VideoScale.DotNext.Tests;

/// <summary>What the command line refuses, in one line that says what to do.</summary>
public sealed class Refusals : IDisposable
{
    private const int BadConfiguration = 78, DataDirectory = 74, Refused = 1;
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("videoscale-refusals-");

    [Fact]
    public async Task An_engine_that_is_not_there_or_loses_what_it_acknowledged()
    {
        var replica = await MakeAsync();
        var unknown = await CliProcess.RunAsync(["control", "--dev", "--data", replica, "--engine", "other"]);
        Assert.Equal(BadConfiguration, unknown.ExitCode);
        Assert.Contains("Engine: \"other\" is not one of native | dotnext | etcd", unknown.Errors, StringComparison.Ordinal);
        var plain = await CliProcess.RunAsync(["control", "--dev", "--data", replica, "--engine", "dotnext-plain"]);
        Assert.Equal(BadConfiguration, plain.ExitCode);
        Assert.Contains("loses acknowledged writes", plain.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_of_another_engine_and_a_recovery_that_there_is_not()
    {
        var replica = await MakeAsync();
        var identity = Path.Combine(replica, "identity.json");
        var named = (await File.ReadAllTextAsync(identity))
            .Replace("\"format_version\": 1", "\"format_version\": 2", StringComparison.Ordinal)
            .Replace("\"member_id\"", "\"engine\": \"dotnext\",\n  \"member_id\"", StringComparison.Ordinal);
        await File.WriteAllTextAsync(identity, named);
        var ours = await CliProcess.RunAsync(["control", "--dev", "--data", replica, "--engine", "native"]);
        Assert.Equal(DataDirectory, ours.ExitCode);
        Assert.Contains("holds a log of the engine \"dotnext\", not of \"native\": start it with --engine dotnext", ours.Errors,
            StringComparison.Ordinal);
        Directory.CreateDirectory(Path.Combine(replica, "dotnext"));
        var recovery = await CliProcess.RunAsync(["control", "recover", "--data", replica, "--yes"]);
        Assert.Equal(Refused, recovery.ExitCode);
        Assert.Contains("the engine \"dotnext\" has no way to make a survivor the only voter", recovery.Errors, StringComparison.Ordinal);
    }

    public void Dispose() => _root.Delete(recursive: true);

    private async Task<string> MakeAsync()
    {
        var root = Path.Combine(_root.FullName, "cluster");
        var made = await CliProcess.RunAsync(["control", "init", "--replicas", "127.0.0.1:18080:17980:17880", "--out", root]);
        Assert.Equal(0, made.ExitCode);
        return Path.Combine(root, "replica-1");
    }
}
