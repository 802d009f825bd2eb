namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>A wall clock that a test sets wrong. What elapses stays right, as on a machine whose clock is set.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long _offTicks;

    internal TimeSpan Off
    {
        get => new(Interlocked.Read(ref _offTicks));
        set => Interlocked.Exchange(ref _offTicks, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Off;
}
