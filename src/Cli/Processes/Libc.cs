using System.Runtime.InteropServices;

namespace VideoScale.Cli.Processes;

/// <summary>The few system calls .NET has no name for.</summary>
internal static partial class Libc
{
    internal const int SigTerm = 15;
    internal const int SigKill = 9;
    internal const int StandardOutput = 1;
    internal const int StandardError = 2;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    internal static partial int Dup(int descriptor);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    internal static partial int Dup2(int from, int to);
}
