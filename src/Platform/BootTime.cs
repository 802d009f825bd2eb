using System.ComponentModel;
using System.Runtime.InteropServices;

namespace VideoScale.Platform;

/// <summary>
/// Time since boot, time in suspend included (CLOCK_BOOTTIME). Stopwatch stands on CLOCK_MONOTONIC, which stops in suspend: a laptop that
/// wakes would think that its lease still runs.
/// </summary>
public static partial class BootTime
{
    private const int ClockBootTime = 7; // linux/time.h
    private const long NsPerSecond = 1_000_000_000;
    private const long NsPerMs = 1_000_000;

    public static long NowNs
    {
        get
        {
            if (ClockGetTime(ClockBootTime, out var now) != 0)
                throw new Win32Exception(Marshal.GetLastPInvokeError(), "clock_gettime(CLOCK_BOOTTIME) failed");
            return checked((now.Seconds * NsPerSecond) + now.Nanoseconds);
        }
    }

    public static long NowMs => NowNs / NsPerMs;

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockGetTime(int clock, out TimeSpec now);
}
