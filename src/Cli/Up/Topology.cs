using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Up.Elastic;
using VideoScale.Platform;

namespace VideoScale.Cli.Up;

/// <summary>What <c>up</c> runs from one data directory; written once, so that a second <c>up</c> goes on where the first was.</summary>
/// <param name="Single">One process with one voter and one media node.</param>
/// <param name="BasePort">HTTP port of the first replica; all others follow from it, see <see cref="Ports"/>.</param>
/// <param name="Elastic">MIN..MAX: media nodes come and go between them; null: there are as many as <paramref name="Media"/>.</param>
internal sealed record Topology(int Format, bool Single, int Replicas, int Media, int BasePort, string? Elastic = null)
{
    internal const int CurrentFormat = 1;
    internal const int MostReplicas = 9;
    internal const int MostMedia = 50;
    private const string FileName = "topology.json";

    [JsonIgnore]
    internal ElasticRange? Range => Elastic is null ? null : ElasticRange.Parse(Elastic);

    /// <summary>Media nodes there may be at once.</summary>
    [JsonIgnore]
    internal int MediaPlaces => Range?.Max ?? Media;

    internal static Topology? Read(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            var topology = JsonSerializer.Deserialize(File.ReadAllBytes(path), TopologyJson.Default.Topology)
                ?? throw new JsonException("the file holds null");
            return topology.Format == CurrentFormat ? topology
                : throw new CliException(
                    $"{path} has format {topology.Format}; this program reads format {CurrentFormat}: use the program version that made "
                    + $"it");
        }
        catch (JsonException e)
        {
            throw new CliException($"{path} is damaged ({e.Message}): restore it, or choose another --data directory", e);
        }
    }

    internal void Write(string directory)
    {
        DurableFile.Write(Path.Combine(directory, FileName), JsonSerializer.SerializeToUtf8Bytes(this, TopologyJson.Default.Topology));
    }

    public override string ToString() =>
        Single ? $"--single --base-port {BasePort}"
            : $"--replicas {Replicas} {(Elastic is null ? $"--media {Media}" : $"--elastic {Elastic}")} --base-port {BasePort}";
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Topology))]
internal sealed partial class TopologyJson : JsonSerializerContext;
