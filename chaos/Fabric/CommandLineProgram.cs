using System.Diagnostics;

namespace VideoScale.Chaos.Fabric;

/// <summary>Finds and runs the <c>videoscale</c> command that was built beside this harness.</summary>
public static class CommandLineProgram
{
    private const string Override = "VIDEOSCALE_CLI";

    public static string Path { get; } = Find();

    public static Task<(int ExitCode, string Output)> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        RunAsync(Path, arguments, cancellationToken);

    public static async Task<(int ExitCode, string Output)> RunAsync(string program, IReadOnlyList<string> arguments,
        CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {program}");
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, await output + await error);
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable(Override) is { Length: > 0 } chosen) return chosen;
        var configuration =
            AppContext.BaseDirectory.Contains($"{System.IO.Path.DirectorySeparatorChar}Debug{System.IO.Path.DirectorySeparatorChar}",
            StringComparison.Ordinal) ? "Debug" : "Release";
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (!File.Exists(System.IO.Path.Combine(directory.FullName, "VideoScale.sln"))) continue;
            var built = System.IO.Path.Combine(directory.FullName, "src", "Cli", "bin", configuration, "net10.0", "VideoScale.Cli");
            return File.Exists(built) ? built : throw new FileNotFoundException($"{built} is not built: run ./dev build");
        }
        throw new FileNotFoundException($"the videoscale command is not beside this harness: name it in {Override}");
    }
}
