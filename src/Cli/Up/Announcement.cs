namespace VideoScale.Cli.Up;

/// <summary>Where to look, once everything is ready.</summary>
internal static class Announcement
{
    internal static void Print(DataDirectory directory, Topology topology, Ports ports, MediaReach reach, ExportedTo exported)
    {
        var servers = string.Join(',', Enumerable.Range(0, topology.Replicas).Select(i => $"127.0.0.1:{ports.ReplicaGrpc(i)}"));
        var flag = topology.BasePort == Ports.DefaultBase ? "" : $" --server {servers}";
        Console.WriteLine(
            "ready: DEVELOPMENT MODE, loopback only but for media, plaintext, every caller is admin. API key devkey, secret: secret");
        for (var i = 0; i < topology.Replicas; i++)
            Console.WriteLine(
                $"  replica-{i + 1}  gRPC 127.0.0.1:{ports.ReplicaGrpc(i)}  metrics http://127.0.0.1:{ports.ReplicaHttp(i)}/metrics  "
                + $"raft 127.0.0.1:{ports.ReplicaRaft(i)}");
        if (topology.Range is { } range)
            Console.WriteLine($"  media nodes come and go with their load, {range.Min} to {range.Max}: pool {Elastic.ElasticPool.Name}");
        for (var j = 0; topology.Range is null && j < topology.Media; j++)
            Console.WriteLine(
                $"  media-{j + 1}    gRPC 127.0.0.1:{ports.MediaGrpc(j)}  metrics http://127.0.0.1:{ports.MediaHttp(j)}/metrics");
        Console.WriteLine(reach.Beyond.Count == 0
            ? "  media at 127.0.0.1 alone: Firefox, which takes no part in calls over loopback, cannot call"
            : $"  media at 127.0.0.1 and {string.Join(", ", reach.Beyond)} (Firefox needs it): other machines reach these ports, "
                + $"which answer a call's own participants alone; --loopback-only shuts them out");
        if (exported.OwnUrl is { } url) Console.WriteLine($"  events in PostgreSQL: {url}  (schema videoscale, as Marten keeps events)");
        Console.WriteLine($"  data {directory.FullPath}, logs {Path.GetDirectoryName(directory.Log("x"))}");
        Console.WriteLine(
            $"call: http://127.0.0.1:{ports.ReplicaHttp(0)}/?room=demo&join=1  (open it twice; any replica's HTTP port serves the page, "
            + $"and LiveKit clients at ws://127.0.0.1:{ports.ReplicaHttp(0)})");
        Console.WriteLine("try:");
        Console.WriteLine($"  ./videoscale ctl cluster status{flag}");
        Console.WriteLine($"  ./videoscale ctl room create standup --expected 20{flag}");
        Console.WriteLine($"  ./videoscale audit why standup{flag}");
        Console.WriteLine(topology.Range is null ? $"  ./videoscale ctl node drain media-1 --wait{flag}"
            : $"  ./videoscale ctl fleet plan {Elastic.ElasticPool.Name}{flag}");
        Console.WriteLine("Ctrl-C stops everything.");
    }
}
