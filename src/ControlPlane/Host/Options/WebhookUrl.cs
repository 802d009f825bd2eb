using System.Security.Cryptography;
using System.Text;

namespace VideoScale.ControlPlane.Host.Options;

/// <summary>A receiver's URL: where requests go, by which name it is known, and how it may be shown.</summary>
/// <param name="Id">Derived from the whole of it.</param>
/// <param name="Shown">Without its query, in which receivers keep secrets.</param>
internal sealed record WebhookUrl(Uri Address, string Id, string Shown)
{
    internal const int MaxLength = 2_048;
    private const int MaxShownLength = 512;
    internal const string Rule = "http://HOST[:PORT][/PATH] or https://…, absolute, without user and password, at most 2,048 characters";

    /// <returns>Null when it breaks the rule.</returns>
    internal static WebhookUrl? TryParse(string text)
    {
        if (text.Length > MaxLength || !Uri.TryCreate(text, UriKind.Absolute, out var address)) return null;
        if (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps) return null;
        if (address.Host.Length == 0 || address.UserInfo.Length > 0 || address.Fragment.Length > 0) return null;
        var id = "wh-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address.AbsoluteUri)).AsSpan(0, 6));
        return new(address, id, Show(address.GetLeftPart(UriPartial.Path)));
    }

    /// <summary>What may be shown of a text that is meant to be one.</summary>
    internal static string Show(string text)
    {
        var end = text.AsSpan().IndexOfAny('?', '#');
        var shown = end >= 0 ? text[..end] : text;
        var (scheme, at) = (shown.IndexOf("://", StringComparison.Ordinal), shown.LastIndexOf('@'));
        if (at >= 0) shown = (scheme >= 0 && scheme < at ? shown[..(scheme + 3)] : "") + "…" + shown[at..];
        return shown.Length <= MaxShownLength ? shown : shown[..(MaxShownLength - 1)] + "…";
    }
}
