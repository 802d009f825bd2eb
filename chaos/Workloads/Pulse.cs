namespace VideoScale.Chaos.Workloads;

/// <summary>
/// All clients call at once, as hard as they can, for a part of each period, and rest for the others: faults meet a full load on a machine
/// that has other work as well.
/// </summary>
/// <param name="busy">Hundredths of the time in which they call; 100: always.</param>
public sealed class Pulse(int busy)
{
    private const long PeriodMs = 500;

    public async ValueTask BeatsAsync()
    {
        var into = Environment.TickCount64 % PeriodMs;
        if (into * 100 >= busy * PeriodMs) await Task.Delay((int)(PeriodMs - into), CancellationToken.None);
    }
}
