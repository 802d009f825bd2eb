using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Platform;

namespace VideoScale.Consensus.Apply.Directories;

/// <summary>moved.json: the log of a directory goes on after a sealed entry of an earlier one.</summary>
/// <param name="Old">Names in the directory that are the earlier log's.</param>
/// <param name="New">Names that stand in the folder <c>moving</c> until they take their place.</param>
/// <param name="Aside">The folder in which the earlier log is kept.</param>
/// <param name="Finished">Everything is in its place.</param>
internal sealed record MoveFile(int FormatVersion, ulong Index, ulong Term, ulong SeenTerm, string From, string To,
    IReadOnlyList<string> Old, IReadOnlyList<string> New, string Aside, bool Finished, bool HasRun)
{
    internal const int CurrentFormatVersion = 1;
    private const string Name = "moved.json";

    internal LogMove Move => new(new LogPlace(Index, Term, SeenTerm), To, HasRun);

    /// <exception cref="DataDirectoryException">It is damaged.</exception>
    internal static MoveFile? Read(string directory)
    {
        var path = Path.Combine(directory, Name);
        if (!File.Exists(path)) return null;
        MoveFile? file;
        try { file = JsonSerializer.Deserialize(File.ReadAllBytes(path), MoveFileJson.Default.MoveFile); }
        catch (JsonException e) { throw Damaged(path, e.Message, e); }
        if (file is not { FormatVersion: > 0, Index: > 0, From: not null, To: not null, Old: not null, New: not null, Aside: not null })
            throw Damaged(path, "something is missing", null);
        return file.FormatVersion == CurrentFormatVersion ? file : throw new DataDirectoryException(
            $"{path} has format {file.FormatVersion}, this program knows {CurrentFormatVersion}: run the version of VideoScale that wrote "
            + "it");
    }

    internal void Write(string directory) =>
        DurableFile.Write(Path.Combine(directory, Name), JsonSerializer.SerializeToUtf8Bytes(this, MoveFileJson.Default.MoveFile));

    private static DataDirectoryException Damaged(string path, string what, Exception? cause) => new(
        $"{path} is damaged ({what}): it says which entry this replica's log goes on after. Restore it from a backup, or from another "
        + "replica's directory", cause!);
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MoveFile))]
internal sealed partial class MoveFileJson : JsonSerializerContext;
