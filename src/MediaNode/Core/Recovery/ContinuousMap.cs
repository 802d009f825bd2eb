namespace VideoScale.MediaNode.Recovery;

/// <summary>
/// Renumbers a sequence so that what is left out leaves no hole: packets between two sources, or dropped on purpose, close up.
/// </summary>
/// <remarks>
/// Works on extended numbers; keeps the last changes of shift, so that a late packet gets the number it would have had in order.
/// </remarks>
public sealed class ContinuousMap
{
    private const int MaxRanges = 64;
    private readonly Range[] _ranges = new Range[MaxRanges];
    private int _count;

    private struct Range
    {
        public long Start;
        public long Shift;
        public bool Dropped;
    }

    public bool Started { get; private set; }
    /// <summary>The highest input mapped or dropped.</summary>
    public long Highest { get; private set; }
    /// <summary>The highest output given.</summary>
    public long HighestOutput { get; private set; }

    /// <summary>From <paramref name="input"/> on, outputs go on where they stopped; what came before it is no longer mapped.</summary>
    public void Restart(long input, long firstOutput)
    {
        if (!Started) HighestOutput = firstOutput - 1;
        Started = true;
        _count = 0;
        Push(new Range { Start = input, Shift = HighestOutput + 1 - input });
        Highest = input - 1;
    }

    public bool TryMap(long input, out long output)
    {
        output = 0;
        if (!Started) return false;
        if (input > Highest)
        {
            if (Newest.Dropped) Push(new Range { Start = Highest + 1, Shift = Newest.Shift });
            Highest = input;
            output = input + Newest.Shift;
            HighestOutput = output;
            return true;
        }
        for (var i = _count - 1; i >= Math.Max(0, _count - MaxRanges); i--)
        {
            ref var range = ref _ranges[i % MaxRanges];
            if (input < range.Start) continue;
            output = input + range.Shift;
            return !range.Dropped;
        }
        return false;
    }

    /// <summary>Leaves an input out. A late one cannot close up any more: its number stays unused.</summary>
    public void Drop(long input)
    {
        if (!Started || input <= Highest) return;
        if (input > Highest + 1 && Newest.Dropped) Push(new Range { Start = Highest + 1, Shift = Newest.Shift });
        if (Newest.Dropped) Newest.Shift--;
        else Push(new Range { Start = input, Shift = Newest.Shift - 1, Dropped = true });
        Highest = input;
    }

    private ref Range Newest => ref _ranges[(_count - 1) % MaxRanges];

    private void Push(in Range range)
    {
        if (_count == int.MaxValue - 1) _count = MaxRanges * 2 + _count % MaxRanges; // keeps the place in the ring
        _ranges[_count % MaxRanges] = range;
        _count++;
    }
}
