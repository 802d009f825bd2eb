using System.Runtime.InteropServices;

namespace VideoScale.MediaNode.Host.Tcp;

/// <summary>What only Linux tells of a connection.</summary>
internal static unsafe partial class TcpCalls
{
    private const ulong NotSent = 0x894B; // SIOCOUTQNSD, linux/sockios.h

    /// <summary>Octets that the kernel has taken and not put on the wire yet; 0 where it does not say.</summary>
    internal static int Unsent(int descriptor)
    {
        if (!OperatingSystem.IsLinux()) return 0;
        int octets;
        return ioctl(descriptor, NotSent, &octets) == 0 ? octets : 0;
    }

    [LibraryImport("libc")] private static partial int ioctl(int descriptor, ulong request, int* value);
}
