using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Control;
using VideoScale.Cli.Up.Elastic;
using VideoScale.Rpc;

namespace VideoScale.Cli.Up;

/// <summary><c>videoscale up</c>: a whole cluster on this machine, for development.</summary>
internal static class UpCommand
{
    private static readonly Option<bool> Single = new("--single") { Description = "One process with one voter and one media node." };
    private static readonly Option<int?> Replicas = new("--replicas")
    {
        Description = $"Control-plane replicas, 1 to {Topology.MostReplicas}; default 3.",
        HelpName = "N",
    };
    private static readonly Option<int?> Media = new("--media")
    {
        Description = $"Media nodes, 0 to {Topology.MostMedia}; default 2.",
        HelpName = "N",
    };
    private static readonly Option<string?> Elastic = new("--elastic")
    {
        Description = "Media nodes that come and go with their load, between these bounds; instead of --media.",
        HelpName = "MIN..MAX",
    };
    private static readonly Option<long?> NodeKbps = new("--node-kbps")
    {
        Description = "What each media node says it can carry, in and out together, in kbit/s: small, to see what a full fleet does.",
        HelpName = "N",
    };
    private static readonly Option<string?> Engine = new("--engine")
    {
        Description = $"What keeps the replicated log: {LogEngines.Names}; default what keeps the directory's, else native.",
        HelpName = "NAME",
    };
    private static readonly Option<int?> BasePort = new("--base-port")
    {
        Description = $"Shifts all ports: HTTP of the first replica; default {Ports.DefaultBase}.",
        HelpName = "PORT",
    };
    private static readonly Option<bool> LoopbackOnly =
        new("--loopback-only") { Description = "Media on 127.0.0.1 alone, too: no other machine can send to it, and Firefox cannot call." };
    private static readonly Option<bool> UdpOnly =
        new("--udp-only") { Description = "No TCP ports of media: clients that UDP does not reach cannot call." };
    private static readonly Option<string> Data = new("--data")
    {
        Description = "Where the cluster lives; default .videoscale in the current directory.",
        HelpName = "DIR",
        DefaultValueFactory = _ => ".videoscale",
    };

    private static readonly Option<string?> Postgres = new(PostgresOptions.Flag)
    {
        Description = $"Export the event log: to postgres://USER@HOST[:PORT]/DATABASE, or \"{ExportedTo.Embedded}\": to a PostgreSQL of "
            + "its own in the data directory.",
        HelpName = $"URL|{ExportedTo.Embedded}",
    };

