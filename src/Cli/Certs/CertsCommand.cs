using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Hosting;
using VideoScale.Model;
using VideoScale.Rpc;

namespace VideoScale.Cli.Certs;

/// <summary><c>videoscale certs</c>: a development authority and certificates for replicas, media nodes and people.</summary>
internal static class CertsCommand
{
    private static readonly Option<string> Out = new("--out")
    {
        Description = "Directory for PEM files; an authority that is there already signs the new certificates.",
        HelpName = "DIR",
        DefaultValueFactory = _ => "certs",
    };
    private static readonly Option<string?> Cluster = new("--cluster")
    {
        Description = "Directory with replica data directories (made by `control init` or `up`): names the cluster and its replicas.",
        HelpName = "DIR",
    };
    private static readonly Option<string?> ClusterId = new("--cluster-id")
    {
        Description = "The cluster's id, when --cluster is not given.",
        HelpName = "ID",
    };
    private static readonly Option<string[]> Nodes = new("--node")
    {
        Description = "A media node: NAME=HOST[,HOST…]; may be given several times.",
        HelpName = "NAME=HOSTS",
    };
    private static readonly Option<string[]> People = new("--user")
    {
        Description = "A person: NAME=viewer|operator|admin; may be given several times.",
        HelpName = "NAME=ROLE",
    };

    private static readonly Option<bool> Renew =
        new("--renew")
        {
            Description =
        "Puts new certificates in the place of those named that are there; the authority stays. Servers read them without a restart."
        };

    internal static Command Create()
    {
        var command = new Command("certs",
            "Makes a development CA and certificates signed by it. Never overwrites a file without --renew. Keep ca.key to yourself: it "
            + "can make any identity.")
        { Out, Cluster, ClusterId, Nodes, People, Renew }.WithNotes("""
            Example:
              videoscale control init --replicas 10.0.0.1:8080:7980,10.0.0.2:8080:7980,10.0.0.3:8080:7980 --out cluster
              videoscale certs --cluster cluster --node media-1=10.0.0.4 --user ops=admin --out certs
              videoscale certs --cluster cluster --node media-1=10.0.0.4 --user ops=admin --out certs --renew
            """);
        command.SetAction(parsed => Run(parsed));
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var directory = Path.GetFullPath(parsed.GetValue(Out)!);
        var replicas = parsed.GetValue(Cluster) is { } cluster ? ReadReplicas(cluster) : [];
        var clusterId = replicas.Count > 0 ? replicas[0].Files.ClusterId : parsed.GetValue(ClusterId)
            ?? throw new CliException("name the cluster: --cluster DIR (made by `videoscale control init`) or --cluster-id ID");
        var wanted = replicas.Select(r =>
            new Wanted(r.Name, new PeerIdentity(clusterId, Role.Replica, r.Files.Self.ToString()), Hosts(r.Files.SelfPeer)))
            .Concat((parsed.GetValue(Nodes) ?? []).Select(n => Node(clusterId, n)))
            .Concat((parsed.GetValue(People) ?? []).Select(u => Person(clusterId, u))).ToArray();
        var fresh = !File.Exists(Path.Combine(directory, "ca.pem"));
        if (!fresh && wanted.Length == 0)
            throw new CliException(
                $"{directory} already holds an authority (ca.pem), and nothing to sign was named: give --cluster, --node or --user")
            { ExitCode = Exit.Refused };
        if (parsed.GetValue(Renew) && fresh)
            throw new CliException($"--renew: {directory} holds no authority (ca.pem) that could sign") { ExitCode = Exit.Refused };
        if (!parsed.GetValue(Renew) && wanted.FirstOrDefault(w => Exists(directory, w)) is { } existing)
            throw new CliException(
                $"{Path.Combine(directory, existing.FileName)}.pem exists already; nothing was made. Give --renew to put a new one in "
                + $"its place, or choose another --out")
            { ExitCode = Exit.Refused };
        if (wanted.GroupBy(w => w.FileName, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new CliException($"\"{twice.Key}\" is named twice");
        if (fresh)
        {
            DevelopmentCertificates.CreateAuthority(directory, clusterId);
            Console.WriteLine(
                $"made {Path.Combine(directory, "ca.pem")} and ca.key: the authority of cluster {clusterId}, for development; keep "
                + $"ca.key to yourself");
        }
        foreach (var one in wanted)
        {
            var made = DevelopmentCertificates.Issue(directory, one.FileName, one.Identity, one.Hosts);
            Console.WriteLine(
                $"made {made.CertPath} and {one.FileName}.key: "
                + $"{one.Identity.Subject}{(one.Hosts.Count > 0 ? " at " + string.Join(", ", one.Hosts) : "")}");
        }
        return Exit.Ok;
    }

    private sealed record Wanted(string FileName, PeerIdentity Identity, IReadOnlyList<string> Hosts);

    private static bool Exists(string directory, Wanted wanted) =>
        File.Exists(Path.Combine(directory, wanted.FileName + ".pem")) || File.Exists(Path.Combine(directory, wanted.FileName + ".key"));

    private static List<(string Name, ClusterFiles Files)> ReadReplicas(string root)
    {
        if (!Directory.Exists(root)) throw new CliException($"--cluster: {root} does not exist; make it with `videoscale control init`");
        try
        {
            var found = Directory.EnumerateDirectories(root).Where(ClusterFiles.Exist).Order(StringComparer.Ordinal)
                .Select(d => (Path.GetFileName(d), ClusterFiles.Read(d))).ToList();
            return found.Count > 0 ? found
                : throw new CliException($"--cluster: {root} holds no replica's data directory; make them with `videoscale control init`");
        }
        catch (StartupException e) { throw new CliException(e.Message, e); }
    }

    private static IReadOnlyList<string> Hosts(ReplicaPeer peer) =>
        [.. new[] { peer.RaftAddress, peer.GrpcAddress, peer.HttpAddress }.Select(HostOf).Append(peer.TransportName).Append("localhost")
            .Append("127.0.0.1").Distinct(StringComparer.Ordinal)];

    private static string HostOf(string address) => address[..address.LastIndexOf(':')].Trim('[', ']');

    private static Wanted Node(string clusterId, string text)
    {
        var (name, value) = Split("--node", text, "NAME=HOST[,HOST…]");
        var hosts = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (hosts.Length == 0 || hosts.Any(h => Uri.CheckHostName(h) == UriHostNameType.Unknown))
            throw new CliException($"--node: \"{value}\" is not a list of host names or IP addresses");
        return new Wanted(name, new PeerIdentity(clusterId, Role.Node, name), hosts);
    }

    private static Wanted Person(string clusterId, string text)
    {
        var (name, value) = Split("--user", text, "NAME=viewer|operator|admin");
        var role = value switch
        {
            "viewer" => Role.Viewer,
            "operator" => Role.Operator,
            "admin" => Role.Admin,
            _ => throw new CliException($"--user: \"{value}\" is not viewer, operator or admin")
        };
        return new Wanted(name, new PeerIdentity(clusterId, role, name), []);
    }

    private static (string Name, string Value) Split(string option, string text, string form)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var name = equals > 0 ? text[..equals] : "";
        if (!NameRule.Accepts(name) || name == "ca")
            throw new CliException($"{option}: \"{text}\" is not {form}; the name is {NameRule.Text}, and not ca");
        return (name, text[(equals + 1)..]);
    }
}
