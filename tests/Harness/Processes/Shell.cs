using System.Diagnostics;

namespace VideoScale.Harness.Processes;

/// <summary>Runs a system tool and fails loudly with what it said.</summary>
public static class Shell
{
    public static string Run(string file, params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo(file) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {file}");
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException(
                $"{file} {string.Join(' ', start.ArgumentList)}: exit {process.ExitCode}: {error.Result.Trim()} {output.Trim()}");
        return output;
    }
}
