using System.Diagnostics;

namespace VideoScale.Harness.Links;

/// <summary>Runs this program again in network, mount and pid namespaces of its own: when it ends, all it started has ended.</summary>
public static class Namespaced
{
    private const string Mark = "VIDEOSCALE_CHAOS_NAMESPACED";

    public static bool IsInside => Environment.GetEnvironmentVariable(Mark) == "1";

    public static int Reenter(string[] commandLine)
    {
        var start = new ProcessStartInfo("unshare");
        foreach (var word in (string[])["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", Environment.ProcessPath!])
            start.ArgumentList.Add(word);
        // Started as `dotnet program.dll …` the host needs the program's path again; started as its own executable it does not.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(commandLine[0]);
        foreach (var argument in commandLine.Skip(1)) start.ArgumentList.Add(argument);
        start.Environment[Mark] = "1";
        using var process = Process.Start(start) ?? throw new InvalidOperationException("cannot start unshare: apt-get install util-linux");
        process.WaitForExit();
        return process.ExitCode;
    }
}
