using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace VideoScale.Model;

/// <summary>
/// What a room is called by those who use it: any text of 1 to 256 octets. Streams, files and requests name it by an id that follows <see cref="NameRule"/>:
/// the name itself where it does so too, else a digest of it.
/// </summary>
public static class RoomName
{
    public const int MaxOctets = 256;
    public const string Text = "1 to 256 octets of UTF-8";
    private const string Prefix = "_x";
    private const int DigestOctets = 24;
    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    /// <summary>Two names never share an id, but by a collision of SHA-256: what looks like the digest of another name is digested too.</summary>
    public static RoomId IdOf(string name)
    {
        if (NameRule.Accepts(name) && !LooksDerived(name)) return new(name);
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(name));
        return new(Prefix + Convert.ToHexStringLower(digest.AsSpan(0, DigestOctets)));
    }

    /// <summary>Whether the text has the form of an id that stands for another name.</summary>
    public static bool LooksDerived(string text) =>
        text.Length == Prefix.Length + 2 * DigestOctets && text.StartsWith(Prefix, StringComparison.Ordinal) && text.AsSpan(Prefix.Length).IndexOfAnyExcept(Hex) < 0;

    /// <summary>The room that a request means: by its id, or by its name where that is none.</summary>
    public static RoomId Find(string idOrName) => NameRule.Accepts(idOrName) ? new(idOrName) : IdOf(idOrName);

    public static Failure? Check(string field, string name) => name.Length > 0 && name.Length <= MaxOctets && Encoding.UTF8.GetByteCount(name) <= MaxOctets ? null
        : Failure.InvalidArgument($"{field}: \"{Shown(name.Length <= 80 ? name : name[..80] + "…")}\" breaks the rule: {Text}");

    /// <summary>For lines that people read: no character of it moves their cursor.</summary>
    public static string Shown(string name) => name.Any(char.IsControl) ? string.Concat(name.Select(static c => char.IsControl(c) ? '\uFFFD' : c)) : name;
}
