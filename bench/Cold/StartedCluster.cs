using System.Diagnostics;
using VideoScale.Harness;
using VideoScale.Harness.Processes;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Cold;

/// <summary><c>./videoscale up</c> in a directory of its own, from its first moment.</summary>
internal sealed class StartedCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly CliProcess _up;
    private readonly string _directory;

    private StartedCluster(CliProcess up, string directory, int basePort)
    {
        (_up, _directory) = (up, directory);
        SignalUrl = $"ws://127.0.0.1:{basePort}";
        GrpcAddresses = [.. Enumerable.Range(0, 3).Select(i => $"127.0.0.1:{basePort + 100 + i}")];
    }

    /// <summary>What a person types.</summary>
    internal static string Wrapper { get; } = Repository.Path("videoscale");

    /// <summary>As in a person's shell: the wrapper finds the runtime by itself.</summary>
    internal static IReadOnlyDictionary<string, string> Shell { get; } = new Dictionary<string, string> { ["DOTNET_ROOT"] = "" };

    /// <summary>What the wrapper runs.</summary>
    internal static string Program { get; } = Repository.Path(".build", "cli", "VideoScale.Cli");

    internal string SignalUrl { get; }
    internal IReadOnlyList<string> GrpcAddresses { get; }
    internal string Log => _up.Output + _up.Errors;

    internal static async Task BuildAsync()
    {
        var built = await CliProcess.RunAsync(["--version"], limit: TimeSpan.FromMinutes(10), program: Wrapper);
        if (built.ExitCode != 0) throw new InvalidOperationException($"./videoscale cannot be built: {built.Errors}");
    }

    internal static async Task<StartedCluster> StartAsync(int basePort, Samples samples)
    {
        var directory = Directory.CreateTempSubdirectory("videoscale-cold-").FullName;
        var began = Stopwatch.GetTimestamp();
        string[] words = ["up", "--base-port", $"{basePort}", "--data", Path.Combine(directory, "data"), "--loopback-only"];
        var cluster = new StartedCluster(CliProcess.Start(words, directory, Shell, program: Wrapper), directory, basePort);
        try
        {
            while (!cluster._up.Output.Contains("Ctrl-C stops everything.", StringComparison.Ordinal))
            {
                if (cluster._up.HasExited || Stopwatch.GetElapsedTime(began) > Patience)
                    throw new InvalidOperationException($"up did not become ready: {cluster.Log}");
                await Task.Delay(2);
            }
            samples.Add("up: started to ready", Stopwatch.GetElapsedTime(began).TotalSeconds, "s", Better.Lower);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _up.Interrupt();
        await _up.WaitForExitAsync(Patience);
        _up.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
