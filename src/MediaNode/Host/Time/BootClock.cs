using System.ComponentModel;
using System.Runtime.InteropServices;

namespace VideoScale.MediaNode.Host.Time;

/// <summary>Nanoseconds since boot, time in suspend included; leases are counted on it.</summary>
public interface IBootClock
{
    long NowNs { get; }
}

/// <summary>CLOCK_BOOTTIME. Stopwatch stands on CLOCK_MONOTONIC, which stops in suspend: a laptop that wakes would think its lease still runs.</summary>
public sealed partial class BootClock : IBootClock
{
    private const int ClockBoottime = 7; // <linux/time.h>
    private const long NsPerSecond = 1_000_000_000;

    public long NowNs
    {
        get
        {
            if (ClockGetTime(ClockBoottime, out var now) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError(), "clock_gettime(CLOCK_BOOTTIME) failed");
            return checked(now.Seconds * NsPerSecond + now.Nanoseconds);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockGetTime(int clock, out TimeSpec now);
}
