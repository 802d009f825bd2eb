using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Consensus.Apply.Directories;

namespace VideoScale.Consensus.Engine.Storage;

/// <summary>repair.json: while it is there, the replica is quarantined. Says to people what was found.</summary>
internal sealed record RepairMarker(string File, long Position, ulong FirstIndex, ulong LastIndex, string What)
{
    internal static byte[] Of(RotFoundException rot) =>
        JsonSerializer.SerializeToUtf8Bytes(new RepairMarker(rot.File, rot.Position, rot.FirstIndex, rot.LastIndex, rot.Finding),
            RepairMarkerJson.Default.RepairMarker);
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RepairMarker))]
internal sealed partial class RepairMarkerJson : JsonSerializerContext;
