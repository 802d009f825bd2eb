using System.Globalization;
using System.Text;

namespace VideoScale.Chaos.Linearizability;

/// <summary>
/// As much of Clojure's notation as histories need: maps, vectors, keywords, strings, whole numbers, true, false and nil.
/// </summary>
public static class Edn
{
    /// <summary>A keyword is text that begins with a colon; a text begins with a quotation mark.</summary>
    public static IEnumerable<object?> ReadAll(string text)
    {
        for (var at = Skip(text, 0); at < text.Length; at = Skip(text, at)) yield return Read(text, ref at);
    }

    public static string Quote(string text) => $"\"{text.Replace("\\",
        "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static object? Read(string text, ref int at)
    {
        at = Skip(text, at);
        if (at >= text.Length) throw new FormatException("it ends too soon");
        switch (text[at])
        {
            case '{':
                var map = new Dictionary<string, object?>();
                at++;
                foreach (var pair in List(text, ref at, '}').Chunk(2))
                    map[pair is [string key, _] ? key : throw new FormatException("a map has a key without a value, or none")] = pair[1];
                return map;
            case '[' or '(':
                var end = text[at++] == '[' ? ']' : ')';
                return List(text, ref at, end);
            case '"': return ReadText(text, ref at);
            default: return ReadWord(text, ref at);
        }
    }

    private static List<object?> List(string text, ref int at, char end)
    {
        var list = new List<object?>();
        for (at = Skip(text, at); at < text.Length && text[at] != end; at = Skip(text, at)) list.Add(Read(text, ref at));
        if (at >= text.Length) throw new FormatException($"{end} is missing");
        at++;
        return list;
    }

    private static string ReadText(string text, ref int at)
    {
        var read = new StringBuilder("\"");
        for (at++; at < text.Length && text[at] != '"'; at++) read.Append(text[at] == '\\' && at + 1 < text.Length ? text[++at] : text[at]);
        if (at++ >= text.Length) throw new FormatException("a text does not end");
        return read.ToString();
    }

    private static object? ReadWord(string text, ref int at)
    {
        var from = at;
        while (at < text.Length && !IsSpace(text[at]) && !"{}[]()\"".Contains(text[at])) at++;
        var word = text[from..at];
        if (word.Length == 0) throw new FormatException($"nothing begins with {text[at]}");
        return word switch
        {
            "nil" => null,
            "true" => true,
            "false" => false,
            _ when word[0] == ':' => word,
            _ => long.TryParse(word, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"what is {word}?"),
        };
    }

    private static int Skip(string text, int at)
    {
        while (at < text.Length && (IsSpace(text[at]) || text[at] == ';'))
            if (text[at] == ';') at = text.IndexOf('\n', at) is var end and >= 0 ? end : text.Length;
            else at++;
        return at;
    }

    private static bool IsSpace(char one) => char.IsWhiteSpace(one) || one == ',';
}
