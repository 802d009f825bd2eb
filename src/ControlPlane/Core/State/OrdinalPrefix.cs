namespace VideoScale.ControlPlane.State;

/// <summary>The beginning of a name as one number, so that most comparisons of names need not look at the names.</summary>
/// <remarks>
/// A smaller number means a name that comes before in ordinal order; equal ones say nothing. A byte for each of the first 16 characters;
/// it ends with the first that no byte below 255 holds, since what comes after that one would be compared too early.
/// </remarks>
internal static class OrdinalPrefix
{
    private const int Characters = 16;

    public static UInt128 Of(string name)
    {
        var prefix = UInt128.Zero;
        var length = Math.Min(name.Length, Characters);
        for (var i = 0; i < length; i++)
        {
            var character = name[i];
            prefix |= (UInt128)Math.Min(byte.MaxValue, character) << (8 * (Characters - 1 - i));
            if (character >= byte.MaxValue) break;
        }
        return prefix;
    }
}
