using System.Runtime.InteropServices;

namespace VideoScale.Harness.Processes;

/// <summary>kill(2): what the harness does to processes it started.</summary>
public static partial class Signals
{
    private static readonly TimeSpan FreezeLimit = TimeSpan.FromSeconds(30);

    public const int HangUp = 1;
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int pid, int signal);

    public static void SendTo(int pid, int signal) => _ = Send(pid, signal);

    /// <summary>SIGSTOP. When this returns none of the process's threads runs any more: what it did, it did before.</summary>
    /// <exception cref="TimeoutException">Some still run.</exception>
    public static void Freeze(int pid)
    {
        SendTo(pid, Stop);
        if (!SpinWait.SpinUntil(() => IsFrozen(pid), FreezeLimit)) throw new TimeoutException($"{pid} still runs after SIGSTOP");
    }

    /// <summary>Stopped or gone.</summary>
    public static bool IsFrozen(int pid)
    {
        try { return Directory.EnumerateDirectories($"/proc/{pid}/task").All(IsStopped); }
        catch (DirectoryNotFoundException) { return true; }
    }

    /// <summary>Stopped, and there.</summary>
    public static bool IsSuspended(int pid) => IsFrozen(pid) && StateOf($"/proc/{pid}") == 'T';

    private static bool IsStopped(string thread) => StateOf(thread) is null or 'T' or 'Z';

    /// <returns>Null when it has ended.</returns>
    private static char? StateOf(string directory)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            return stat[stat.LastIndexOf(')') + 2]; // the state stands after the name, which may have spaces
        }
        catch (IOException) { return null; }
    }
}
