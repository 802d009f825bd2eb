using System.ComponentModel;
using System.Diagnostics;

namespace VideoScale.Harness.Results;

/// <summary>The commit that the sources stand at, and whether they differ from it; null outside a repository.</summary>
public sealed record SourceState(string? Commit, bool? Dirty)
{
    public static SourceState Read()
    {
        if (Git("rev-parse", "--short=10", "HEAD") is not { } commit) return new(null, null);
        // Figures that an earlier run wrote are no change of what is measured.
        return new(commit, Git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results") is not "");
    }

    /// <returns>What it said, or null when it failed or is not there.</returns>
    public static string? Git(params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo("git")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.Root,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        try
        {
            using var git = Process.Start(start)!;
            git.ErrorDataReceived += static (_, _) => { };
            git.BeginErrorReadLine();
            var said = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0 ? said.TrimEnd() : null;
        }
        catch (Win32Exception) { return null; }
    }
}
