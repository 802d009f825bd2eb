namespace VideoScale.Chaos.Mutants;

/// <summary>A text that must occur exactly once in a source, and what stands in its place.</summary>
/// <param name="File">Under src.</param>
public sealed record Seam(string File, string Text, string Woven);

/// <summary>
/// Reads the files that say where planted bugs go, as the simulator weaves them (tests/Simulation.Tests/Weaving/Weave.targets), and weaves
/// them into sources that are no longer the product's.
/// </summary>
public static class WeaveFile
{
    public static IReadOnlyList<Seam> Read(IEnumerable<string> lines)
    {
        var seams = new List<Seam>();
        var file = "";
        List<string>? from = null, to = null;
        foreach (var line in lines.Append(""))
        {
            var text = line.Length > 2 ? line[2..] : "";
            if (line.StartsWith("- ", StringComparison.Ordinal))
            {
                if (to is not null) Flush();
                (from ??= []).Add(text);
            }
            else if (line.StartsWith("+ ", StringComparison.Ordinal) && from is not null) (to ??= []).Add(text);
            else Flush();
            if (line.StartsWith("@ ", StringComparison.Ordinal)) file = text.Trim();
        }
        return seams;

        void Flush()
        {
            if (from is not null) seams.Add(new Seam(file, string.Join('\n', from), string.Join('\n', to ?? [])));
            (from, to) = (null, null);
        }
    }

    /// <exception cref="FormatException">The text is not there, or more than once: the bug has lost its place.</exception>
    public static string Weave(string source, IEnumerable<Seam> seams)
    {
        source = source.ReplaceLineEndings("\n");
        foreach (var seam in seams)
        {
            var at = source.IndexOf(seam.Text, StringComparison.Ordinal);
            if (at < 0 || source.IndexOf(seam.Text, at + 1, StringComparison.Ordinal) >= 0)
                throw new FormatException($"the text to weave into {seam.File} must be there exactly once: {seam.Text}");
            source = source[..at] + seam.Woven + source[(at + seam.Text.Length)..];
        }
        return source;
    }
}
