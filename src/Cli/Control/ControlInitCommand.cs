using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.Platform;
using VideoScale.Rpc;

namespace VideoScale.Cli.Control;

/// <summary><c>videoscale control init</c>: the data directories of a new cluster, to be carried to its machines.</summary>
internal static class ControlInitCommand
{
    private const int MostReplicas = 15;

    private static readonly Option<string> Replicas = new("--replicas")
    {
        Description = "Comma-separated, one per replica: HOST:RAFT:GRPC[:HTTP], as the others reach it; HTTP defaults to 7880.",
        HelpName = "LIST",
        Required = true,
    };
    private static readonly Option<string> Out = new("--out")
    {
        Description = "Directory to make replica-1, replica-2, … in.",
        HelpName = "DIR",
        Required = true,
    };

    internal static Command Create()
    {
        var command = new Command("init",
            "Makes the data directories of a new cluster: one identity each, the same list of peers in all. Never overwrites.")
        { Replicas, Out }.WithNotes("""
            Example:
              videoscale control init --replicas cp1.example:8080:7980,cp2.example:8080:7980,cp3.example:8080:7980 --out ./cluster
              then copy cluster/replica-1 to cp1.example as its --data directory, and so on
            """);
        command.SetAction(parsed =>
        {
            var root = Path.GetFullPath(parsed.GetValue(Out)!);
            var seats = Parse(parsed.GetValue(Replicas)!, root);
            IReadOnlyList<ClusterFiles> made;
            try { made = ControlPlaneBootstrap.Create(seats); }
            catch (StartupException e) { throw new CliException(e.Message, e) { ExitCode = Exit.Refused }; }
            Console.WriteLine($"cluster {made[0].ClusterId}");
            for (var i = 0; i < seats.Count; i++)
                Console.WriteLine(
                    $"  {seats[i].DataDirectory}  member {made[i].Self}  raft {seats[i].RaftAddress}  grpc {seats[i].GrpcAddress}");
            if (seats.Count % 2 == 0)
                Console.Error.WriteLine(
                    $"note: {seats.Count} voters survive no more failures than {seats.Count - 1}, and a split down the middle stops both "
                    + $"halves; an odd number is better");
            Console.WriteLine("Copy each directory to its machine and start there: videoscale control --data DIR …");
            return Exit.Ok;
        });
        return command;
    }

    internal static IReadOnlyList<ReplicaSeat> Parse(string list, string root)
    {
        var entries = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (entries.Length is 0 or > MostReplicas)
            throw new CliException(
                $"--replicas: {entries.Length} given; allowed: 1 to {MostReplicas}, e.g. "
                + $"cp1.example:8080:7980,cp2.example:8080:7980,cp3.example:8080:7980");
        var seats = new List<ReplicaSeat>();
        foreach (var entry in entries)
        {
            var hostEnd = entry.StartsWith('[') ? entry.IndexOf(']', StringComparison.Ordinal) + 1
                : entry.IndexOf(':', StringComparison.Ordinal);
            var ports = hostEnd > 0 && hostEnd < entry.Length ? entry[(hostEnd + 1)..].Split(':') : [];
            if (ports.Length is < 2 or > 3) throw Bad(entry);
            var addresses = ports.Append("7880").Take(3).Select(port => $"{entry[..hostEnd]}:{port}").ToArray();
            if (!addresses.All(HostAndPort.Is)) throw Bad(entry);
            seats.Add(new ReplicaSeat(Path.Combine(root, $"replica-{seats.Count + 1}"), addresses[0], addresses[1], addresses[2]));
        }
        if (seats.Select(s => s.RaftAddress).Distinct(StringComparer.Ordinal).Count() != seats.Count)
            throw new CliException("--replicas: two replicas share one host and raft port");
        return seats;
    }

    private static CliException Bad(string entry) =>
        new($"--replicas: \"{entry}\" is not HOST:RAFT:GRPC or HOST:RAFT:GRPC:HTTP with ports 1 to 65535");
}
