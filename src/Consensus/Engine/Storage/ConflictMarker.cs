using System.Text.Json;
using System.Text.Json.Serialization;

namespace VideoScale.Consensus.Engine.Storage;

/// <summary>conflict.json: while it is there, the replica takes no part. Says to people what was found.</summary>
internal sealed record ConflictMarker(string What)
{
    internal static byte[] Of(string what) =>
        JsonSerializer.SerializeToUtf8Bytes(new ConflictMarker(what), ConflictMarkerJson.Default.ConflictMarker);

    /// <returns>Null when there is none. A damaged one keeps the replica out as well.</returns>
    internal static string? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try { return JsonSerializer.Deserialize(File.ReadAllBytes(path), ConflictMarkerJson.Default.ConflictMarker)?.What ?? path; }
        catch (JsonException) { return $"{path} is damaged, which says why"; }
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ConflictMarker))]
internal sealed partial class ConflictMarkerJson : JsonSerializerContext;
