using System.Security.Cryptography;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Up.Elastic;

namespace VideoScale.Cli.Up;

/// <summary>Replicas and media nodes as child processes, until the token is cancelled.</summary>
/// <param name="engine">Flags of every replica.</param>
/// <param name="capacity">Flags of every media node.</param>
internal sealed class Cluster(DataDirectory directory, Topology topology, Ports ports, MediaReach reach, IReadOnlyList<string> engine,
    IReadOnlyList<string> capacity, ExportedTo exported, IReadOnlyDictionary<string, string> settings)
{
    private readonly string _providerSecret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var stopReplicas = new CancellationTokenSource(); // later: media nodes give their rooms up to them first
        var elastic = new LocalInstances(topology.MediaPlaces, MediaSpec, Say);
        await using var provider = topology.Range is null ? null : new LocalProvider(elastic, ports.Provider, _providerSecret);
        if (provider is not null) await provider.StartAsync(stop.Token);
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
            if (topology.Range is { } range) await await Task.WhenAny([ElasticPool.BeginAsync(Replicas, range, stop.Token), .. running]);
            if (first == ready) Announcement.Print(directory, topology, ports, reach, exported);
            await await Task.WhenAny([Task.Delay(Timeout.Infinite, stop.Token), .. running]);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { }
        finally
        {
            if (cancellationToken.IsCancellationRequested) Console.WriteLine("stopping …");
            await stop.CancelAsync();
            await Task.WhenAll([elastic.StopAllAsync(), .. hosting]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
                "control", "--dev", "--data", directory.Replica(i), .. engine, "--seal-key-file", directory.SealKeyFile,
                    "--http-port", $"{ports.ReplicaHttp(i)}",
                    "--grpc-port",
                    $"{ports.ReplicaGrpc(i)}", "--raft-port", $"{ports.ReplicaRaft(i)}",
            ], directory.Log($"replica-{i + 1}"), new Uri($"http://127.0.0.1:{ports.ReplicaHttp(i)}/readyz"))
            { Http = sockets[i], Environment = ReplicaEnvironment() };
    }

    private Dictionary<string, string> ReplicaEnvironment()
    {
        var environment = exported.Environment.Concat(settings).ToDictionary();
        if (topology.Range is null) return environment;
        environment["VIDEOSCALE__ControlPlane__Provider__Address"] = $"http://127.0.0.1:{ports.Provider}/";
        environment["VIDEOSCALE__ControlPlane__Provider__Secret"] = _providerSecret; // where other users do not see it
        return environment;
    }

    private string[] Replicas => [.. Enumerable.Range(0, topology.Replicas).Select(i => $"127.0.0.1:{ports.ReplicaGrpc(i)}")];

    private IEnumerable<ChildSpec> MediaSpecs() =>
        topology.Range is null ? Enumerable.Range(0, topology.Media).Select(j => MediaSpec($"media-{j + 1}", j)) : [];

    private ChildSpec MediaSpec(string name, int j) => new(name,
        [
            "media", "--dev", "--node", name, "--control", string.Join(',', Replicas), "--grpc-port", $"{ports.MediaGrpc(j)}",
            "--http-port", $"{ports.MediaHttp(j)}", "--udp-port", $"{ports.MediaUdp(j)}",
            "--tcp-port", $"{ports.MediaTcp(j)}", "--media-bind", reach.Bind, "--media-address", string.Join(',', reach.All), .. capacity,
        ], directory.Log(name), new Uri($"http://127.0.0.1:{ports.MediaHttp(j)}/readyz"));
}
