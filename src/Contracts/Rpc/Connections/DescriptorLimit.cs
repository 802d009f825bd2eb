using System.Runtime.InteropServices;

namespace VideoScale.Rpc;

/// <summary>How many files and sockets the process may have open: RLIMIT_NOFILE.</summary>
internal static partial class DescriptorLimit
{
    private const int OpenFiles = 7; // RLIMIT_NOFILE, sys/resource.h, the same on x64 and arm64
    private const long Unlimited = 1 << 20; // fs.nr_open's default: what "unlimited" comes to

    [StructLayout(LayoutKind.Sequential)]
    private struct Limits
    {
        public nuint Soft;
        public nuint Hard;
    }

    /// <summary>Raises the soft limit to the hard one, which needs no privilege.</summary>
    /// <returns>The limit that holds now.</returns>
    internal static long Raise()
    {
        if (!OperatingSystem.IsLinux() || Get(OpenFiles, out var limits) != 0) return Unlimited;
        var raised = limits with { Soft = limits.Hard };
        if (limits.Soft != limits.Hard && Set(OpenFiles, raised) == 0) limits = raised;
        return limits.Soft > (nuint)Unlimited ? Unlimited : (long)limits.Soft;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int Get(int resource, out Limits limits);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int Set(int resource, in Limits limits);
}
