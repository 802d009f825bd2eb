using System.Runtime.InteropServices;

namespace VideoScale.Harness.Processes;

/// <summary>kill(2): what the harness does to processes it started.</summary>
internal static partial class Signals
{
    internal const int HangUp = 1;
    internal const int Interrupt = 2;
    internal const int Kill = 9;
    internal const int Terminate = 15;
    internal const int Continue = 18;
    internal const int Stop = 19;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int pid, int signal);

    internal static void SendTo(int pid, int signal) => _ = Send(pid, signal);
}
