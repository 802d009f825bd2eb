using VideoScale.Model;

namespace VideoScale.ControlPlane.Commands;

/// <summary>Rules for fields: a refusal names field, value and rule.</summary>
public static class Rules
{
    public const int MaxAddressLength = 255;

    /// <summary>Empty or a name.</summary>
    public static Failure? OptionalName(string field, string value) => value.Length == 0 ? null : NameRule.Check(field, value);

    public static Failure? InRange(string field, ulong value, ulong low, ulong high) =>
        value >= low && value <= high ? null : Failure.InvalidArgument($"{field}: {value} breaks the rule: {low} to {high}");

    public static Failure? MaxLength(string field, string value, int most) =>
        value.Length <= most ? null : Failure.InvalidArgument($"{field}: {value.Length} characters break the rule: at most {most}");

    public static Failure? MaxBytes(string field, int length, int most) =>
        length <= most ? null : Failure.InvalidArgument($"{field}: {length} bytes break the rule: at most {most}");

    /// <summary>host:port, the port 1 to 65535; an IPv6 host stands in brackets.</summary>
    public static Failure? Address(string field, string value)
    {
        var colon = value.LastIndexOf(':');
        var port = 0;
        var ok = value.Length <= MaxAddressLength && colon > 0 && colon < value.Length - 1 && value.Length - colon <= 6;
        for (var i = 0; ok && i < value.Length; i++)
        {
            if (i > colon)
            {
                ok = char.IsAsciiDigit(value[i]);
                if (ok) port = port * 10 + (value[i] - '0');
            }
            else ok = value[i] is > ' ' and < (char)127;
        }
        if (ok && port is > 0 and <= 65_535) return null;
        return Failure.InvalidArgument(
            $"{field}: \"{TextLimits.Shown(value)}\" breaks the rule: host:port, at most {MaxAddressLength} characters, "
            + $"port 1 to 65535");
    }
}
