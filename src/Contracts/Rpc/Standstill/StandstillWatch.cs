using System.Diagnostics;

namespace VideoScale.Rpc;

/// <summary>A time in which a process did not run although it wanted to.</summary>
/// <param name="InCollections">How much of it garbage collections took.</param>
public readonly record struct Standstill(TimeSpan Lasted, TimeSpan InCollections)
{
    /// <summary>The process made it itself, rather than the machine.</summary>
    public bool IsOfCollections => InCollections > Lasted / 2;
}

/// <summary>
/// A thread that wants to run every 50 ms and sees by how much it was late: starved of CPU, frozen, or waiting for memory.
/// </summary>
public sealed class StandstillWatch : IDisposable
{
    /// <summary>The shortest silence after which a replica's followers elect another leader.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(1);
    private readonly Action<Standstill> _seen;
    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _thread;

    /// <param name="seen">Called on the watch's own thread.</param>
    public StandstillWatch(Action<Standstill> seen)
    {
        _seen = seen;
        _thread = new Thread(Run) { IsBackground = true, Name = "standstill-watch" };
        _thread.Start();
    }

    /// <summary>What a wait that should have lasted a period says; null: nothing of note.</summary>
    internal static Standstill? Of(TimeSpan waited, TimeSpan inCollections) =>
        waited - Period is var late && late >= Least ? new Standstill(late, inCollections) : null;

    public void Dispose()
    {
        _ended.Set();
        if (_thread.Join(EndWithin)) _ended.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            var (began, collected) = (Stopwatch.GetTimestamp(), GC.GetTotalPauseDuration());
            if (_ended.Wait(Period)) return;
            if (Of(Stopwatch.GetElapsedTime(began), GC.GetTotalPauseDuration() - collected) is { } stood) _seen(stood);
        }
    }
}
