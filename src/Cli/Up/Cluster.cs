using VideoScale.Cli.CommandLine;

namespace VideoScale.Cli.Up;

/// <summary>Replicas and media nodes as child processes, until the token is cancelled.</summary>
internal sealed class Cluster(DataDirectory directory, Topology topology, Ports ports, MediaReach reach, IReadOnlyList<string> engine,
    ExportedTo exported, IReadOnlyDictionary<string, string> settings)
{
    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var stopReplicas = new CancellationTokenSource(); // later: media nodes give their rooms up to them first
        using var sockets = new KeptSockets(Enumerable.Range(0, topology.Replicas).Select(ports.ReplicaHttp));
        Supervisor[] replicas = [.. ReplicaSpecs(sockets).Select(spec => new Supervisor(spec, Say))],
            media = [.. MediaSpecs().Select(spec => new Supervisor(spec, Say))];
        Supervisor[] supervisors = [.. replicas, .. media];
        Task[] serving = [.. replicas.Select(supervisor => supervisor.RunAsync(stopReplicas.Token))],
            hosting = [.. media.Select(supervisor => supervisor.RunAsync(stop.Token))];
        Task[] running = [.. serving, .. hosting];
        try
        {
            using var readiness = new Readiness();
            var ready = readiness.WaitAsync([.. supervisors.Select(s => (s.Spec.Name, s.Spec.Ready))],
                name => supervisors.First(s => s.Spec.Name == name).MarkReady(), Say, stop.Token);
            var first = await Task.WhenAny([ready, .. running]);
            await first; // a child that cannot start is the end of all
            if (first == ready) Announcement.Print(directory, topology, ports, reach, exported);
            await await Task.WhenAny([Task.Delay(Timeout.Infinite, stop.Token), .. running]);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { }
        finally
        {
            if (cancellationToken.IsCancellationRequested) Console.WriteLine("stopping …");
            await stop.CancelAsync();
            await Task.WhenAll(hosting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await stopReplicas.CancelAsync();
            await Task.WhenAll(serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        Console.WriteLine("stopped");
        return Exit.Ok;
    }

    private static void Say(string line) => Console.WriteLine(line);

    private IEnumerable<ChildSpec> ReplicaSpecs(KeptSockets sockets)
    {
        for (var i = 0; i < topology.Replicas; i++)
            yield return new ChildSpec($"replica-{i + 1}",
            [
                "control", "--dev", "--data", directory.Replica(i), .. engine, "--http-port", $"{ports.ReplicaHttp(i)}",
                    "--grpc-port",
                    $"{ports.ReplicaGrpc(i)}", "--raft-port", $"{ports.ReplicaRaft(i)}",
            ], directory.Log($"replica-{i + 1}"), new Uri($"http://127.0.0.1:{ports.ReplicaHttp(i)}/readyz"))
            { Http = sockets[i], Environment = exported.Environment.Concat(settings).ToDictionary() };
    }

    private IEnumerable<ChildSpec> MediaSpecs()
    {
        var control = string.Join(',', Enumerable.Range(0, topology.Replicas).Select(i => $"127.0.0.1:{ports.ReplicaGrpc(i)}"));
        for (var j = 0; j < topology.Media; j++)
            yield return new ChildSpec($"media-{j + 1}",
            [
                "media", "--dev", "--node", $"media-{j + 1}", "--control", control, "--grpc-port", $"{ports.MediaGrpc(j)}", "--http-port",
                    $"{ports.MediaHttp(j)}", "--udp-port", $"{ports.MediaUdp(j)}",
                "--media-bind", reach.Bind, "--media-address", string.Join(',', reach.All),
            ], directory.Log($"media-{j + 1}"), new Uri($"http://127.0.0.1:{ports.MediaHttp(j)}/readyz"));
    }
}
