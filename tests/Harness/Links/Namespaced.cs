using System.Diagnostics;
using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Links;

/// <summary>
/// Runs this program again in network, mount and pid namespaces of its own: when it ends, all it started has ended, and when whoever
/// started it
/// is killed it ends.
/// </summary>
public static class Namespaced
{
    private const string Mark = "VIDEOSCALE_CHAOS_NAMESPACED";
    private static readonly TimeSpan SayAgain = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A session of its own, so that a terminal's signals come to one place alone; the kernel kills it with the thread that started it, and
    /// what is inside with it.
    /// </summary>
    private static readonly string[] Words =
        ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

    public static bool IsInside => Environment.GetEnvironmentVariable(Mark) == "1";

    /// <summary>
    /// What every run inside needs: loopback, and that a disk which is unmounted here is so for processes in mount namespaces below as
    /// well.
    /// </summary>
    public static void Furnish()
    {
        Shell.Run("ip", "link", "set", "lo", "up");
        Shell.Run("mount", "--make-rshared", "/"); // unshare made all of it private: nothing leaves
    }

    /// <summary>Blocks the thread that called it, which must live as long.</summary>
    /// <param name="stop">Passed on as SIGTERM.</param>
    /// <returns>The exit code.</returns>
    public static int Reenter(string[] commandLine, CancellationToken stop = default)
    {
        var start = new ProcessStartInfo("setsid");
        foreach (var word in (string[])[.. Words, Environment.ProcessPath!]) start.ArgumentList.Add(word);
        // Started as `dotnet program.dll …` the host needs the program's path again; started as its own executable it does not.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(commandLine[0]);
        foreach (var argument in commandLine.Skip(1)) start.ArgumentList.Add(argument);
        start.Environment[Mark] = "1";
        using var process = Process.Start(start) ?? throw new InvalidOperationException("cannot start unshare: apt-get install util-linux");
        while (!process.WaitForExit(SayAgain))
        {
            // more than once: a program that has only just begun does not hear yet
            if (stop.IsCancellationRequested) foreach (var inside in ChildrenOf(process.Id)) Signals.SendTo(inside, Signals.Terminate);
        }
        return process.ExitCode;
    }

    /// <summary>What unshare has forked: the first process inside.</summary>
    private static IEnumerable<int> ChildrenOf(int pid)
    {
        try
        {
            return [.. File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ',
                StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
        }
        catch (IOException) { return []; } // it has ended
    }
}
