namespace VideoScale.Simulation.Engine;

/// <summary>A run's chance: SplitMix64, so that a seed means the same on every machine and in every version.</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        unchecked
        {
            _state += 0x9E3779B97F4A7C15;
            var z = _state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    /// <returns>A number in [0, bound).</returns>
    public int Below(int bound) => (int)(((Next() >> 32) * (ulong)bound) >> 32);

    /// <returns>A number in [low, high].</returns>
    public int Between(int low, int high) => low + Below(high - low + 1);

    public bool OneIn(int many) => Below(many) == 0;

    public bool Hits(int perMille) => perMille > 0 && Below(1000) < perMille;

    public void Shuffle<T>(T[] items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    public T Of<T>(ReadOnlySpan<T> choices) => choices[Below(choices.Length)];
}
