using System.Text.Json.Serialization;

namespace VideoScale.Consensus.Apply.Directories;

/// <summary>Who a data directory belongs to; made once with the directory, never changed.</summary>
/// <param name="FormatVersion">The layout of everything below the directory.</param>
/// <param name="ClusterId">Hexadecimal; the same on all members.</param>
/// <param name="MemberId">Hexadecimal, random: a wiped member never comes back under its old identity.</param>
/// <param name="Engine">What keeps its log; left out by our own engine, as by programs that knew no other.</param>
public sealed record DirectoryIdentity(int FormatVersion, string ClusterId, string MemberId, string? Engine = null);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DirectoryIdentity))]
internal sealed partial class DirectoryIdentityJson : JsonSerializerContext;
