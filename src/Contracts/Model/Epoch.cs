using System.Globalization;

namespace VideoScale.Model;

/// <summary>
/// One ownership of one room: (recovery generation, event_seq of the assignment). Unique and only grows.
/// On the wire one <c>uint64</c> with the generation in the top 16 bits.
/// </summary>
public readonly record struct Epoch(ulong Value) : IComparable<Epoch>
{
    private const int SequenceBits = 48;
    private const ulong SequenceMask = (1UL << SequenceBits) - 1;

    public static Epoch None => default;

    /// <param name="generation">Rises at each offline recovery from permanent quorum loss.</param>
    /// <param name="eventSeq">The event_seq of the assignment; below 2^48.</param>
    public static Epoch Of(ushort generation, ulong eventSeq)
    {
        Invariant.Require(eventSeq is > 0 and <= SequenceMask, "an epoch's event_seq fits in 48 bits and is not zero");
        return new(((ulong)generation << SequenceBits) | eventSeq);
    }

    public bool IsNone => Value == 0;
    public ushort Generation => (ushort)(Value >> SequenceBits);
    public ulong EventSeq => Value & SequenceMask;
    public int CompareTo(Epoch other) => Value.CompareTo(other.Value);
    public static bool operator <(Epoch a, Epoch b) => a.Value < b.Value;
    public static bool operator >(Epoch a, Epoch b) => a.Value > b.Value;
    public static bool operator <=(Epoch a, Epoch b) => a.Value <= b.Value;
    public static bool operator >=(Epoch a, Epoch b) => a.Value >= b.Value;

    /// <summary>Stands in refusals that are kept as answers, hence in the state that replicas compare: it stays as it is.</summary>
    public override string ToString() => IsNone ? "none" : $"{Generation}.{EventSeq}";

    /// <returns>Null when the text is neither what <see cref="ToString"/> makes nor the number on the wire.</returns>
    public static Epoch? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)) return new(value);
        var parts = text.Split('.');
        return parts.Length == 2 && ushort.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var generation)
            && ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var seq) && seq is > 0 and <= SequenceMask
                ? Of(generation, seq) : null;
    }
}
