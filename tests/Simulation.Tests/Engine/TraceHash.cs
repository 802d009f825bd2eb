namespace VideoScale.Simulation.Engine;

/// <summary>Folds everything that happens in a run into one number: two runs with the same number went the same way.</summary>
internal struct TraceHash
{
    private ulong _value;

    public readonly ulong Value => _value;

    public void Add(ulong what)
    {
        unchecked
        {
            _value = (_value ^ what) * 0x9FB21C651E98DF25;
            _value ^= _value >> 29;
        }
    }
}
