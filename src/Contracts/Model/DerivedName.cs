using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace VideoScale.Model;

/// <summary>
/// What stands for a text that <see cref="NameRule"/> refuses: a name made of its digest. Two texts never share one, but by a collision of
/// SHA-256.
/// </summary>
public static class DerivedName
{
    public const string Prefix = "_x";
    private const int DigestOctets = 24;
    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    public static string Of(string text) =>
        Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, DigestOctets));

    /// <summary>Whether the text has the form of a name that stands for another text.</summary>
    public static bool HasForm(string text) =>
        text.Length == Prefix.Length + 2 * DigestOctets && text.StartsWith(Prefix, StringComparison.Ordinal)
            && text.AsSpan(Prefix.Length).IndexOfAnyExcept(Hex) < 0;
}
