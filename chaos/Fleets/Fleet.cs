using Grpc.Core;
using Grpc.Net.Client;
using VideoScale.Chaos.Faults;
using VideoScale.Chaos.Scenarios;
using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Chaos.Fleets;

/// <summary>What scenarios do to a cluster of real processes, and wait for.</summary>
public sealed class Fleet : IAsyncDisposable
{
    /// <summary>Generous: a machine with two cores may start five runtimes at once.</summary>
    private static readonly TimeSpan LiveWithin = TimeSpan.FromSeconds(60);
    private const ulong AppliedEnough = 128; // entries on their way
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(5);

    private readonly TestCluster _cluster;

    private Fleet(TestCluster cluster)
    {
        _cluster = cluster;
        Replicas = [.. cluster.Replicas.Select(cluster.Channel)];
        Nodes = cluster.Media.ToDictionary(node => node.NodeId, cluster.Channel, StringComparer.Ordinal);
    }

    public IReadOnlyList<GrpcChannel> Replicas { get; }
    public IReadOnlyDictionary<string, GrpcChannel> Nodes { get; }
    public IReadOnlyList<string> NodeNames => [.. _cluster.Media.Select(node => node.NodeId)];

    /// <param name="options">Says where data, certificates, and the log of every process go, and what keeps the log.</param>
    /// <param name="environment">Of a replica or a media node, by its name.</param>
    public static async Task<Fleet> StartAsync(ClusterShape shape, ScenarioOptions options, CancellationToken cancellationToken,
        Func<string, IReadOnlyDictionary<string, string>>? environment = null)
    {
        var fleet = new Fleet(await TestCluster.CreateAsync(shape with { Logs = options.Out, Engine = options.Engine },
            Path.Combine(options.Out, "cluster")));
        try
        {
            foreach (var server in fleet.Servers())
                foreach (var (name, value) in environment?.Invoke(server.Name) ?? new Dictionary<string, string>())
                    server.Environment[name] = value;
            if (options.Engine == "dotnext-plain")
                foreach (var replica in fleet._cluster.Replicas) replica.Environment["VIDEOSCALE_UNSAFE_ENGINE"] = "1";
            fleet._cluster.Start();
            await fleet.LeaderAsync(cancellationToken);
            await fleet.AwaitNodesAsync(cancellationToken);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    public string DataOf(int replica) => _cluster.Replicas[replica].DataDirectory;

    public string NameOf(int replica) => _cluster.Replicas[replica].Name;

    public Task KillReplicaAsync(int replica) => _cluster.Replicas[replica].KillAsync();
    public void PauseReplica(int replica) => _cluster.Replicas[replica].Freeze();
    public void ResumeReplica(int replica) => _cluster.Replicas[replica].Resume();
    public Task KillNodeAsync(string node) => Node(node).KillAsync();
    public void PauseNode(string node) => Node(node).Freeze();
    public void ResumeNode(string node) => Node(node).Resume();

    /// <summary>Starts it, and waits for nothing.</summary>
    public void BeginReplica(int replica) => _cluster.Replicas[replica].Start();

    /// <summary>Starts it and waits until it could take over, as whoever restarts replicas one by one must.</summary>
    public async Task StartReplicaAsync(int replica, CancellationToken cancellationToken)
    {
        _cluster.Replicas[replica].Start();
        await AwaitAsync($"replica {replica} to follow or lead, and to have applied what is committed", async () =>
            await StatusAsync(replica, cancellationToken) is { LeaderId: not 0 } status
                && status.AppliedIndex + AppliedEnough >= status.CommitIndex, cancellationToken);
    }

    public async Task StartNodeAsync(string node, CancellationToken cancellationToken)
    {
        Node(node).Start();
        await AwaitAsync($"{node} to hold a lease", async () => (await _cluster.Admission(Node(node))
            .GetAuthorityAsync(new GetAuthorityRequest(), deadline: Soon(), cancellationToken: cancellationToken)).LeaseLeftMs > 0,
            cancellationToken);
    }

    /// <summary>In good order: the replica ends, and starts with the version that was built beside the harness.</summary>
    public async Task UpgradeReplicaAsync(int replica, CancellationToken cancellationToken)
    {
        await StopAsync(_cluster.Replicas[replica]);
        _cluster.Replicas[replica].Program = null;
        await StartReplicaAsync(replica, cancellationToken);
    }

    /// <summary>As a replica.</summary>
    public async Task UpgradeNodeAsync(string node, CancellationToken cancellationToken)
    {
        await StopAsync(Node(node));
        Node(node).Program = null;
        await StartNodeAsync(node, cancellationToken);
    }

    /// <summary>Between a node and all replicas, one way or both; silent to both ends.</summary>
    public void CutNode(string node, bool toNode, bool fromNode)
    {
        foreach (var replica in _cluster.Replicas)
        {
            if (toNode) _cluster.Network!.Cut(replica.Name, node);
            if (fromNode) _cluster.Network!.Cut(node, replica.Name);
        }
    }

    /// <summary>
    /// Between a replica and all that keep the log with it, one way or both; the harness still reaches it.
    /// </summary>
    public void CutReplica(int replica, bool hears, bool speaks)
    {
        var name = _cluster.Replicas[replica].Name;
        IEnumerable<string> others = _cluster.Replicas.Select(other => other.Name).Where(other => other != name);
        if (_cluster.LogPlace is { } place) others = others.Append(place);
        foreach (var other in others)
        {
            if (!hears) _cluster.Network!.Cut(other, name);
            if (!speaks) _cluster.Network!.Cut(name, other);
        }
    }

    /// <summary>All at one moment: nothing that one replica sends reaches the other; the harness still reaches both.</summary>
    public void CutLinks(IEnumerable<(int From, int To)> links) =>
        _cluster.Network!.Cut([.. links.Select(link => (_cluster.Replicas[link.From].Name, _cluster.Replicas[link.To].Name))]);

    /// <summary>These alone are cut from now on.</summary>
    public void Cut(IReadOnlyCollection<LinkEnds> links) =>
        _cluster.Network!.Replace([.. links.Select(link => (ProcessOf(link.From).Name, ProcessOf(link.To).Name))]);

    public void Heal() => _cluster.Network!.Heal();

    public IEnumerable<ServerProcess> Servers() => _cluster.Replicas.Cast<ServerProcess>().Concat(_cluster.Media);

    public ServerProcess ProcessOf(End end) => end.IsNode ? _cluster.Media[end.Number] : _cluster.Replicas[end.Number];

    public double PacketsCut() => _cluster.Network is null ? 0 : Namespaces.Swallowed();

    public string AddressOf(int replica) => _cluster.Replicas[replica].GrpcAddress;

    /// <summary>Flags with which the command line is let in.</summary>
    public IReadOnlyList<string> Credentials => _cluster.Credentials;

    public async Task<GetStatusReply> StatusAsync(int replica, CancellationToken cancellationToken) =>
        await _cluster.Cluster(_cluster.Replicas[replica])
            .GetStatusAsync(new GetStatusRequest(), deadline: Soon(), cancellationToken: cancellationToken);

    public Task AwaitLeaderKnownAsync(CancellationToken cancellationToken) => AwaitAsync("every replica to know a leader", async () =>
        (await Task.WhenAll(Enumerable.Range(0, Replicas.Count).Select(i => StatusAsync(i, cancellationToken))))
            .All(status => status.LeaderId != 0), cancellationToken);

    /// <summary>Which replica leads, asked of the replicas themselves.</summary>
    public async Task<int> LeaderAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try { return (await _cluster.WaitForLeaderAsync(limit: LiveWithin)).Index; }
        catch (TimeoutException e) { throw new NotLiveException($"no replica leads within {LiveWithin.TotalSeconds:0} s", e); }
    }

    /// <summary>Creates a room through any replica but one, asking all of them without pause until one acknowledges.</summary>
    /// <returns>The log index it was committed at.</returns>
    public async Task<ulong> AwaitCommitAsync(int except, string room, CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        done.CancelAfter(LiveWithin);
        var tries = Enumerable.Range(0, Replicas.Count).Where(i => i != except).Select(i => CommitThroughAsync(i, room, done.Token))
            .ToList();
        while (tries.Count > 0)
        {
            var first = await Task.WhenAny(tries);
            tries.Remove(first);
            if (await first is not { } index) continue;
            await done.CancelAsync();
            await Task.WhenAll(tries);
            return index;
        }
        cancellationToken.ThrowIfCancellationRequested();
        throw new NotLiveException($"no command was committed within {LiveWithin.TotalSeconds:0} s");
    }

    private async Task<ulong?> CommitThroughAsync(int replica, string room, CancellationToken cancellationToken)
    {
        var client = new RoomService.RoomServiceClient(Replicas[replica]);
        var request = new CreateRoomRequest { RequestId = room, RoomId = room, KeepWhenEmpty = true };
        while (!cancellationToken.IsCancellationRequested)
        {
            try { return (await client.CreateRoomAsync(request, deadline: Soon(), cancellationToken: cancellationToken)).Commit.LogIndex; }
            catch (RpcException) { await Task.Delay(AskAgain, CancellationToken.None); }
        }
        return null;
    }

    public async Task CreateRoomAsync(int replica, string room, CancellationToken cancellationToken) =>
        await new RoomService.RoomServiceClient(Replicas[replica]).CreateRoomAsync(
            new CreateRoomRequest { RequestId = room, RoomId = room, KeepWhenEmpty = true }, deadline: Soon(),
            cancellationToken: cancellationToken);

    /// <summary>Asked for until there is an answer that counts.</summary>
    public async Task<bool> HasRoomAsync(int replica, string room, CancellationToken cancellationToken)
    {
        var found = false;
        await AwaitAsync($"replica {replica} to say whether there is {room}", async () =>
        {
            try
            {
                await new RoomService.RoomServiceClient(Replicas[replica]).GetRoomAsync(
                    new GetRoomRequest { RoomId = room, Consistency = Consistency.Linearizable }, deadline: Soon(),
                    cancellationToken: cancellationToken);
                return found = true;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.NotFound) { return true; }
        }, cancellationToken);
        return found;
    }

    /// <summary>Replicas whose state or events differ at one index of the log.</summary>
    public async Task<IReadOnlyList<string>> DisagreementsAsync(CancellationToken cancellationToken)
    {
        var seen = new Dictionary<ulong, (int Replica, GetStatusReply Status)>();
        var (found, compared) = (new List<string>(), 0);
        await AwaitAsync("all replicas to be seen at one index", async () =>
        {
            foreach (var replica in Enumerable.Range(0, Replicas.Count))
            {
                var status = await StatusAsync(replica, cancellationToken);
                if (!seen.TryGetValue(status.HashedAtIndex, out var other)) seen[status.HashedAtIndex] = other = (replica, status);
                if (other.Replica == replica) continue;
                compared++;
                if (!other.Status.StateHash.Equals(status.StateHash) || !other.Status.ChainHead.Equals(status.ChainHead))
                    found.Add($"replicas {other.Replica} and {replica} differ at log index {status.HashedAtIndex}");
            }
            return compared >= Replicas.Count || found.Count > 0;
        }, cancellationToken);
        return found;
    }

    public static async Task<(int Code, string Output)> RunCliAsync(IReadOnlyList<string> arguments)
    {
        var done = await CliProcess.RunAsync(arguments, limit: TimeSpan.FromMinutes(5)); // a replay of a long run
        return (done.ExitCode, done.Output + done.Errors);
    }

    /// <summary>Ends the replicas in good order, so that their directories can be read.</summary>
    public Task StopReplicasAsync() => Task.WhenAll(_cluster.Replicas.Select(StopAsync));

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_cluster.Media.Cast<ServerProcess>().Concat(_cluster.Replicas).Select(StopAsync));
        await _cluster.DisposeAsync();
    }

    private static async Task StopAsync(ServerProcess server)
    {
        if (!server.IsRunning) return;
        server.Resume();
        try { await server.StopAsync(); }
        catch (TimeoutException) { await server.KillAsync(); }
    }

    private MediaProcess Node(string node) => _cluster.Media.Single(process => process.NodeId == node);

    private Task AwaitNodesAsync(CancellationToken cancellationToken) => AwaitAsync($"{Nodes.Count} healthy media nodes", async () =>
        (await new NodeService.NodeServiceClient(Replicas[0])
            .ListNodesAsync(new ListNodesRequest(), deadline: Soon(), cancellationToken: cancellationToken))
            .Nodes.Count(n => n.Health == NodeHealth.Healthy) >= Nodes.Count, cancellationToken);

    private static DateTime Soon() => DateTime.UtcNow.AddSeconds(2);

    private static async Task AwaitAsync(string what, Func<Task<bool>> isSo, CancellationToken cancellationToken)
    {
        try
        {
            await Eventually.HoldsAsync(() =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                return isSo();
            }, what, LiveWithin);
        }
        catch (TimeoutException e) { throw new NotLiveException($"waited {LiveWithin.TotalSeconds:0} s for {what}", e); }
    }
}
