using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Consensus;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Cluster;

/// <summary>One replica as its peers and clients reach it. In cluster.json.</summary>
/// <param name="RaftAddress">host:port of consensus.</param>
/// <param name="GrpcAddress">host:port of the gRPC API.</param>
/// <param name="HttpAddress">host:port of /metrics and /readyz.</param>
public sealed record ReplicaPeer(MemberId Member, string RaftAddress, string GrpcAddress, string HttpAddress)
{
    /// <summary>The name that its certificate must carry for consensus, beside its hosts: it stays when the replica moves.</summary>
    public string TransportName => MemberName.Of(Member);
}

/// <summary>What a data directory belongs to: identity.json and cluster.json.</summary>
/// <param name="ClusterId">32 hex digits, fixed when the first directory was made.</param>
/// <param name="Self">This directory's random member id.</param>
/// <param name="Peers">All replicas, this one included, in ascending order of member id.</param>
public sealed record ClusterFiles(string ClusterId, MemberId Self, IReadOnlyList<ReplicaPeer> Peers)
{
    /// <summary>
    /// The directory joined a cluster that ran already; <see cref="Peers"/> is whom it asked. Else they are the founding members, who voted
    /// first.
    /// </summary>
    public bool IsJoined { get; init; }

    /// <summary>It has been a member: when it no longer is, it was removed.</summary>
    public bool IsAdmitted { get; init; } = true;

    /// <summary>The folder of the event log.</summary>
    public const string EventsName = "events";

    /// <summary>While it is there, the replica answers nothing and does not vote.</summary>
    internal const string QuarantineName = "quarantined";

    internal const string IdentityName = "identity.json";
    internal const string ClusterName = "cluster.json";
    internal const int Format = 1;

    /// <summary>Of an identity that names its engine, which is consensus's business.</summary>
    private const int NamedEngineFormat = 2;

    /// <summary>The cluster id as the number that logs and transport carry.</summary>
    public UInt128 ClusterNumber => UInt128.Parse(ClusterId, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    public ReplicaPeer SelfPeer => Peers.First(peer => peer.Member == Self);

    public ReplicaPeer? Find(MemberId member) => Peers.FirstOrDefault(peer => peer.Member == member);

    /// <summary>Reads a directory; throws <see cref="StartupException"/> with one line that says what to do.</summary>
    public static ClusterFiles Read(string directory)
    {
        var identity = ReadJson(directory, IdentityName, ClusterJson.Default.IdentityFile);
        var cluster = ReadJson(directory, ClusterName, ClusterJson.Default.ClusterFile);
        if (identity.FormatVersion is not (Format or NamedEngineFormat) || cluster.Format != Format)
            throw StartupException.Directory(
                $"{directory} has format {identity.FormatVersion}/{cluster.Format}; this program reads {Format}/{Format} and "
                + $"{NamedEngineFormat}/{Format}: use the program version that made it");
        if (identity.ClusterId != cluster.ClusterId)
            throw StartupException.Directory(
                $"{directory}: {IdentityName} belongs to cluster {identity.ClusterId} but {ClusterName} to {cluster.ClusterId}: restore "
                + $"the files of one cluster, or make a new directory");
        if (!UInt128.TryParse(identity.ClusterId, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            || number == 0)
            throw StartupException.Directory(
                $"{directory}: \"{identity.ClusterId}\" is not a cluster id (1 to 32 hex digits, not 0): restore {IdentityName} from a "
                + $"backup");
        var self = ParseMember(directory, identity.MemberId);
        var peers = cluster.Members
            .Select(m => new ReplicaPeer(ParseMember(directory, m.MemberId), m.RaftAddress, m.GrpcAddress, m.HttpAddress))
            .OrderBy(p => p.Member).ToArray();
        if (peers.All(p => p.Member != self))
            throw StartupException.Directory(
                $"{directory}: member {self} of {IdentityName} is not among the members in {ClusterName}: the directory is another "
                + $"replica's");
        return new(identity.ClusterId, self, peers) { IsJoined = cluster.Joined, IsAdmitted = !cluster.Joined || cluster.Admitted };
    }

    /// <summary>Remembers that the replica has been a member.</summary>
    internal void MarkAdmitted(string directory) => ControlPlaneBootstrap.WriteCluster(directory, this with { IsAdmitted = true });

    /// <summary>True when the directory has been made by <see cref="ControlPlaneBootstrap"/>.</summary>
    public static bool Exist(string directory) => File.Exists(Path.Combine(directory, IdentityName));

    private static T ReadJson<T>(string directory, string name, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        var path = Path.Combine(directory, name);
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type) ?? throw new JsonException("the file holds null");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw StartupException.Directory(
                $"{path} does not exist: {directory} is not a replica's data directory. `videoscale control init` makes those of a new "
                + $"cluster; with --join an empty one becomes a further replica of a cluster that runs");
        }
        catch (JsonException e)
        {
            throw StartupException.Directory(
                $"{path} is damaged ({e.Message}): restore it from a backup, or remove the directory and let the replica join anew");
        }
    }

    private static MemberId ParseMember(string directory, string text) =>
        ulong.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value) && value != 0
            ? new MemberId(value)
            : throw StartupException.Directory($"{directory}: \"{text}\" is not a member id (1 to 16 hex digits, not 0)");
}

internal sealed record IdentityFile(int FormatVersion, string ClusterId, string MemberId);

internal sealed record ClusterMemberFile(string MemberId, string RaftAddress, string GrpcAddress, string HttpAddress);

internal sealed record ClusterFile(int Format, string ClusterId, IReadOnlyList<ClusterMemberFile> Members, bool Joined = false,
    bool Admitted = false);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IdentityFile))]
[JsonSerializable(typeof(ClusterFile))]
internal sealed partial class ClusterJson : JsonSerializerContext;
