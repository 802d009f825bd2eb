namespace VideoScale.Consensus;

/// <summary>
/// A replica's identity: a random incarnation made with its data directory, so a wiped member never comes back under its old identity.
/// </summary>
public readonly record struct MemberId(ulong Value) : IComparable<MemberId>
{
    public static MemberId None => default;
    public bool IsNone => Value == 0;
    public int CompareTo(MemberId other) => Value.CompareTo(other.Value);
    public override string ToString() => Value.ToString("x", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Makes a proposal exactly-once: a retry under the same id is applied at most once. Sequences of a session only grow.</summary>
public readonly record struct ProposalId(ulong Session, ulong Sequence)
{
    /// <summary>For entries that no session proposed (no-ops, configurations).</summary>
    public static ProposalId None => default;
}
