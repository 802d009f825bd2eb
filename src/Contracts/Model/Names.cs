using System.Buffers;

namespace VideoScale.Model;

/// <summary>The rule every name chosen by a user follows: 1 to 64 of <c>A-Z a-z 0-9 . _ -</c>, not starting with a dot or dash.</summary>
public static class NameRule
{
    public const int MaxLength = 64;
    public const string Text = "1 to 64 characters of A-Z a-z 0-9 . _ -, starting with a letter, digit or underscore";

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    public static bool Accepts(string? value)
    {
        if (string.IsNullOrEmpty(value) || value.Length > MaxLength || value[0] is '.' or '-') return false;
        return value.AsSpan().IndexOfAnyExcept(Allowed) < 0;
    }

    public static Failure? Check(string field, string? value) =>
        Accepts(value) ? null : Failure.InvalidArgument($"{field}: \"{TextLimits.Shown(value ?? "")}\" breaks the rule: {Text}");
}

public readonly record struct RoomId(string Value) : IComparable<RoomId>
{
    public int CompareTo(RoomId other) => string.CompareOrdinal(Value, other.Value);
    public override string ToString() => Value;
}

/// <summary>The name of a media node, chosen by its operator; a process of that name is an incarnation.</summary>
public readonly record struct NodeId(string Value) : IComparable<NodeId>
{
    public bool IsNone => string.IsNullOrEmpty(Value);
    public int CompareTo(NodeId other) => string.CompareOrdinal(Value, other.Value);
    public override string ToString() => Value;
}

/// <summary>A participant's identity inside a room (LiveKit's term).</summary>
public readonly record struct ParticipantIdentity(string Value) : IComparable<ParticipantIdentity>
{
    public int CompareTo(ParticipantIdentity other) => string.CompareOrdinal(Value, other.Value);
    public override string ToString() => Value;
}
