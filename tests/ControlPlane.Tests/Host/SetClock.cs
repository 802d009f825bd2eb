using VideoScale.ControlPlane.Host.Clocks;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>What elapses for leases, as a test says.</summary>
internal sealed class SetClock : LeaseClock
{
    private long _nowMs = 1_000_000;
    public override long NowMs => Interlocked.Read(ref _nowMs);
    internal void Pass(long milliseconds) => Interlocked.Add(ref _nowMs, milliseconds);
}
