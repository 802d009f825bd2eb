using System.Runtime.InteropServices;

namespace VideoScale.Harness.Processes;

/// <summary>kill(2): what the harness does to processes it started.</summary>
public static partial class Signals
{
    public const int HangUp = 1;
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int pid, int signal);

    public static void SendTo(int pid, int signal) => _ = Send(pid, signal);
}
