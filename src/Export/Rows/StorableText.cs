using System.Text;

namespace VideoScale.Export.Rows;

/// <summary>
/// PostgreSQL's texts and jsonb hold every character but U+0000: in its place they get U+FFFD. The record beside them holds what was said.
/// </summary>
internal static class StorableText
{
    private const char Replacement = '\ufffd';

    internal static string Of(string text) => text.Replace('\0', Replacement);

    /// <summary>In JSON the character is an escape; a backslash before one is none.</summary>
    internal static string OfJson(string json)
    {
        const string Escape = "\\u0000";
        if (!json.Contains(Escape, StringComparison.Ordinal)) return json;
        var text = new StringBuilder(json.Length);
        for (var i = 0; i < json.Length; i++)
        {
            if (json[i] != '\\') text.Append(json[i]);
            else if (json.AsSpan(i).StartsWith(Escape, StringComparison.Ordinal))
            {
                text.Append(Replacement);
                i += Escape.Length - 1;
            }
            else text.Append(json[i]).Append(json[++i]);
        }
        return text.ToString();
    }
}
