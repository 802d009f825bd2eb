using System.Runtime.InteropServices;

namespace VideoScale.ControlPlane.Host.Leader;

/// <summary>Milliseconds that also pass while the machine sleeps: .NET's own clocks stop in suspend, and a lease does not.</summary>
public abstract partial class LeaseClock
{
    public static LeaseClock Boot { get; } = new BootTime();

    public abstract long NowMs { get; }

    private sealed partial class BootTime : LeaseClock
    {
        private const int ClockBootTime = 7; // linux/time.h

        public override long NowMs
        {
            get
            {
                if (ClockGetTime(ClockBootTime, out var time) != 0) throw new InvalidOperationException($"clock_gettime(CLOCK_BOOTTIME) failed: errno {Marshal.GetLastPInvokeError()}");
                return time.Seconds * 1000 + time.Nanoseconds / 1_000_000;
            }
        }

        [StructLayout(LayoutKind.Sequential)]
        private struct TimeSpec
        {
            public long Seconds;
            public long Nanoseconds;
        }

        [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
        private static partial int ClockGetTime(int clock, out TimeSpec time);
    }
}
