using VideoScale.Platform;

namespace VideoScale.ControlPlane.Host.Clocks;

/// <summary>Milliseconds that also pass while the machine sleeps: .NET's own clocks stop in suspend, and a lease does not.</summary>
public abstract class LeaseClock
{
    public static LeaseClock Boot { get; } = new OfBoot();

    public abstract long NowMs { get; }

    private sealed class OfBoot : LeaseClock
    {
        public override long NowMs => BootTime.NowMs;
    }
}
