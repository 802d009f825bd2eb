using System.Globalization;

namespace VideoScale.Harness.Processes;

/// <summary>The processes of this machine, by what stands in their command lines.</summary>
public static class ProcessTable
{
    /// <summary>Those whose command line has this in it; its words are parted by blanks.</summary>
    public static IReadOnlyList<(int Pid, string CommandLine)> With(string part) =>
    [
        .. from folder in Directory.EnumerateDirectories("/proc")
           where Path.GetFileName(folder).All(char.IsAsciiDigit)
           let line = CommandLineOf(folder)
           where line.Contains(part, StringComparison.Ordinal)
           select (int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture), line),
    ];

    private static string CommandLineOf(string folder)
    {
        try { return File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' '); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return ""; } // it has just ended, or is not ours
    }
}
