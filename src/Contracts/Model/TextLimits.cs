using System.Text;

namespace VideoScale.Model;

/// <summary>
/// How long the texts may be that LiveKit's clients, tokens and backends bring, in bytes of UTF-8; checked wherever one enters.
/// </summary>
/// <remarks>
/// Source: the defaults of LiveKit's server (limit: in its configuration). It measures each update of attributes alone; we measure what
/// they come to.
/// </remarks>
public static class TextLimits
{
    public const int MaxMetadataBytes = 512 * 1024;
    public const int MaxAttributesBytes = 64 * 1024;
    public const int MaxIdentityBytes = 256;
    public const int MaxParticipantNameBytes = 256;

    /// <summary>Why somebody was removed, in characters.</summary>
    public const int MaxReasonLength = 256;

    /// <summary>A message on the signalling socket.</summary>
    public const int MaxSignalMessageBytes = 2 << 20;

    /// <summary>The body of a call of the server API.</summary>
    public const int MaxApiBodyBytes = 10 << 20;

    /// <summary>The beginning of a text that is too long, without half a character at its end.</summary>
    public static string Cut(string text, int maxLength) =>
        text.Length <= maxLength ? text : text[..(char.IsHighSurrogate(text[maxLength - 1]) ? maxLength - 1 : maxLength)];

    /// <summary>As much of a text that breaks a rule as its refusal repeats.</summary>
    public static string Shown(string text) => text.Length <= MaxShown ? text : Cut(text, MaxShown) + "…";

    private const int MaxShown = 80;

    public static int BytesOf(string text) => Encoding.UTF8.GetByteCount(text);

    /// <summary>Keys and values together.</summary>
    public static int BytesOf(IEnumerable<KeyValuePair<string, string>> attributes)
    {
        var total = 0L;
        foreach (var (key, value) in attributes) total += BytesOf(key) + BytesOf(value);
        return (int)Math.Min(total, int.MaxValue);
    }

    /// <summary>Null when a participant may be called that.</summary>
    public static Failure? CheckParticipantName(string name) => Check("name", BytesOf(name), MaxParticipantNameBytes);

    public static Failure? CheckIdentity(string identity) => Check("identity", BytesOf(identity), MaxIdentityBytes);

    public static Failure? CheckMetadata(string metadata) => Check("metadata", BytesOf(metadata), MaxMetadataBytes);

    public static Failure? CheckAttributes(IEnumerable<KeyValuePair<string, string>> attributes) =>
        Check("attributes", BytesOf(attributes), MaxAttributesBytes);

    private static Failure? Check(string what, int bytes, int most) =>
        bytes <= most ? null : Failure.InvalidArgument($"{what}: {bytes} bytes exceed the limit of {most}");
}
