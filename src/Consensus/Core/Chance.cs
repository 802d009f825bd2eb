namespace VideoScale.Consensus.Core;

/// <summary>The core's chance: SplitMix64 from a seed that comes in from outside, so that a run can be repeated.</summary>
internal struct Chance(ulong seed)
{
    private ulong _state = seed;

    /// <returns>A number in [0, bound).</returns>
    public int Below(int bound) => (int)(Next() % (ulong)bound);

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
}