    internal static Command Create(StopSignals signals)
    {
        var command = new Command("up",
            "Starts a cluster on this machine, in development mode on loopback (media at this machine's addresses too), and stays until "
            + "Ctrl-C. A second start goes on where the first one was.")
        {
            Single, Replicas, Media, Elastic, NodeKbps, Engine, BasePort, LoopbackOnly, UdpOnly, Data, Postgres,
            PostgresOptions.PasswordFile,
        }.WithNotes("""
            Examples:
              videoscale up
              videoscale up --single
              videoscale up --elastic 2..6
              videoscale up --postgres embedded
              videoscale up --webhook http://127.0.0.1:3000/livekit
              videoscale up --replicas 5 --media 4 --base-port 17880 --data /tmp/try
            """);
        foreach (var option in EtcdFlags.All.Concat(WebhookFlags.All).Concat(TurnFlags.All)) command.Options.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            using var directory = DataDirectory.Open(parsed.GetValue(Data)!);
            var topology = Choose(parsed, directory.FullPath);
            var engine = ChooseEngine(parsed, directory, topology);
            var (webhooks, turn) = (WebhookFlags.Check(parsed), TurnFlags.Check(parsed));
            var ports = new Ports(topology.BasePort, HasMediaTcp: !parsed.GetValue(UdpOnly));
            if (topology.Replicas % 2 == 0)
                Console.WriteLine(
                    $"note: {topology.Replicas} voters survive no more failures than {topology.Replicas - 1}, and a split down the "
                    + $"middle stops both halves; an odd number is better");
            var media = new MediaReach(parsed.GetValue(LoopbackOnly) ? [] : OwnAddresses.Find());
            var hasPostgres = parsed.GetValue(Postgres) == ExportedTo.Embedded;
            if (directory.WasKilled)
                await ports.WaitUntilFreeAsync(topology, media, hasPostgres, Console.WriteLine, signals.Token);
            ports.RequireFree(topology, media, hasPostgres);
            directory.MarkRunning();
            Console.WriteLine(directory.Prepare(topology, ports) ? $"new cluster in {directory.FullPath}"
                : $"going on with the cluster in {directory.FullPath}");
            await using var exported = await ExportedTo.OpenAsync(parsed.GetValue(Postgres), parsed.GetValue(PostgresOptions.PasswordFile),
                directory, ports, signals.Token);
            return topology.Single
                ? await SingleProcess.RunAsync(directory, ports, media, engine, options =>
                {
                    EtcdFlags.Read(parsed, options.Etcd);
                    (options.Webhooks, options.Turn) = (webhooks, turn);
                }, exported, signals)
                : await new Cluster(directory, topology, ports, media,
                    ["--engine", engine, .. EtcdFlags.Repeat(parsed), .. TurnFlags.Repeat(turn)],
                    parsed.GetValue(NodeKbps) is { } kbps ? ["--capacity-kbps", $"{kbps}"] : [], exported,
                    WebhookFlags.Environment(webhooks)).RunAsync(signals.Token);
        });
        return command;
    }

    /// <summary>What was asked for, or what is there; refuses when they differ.</summary>
    private static Topology Choose(ParseResult parsed, string directory)
    {
        var (single, replicas, media, basePort) = (parsed.GetValue(Single), parsed.GetValue(Replicas), parsed.GetValue(Media),
            parsed.GetValue(BasePort));
        var elastic = parsed.GetValue(Elastic) is { } range ? ElasticRange.Parse(range).ToString() : null;
        if (single && (replicas is not null || media is not null || elastic is not null))
            throw new CliException("--single is one voter and one media node: leave --replicas, --media and --elastic out");
        if (media is not null && elastic is not null)
            throw new CliException("--elastic says how many media nodes there are: leave --media out");
        Within("--replicas", replicas, 1, Topology.MostReplicas);
        Within("--media", media, 0, Topology.MostMedia);
        if (parsed.GetValue(NodeKbps) is <= 0 or > 1_000_000_000)
            throw new CliException($"--node-kbps: {parsed.GetValue(NodeKbps)} is not 1 to 1000000000");
        Within("--base-port", basePort, Ports.LowestBase, Ports.HighestBase);
        var stored = Topology.Read(directory);
        var wanted = stored is null
            ? new Topology(Topology.CurrentFormat, single, single ? 1 : replicas ?? 3, single ? 1 : media ?? 2, basePort
                ?? Ports.DefaultBase, elastic)
            : stored with
            {
                Single = single || (stored.Single && replicas is null && media is null),
                Replicas = single ? 1 : replicas ?? stored.Replicas,
                Media = single ? 1 : media ?? stored.Media,
                BasePort = basePort ?? stored.BasePort,
                Elastic = elastic ?? (single || media is not null ? null : stored.Elastic),
            };
        // Media nodes hold nothing on disk: more or fewer of them is no other cluster.
        if (stored is not null && wanted with { Media = stored.Media, Elastic = stored.Elastic } != stored)
            throw new CliException(
                $"{directory} holds a cluster made with: {stored}. Start it without these flags, or make another one with its own --data "
                + $"(and --base-port)")
            { ExitCode = Exit.Refused };
        return wanted;
    }

    private static string ChooseEngine(ParseResult parsed, DataDirectory directory, Topology topology)
    {
        try { return LogEngines.Choose(parsed.GetValue(Engine), Enumerable.Range(0, topology.Replicas).Select(directory.Replica)); }
        catch (StartupException e) { throw new CliException(e.Message, e) { ExitCode = Exit.Refused }; }
    }

    private static void Within(string name, int? value, int min, int max)
    {
        if (value < min || value > max) throw new CliException($"{name}: {value} is not {min} to {max}");
    }
}
