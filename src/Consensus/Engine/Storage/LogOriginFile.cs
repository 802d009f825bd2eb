using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Consensus.Core;
using VideoScale.Platform;

namespace VideoScale.Consensus.Engine.Storage;

/// <summary>
/// origin.json: which of its member's logs the directory holds, and which logs of others were heard of first. Numbers in hexadecimal.
/// </summary>
/// <param name="IsNew">The log never took part: nothing was voted for or acknowledged with it.</param>
/// <param name="Committed">What was committed, as far as this replica knew, at its last start: the log reaches it for ever.</param>
internal sealed record LogOriginFile(int FormatVersion, string Incarnation, bool IsNew, ulong Committed,
    IReadOnlyDictionary<string, string> Known)
{
    private const int CurrentFormatVersion = 1;
    internal const string Name = "origin.json";

    /// <returns>Null when there is none: the directory is new, or an earlier version made it.</returns>
    /// <exception cref="DataDirectoryException">It is damaged.</exception>
    internal static LogOriginFile? Read(string directory)
    {
        var path = Path.Combine(directory, Name);
        if (!File.Exists(path)) return null;
        LogOriginFile? file;
        try { file = JsonSerializer.Deserialize(File.ReadAllBytes(path), LogOriginJson.Default.LogOriginFile); }
        catch (JsonException e) { throw Damaged(path, e.Message, e); }
        if (file is not { FormatVersion: > 0, Known: not null } || Parse(file.Incarnation) == 0
            || file.Known.Any(known => Parse(known.Key) == 0 || Parse(known.Value) == 0))
            throw Damaged(path, "numbers are missing", null);
        if (file.FormatVersion != CurrentFormatVersion)
            throw new DataDirectoryException(
                $"{path} has format {file.FormatVersion}, this program knows {CurrentFormatVersion}: run the version of VideoScale that "
                + $"wrote it");
        return file;
    }

    internal static LogOriginFile Of(LogOrigin origin, ulong committed) =>
        new(CurrentFormatVersion, Text(origin.Incarnation), origin.IsNew, committed,
        origin.Known.ToImmutableSortedDictionary(known => Text(known.Member.Value), known => Text(known.Value), StringComparer.Ordinal));

    internal LogOrigin ToOrigin() =>
        new(Parse(Incarnation), IsNew, [.. Known.Select(known => new MemberValue(new MemberId(Parse(known.Key)), Parse(known.Value)))]);

    internal void Write(string directory) =>
        DurableFile.Write(Path.Combine(directory, Name), JsonSerializer.SerializeToUtf8Bytes(this, LogOriginJson.Default.LogOriginFile));

    private static DataDirectoryException Damaged(string path, string what, Exception? cause) =>
        new($"{path} is damaged ({what}): it says whether this replica's log ever took part. Move the directory away and add this "
            + $"replica as a new member", cause!);

    private static string Text(ulong number) => number.ToString("x", CultureInfo.InvariantCulture);

    private static ulong Parse(string? text) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LogOriginFile))]
internal sealed partial class LogOriginJson : JsonSerializerContext;
