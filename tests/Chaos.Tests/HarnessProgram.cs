using System.Diagnostics;

namespace VideoScale.Chaos.Tests;

/// <summary>The harness as it was built beside these tests.</summary>
internal static class HarnessProgram
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    internal static string Path
    {
        get
        {
            var tests = new DirectoryInfo(AppContext.BaseDirectory);
            var (framework, configuration) = (tests.Name, tests.Parent!.Name);
            var root = tests.Parent.Parent!.Parent!.Parent!.Parent!.FullName;
            return System.IO.Path.Combine(root, "chaos", "bin", configuration, framework, "VideoScale.Chaos");
        }
    }

    internal static Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo(Path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    internal static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        return await EndAsync(process);
    }

    /// <summary>Waits for its end; it is killed when that does not come.</summary>
    internal static async Task<(int Code, string Output)> EndAsync(Process process)
    {
        using var patience = new CancellationTokenSource(Patience);
        var output = process.StandardOutput.ReadToEndAsync(patience.Token);
        var error = process.StandardError.ReadToEndAsync(patience.Token);
        try
        {
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
