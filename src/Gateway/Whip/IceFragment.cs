using System.Text;

namespace VideoScale.Gateway.Whip;

/// <summary>The body of a PATCH, and of the answer to one that restarts ICE (RFC 8840 §9, RFC 9725 §4.3).</summary>
internal sealed record IceFragment(string Fragment, string Password)
{
    internal const string MediaType = "application/trickle-ice-sdpfrag";

    /// <returns>Null when it names no ICE session.</returns>
    internal static IceFragment? Parse(string text)
    {
        var lines = text.Split('\n').Select(line => line.Trim()).ToList();
        var (fragment, password) = (Value("a=ice-ufrag:"), Value("a=ice-pwd:"));
        return fragment.Length < 4 || password.Length < 22 ? null : new IceFragment(fragment, password);

        string Value(string name) => lines.Find(line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..].Trim() ?? "";
    }

    /// <summary>What an answer says of its side's ICE session.</summary>
    internal static string Of(string answer)
    {
        var lines = answer.Split('\n').Select(line => line.Trim()).ToList();
        var text = new StringBuilder();
        Take("a=ice-lite");
        Take("a=ice-ufrag:");
        Take("a=ice-pwd:");
        // With BUNDLE the first section that is accepted speaks for all.
        var first = lines.FindIndex(line => line.StartsWith("m=", StringComparison.Ordinal)
            && line.Split(' ').ElementAtOrDefault(1) != "0");
        if (first < 0) return text.ToString();
        var section = lines.Skip(first + 1).TakeWhile(line => !line.StartsWith("m=", StringComparison.Ordinal)).ToList();
        text.Append(lines[first]).Append("\r\n");
        foreach (var line in section.Where(line => line.StartsWith("a=mid:", StringComparison.Ordinal)
            || line.StartsWith("a=candidate:", StringComparison.Ordinal) || line == "a=end-of-candidates"))
            text.Append(line).Append("\r\n");
        return text.ToString();

        void Take(string name)
        {
            if (lines.Find(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line) text.Append(line).Append("\r\n");
        }
    }
}
