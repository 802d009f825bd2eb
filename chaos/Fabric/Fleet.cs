using Grpc.Core;
using Grpc.Net.Client;
using VideoScale.Chaos.Scenarios;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Chaos.Fabric;

/// <summary>Real control-plane replicas and media nodes as processes, with handles to hurt them.</summary>
public sealed class Fleet : IAsyncDisposable
{
    /// <summary>Generous: a machine with two cores may start five runtimes at once.</summary>
    private static readonly TimeSpan LiveWithin = TimeSpan.FromSeconds(60);
    private const ulong AppliedEnough = 128; // entries on their way
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(5);

    private readonly string? _program;
    private readonly FleetPlan _plan;
    private readonly TlsMaterial? _tls;
    private readonly ServerProcess[] _replicas;
    private readonly Dictionary<string, ServerProcess> _nodes;
    private readonly GrpcChannel[] _replicaChannels;
    private readonly Dictionary<string, GrpcChannel> _nodeChannels;

    private Fleet(FleetPlan plan, string? program)
    {
        _program = program;
        _plan = plan;
        _tls = plan.Tls;
        _replicas = [.. plan.Replicas.Select(p => new ServerProcess(p.Name, p.Command, p.LogFile))];
        _nodes = plan.Nodes.ToDictionary(p => p.Name, p => new ServerProcess(p.Name, p.Command, p.LogFile), StringComparer.Ordinal);
        _replicaChannels = [.. plan.Replicas.Select(p => RpcChannel.Create(p.GrpcAddress, _tls))];
        _nodeChannels = plan.Nodes.ToDictionary(p => p.Name, p => RpcChannel.Create(p.GrpcAddress, _tls), StringComparer.Ordinal);
    }

    public IReadOnlyList<GrpcChannel> Replicas => _replicaChannels;
    public IReadOnlyDictionary<string, GrpcChannel> Nodes => _nodeChannels;
    public IReadOnlyList<string> NodeNames => [.. _plan.Nodes.Select(n => n.Name)];

    public static async Task<Fleet> StartAsync(FleetShape shape, string directory, CancellationToken cancellationToken)
    {
        var fleet = new Fleet(await FleetPlan.MakeAsync(shape, directory, cancellationToken), shape.Program);
        try
        {
            foreach (var process in fleet._replicas) process.Start();
            foreach (var process in fleet._nodes.Values) process.Start();
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

    public string DataOf(int replica) => _plan.Replicas[replica].DataDirectory;

    public void KillReplica(int replica) => _replicas[replica].Kill();
    public void PauseReplica(int replica) => _replicas[replica].Pause();
    public void ResumeReplica(int replica) => _replicas[replica].Resume();
    public void KillNode(string node) => _nodes[node].Kill();
    public void PauseNode(string node) => _nodes[node].Pause();
    public void ResumeNode(string node) => _nodes[node].Resume();

    /// <summary>Starts it and waits until it could take over, as whoever restarts replicas one by one must.</summary>
    public async Task StartReplicaAsync(int replica, CancellationToken cancellationToken)
    {
        _replicas[replica].Start();
        await AwaitAsync($"replica {replica} to follow or lead, and to have applied what is committed", async () =>
            await StatusAsync(replica, cancellationToken) is { LeaderId: not 0 } status
                && status.AppliedIndex + AppliedEnough >= status.CommitIndex, cancellationToken);
    }

    /// <summary>In good order: the replica ends, and starts with the version that was built beside the harness.</summary>
    public async Task UpgradeReplicaAsync(int replica, CancellationToken cancellationToken)
    {
        await UpgradeAsync(_replicas[replica], cancellationToken);
        await StartReplicaAsync(replica, cancellationToken);
    }

    /// <summary>As a replica.</summary>
    public async Task UpgradeNodeAsync(string node, CancellationToken cancellationToken)
    {
        await UpgradeAsync(_nodes[node], cancellationToken);
        await StartNodeAsync(node, cancellationToken);
    }

    private async Task UpgradeAsync(ServerProcess process, CancellationToken cancellationToken)
    {
        await process.TerminateAsync(cancellationToken);
        if (_program is not null) process.Become(_program, CommandLineProgram.Path);
    }

    public async Task StartNodeAsync(string node, CancellationToken cancellationToken)
    {
        _nodes[node].Start();
        await AwaitAsync($"{node} to hold a lease", async () => (await new AdmissionService.AdmissionServiceClient(_nodeChannels[node])
            .GetAuthorityAsync(new GetAuthorityRequest(), deadline: Soon())).LeaseLeftMs > 0, cancellationToken);
    }

    /// <summary>Between a node and all replicas, one way or both; silent to both ends.</summary>
    public void CutNode(string node, bool toNode, bool fromNode)
    {
        foreach (var replica in _plan.Replicas)
        {
            if (toNode) _plan.Network!.Cut(replica.Name, node);
            if (fromNode) _plan.Network!.Cut(node, replica.Name);
        }
    }

    /// <summary>Between a replica and all others, one way or both; the harness still reaches it.</summary>
    public void CutReplica(int replica, bool hears, bool speaks)
    {
        var name = _plan.Replicas[replica].Name;
        foreach (var other in _plan.Replicas.Where(other => other.Name != name))
        {
            if (!hears) _plan.Network!.Cut(other.Name, name);
            if (!speaks) _plan.Network!.Cut(name, other.Name);
        }
    }

    public Task AwaitLeaderKnownAsync(CancellationToken cancellationToken) => AwaitAsync("every replica to know a leader", async () =>
        (await Task.WhenAll(Enumerable.Range(0, _replicas.Length).Select(i => StatusAsync(i, cancellationToken))))
            .All(status => status.LeaderId != 0), cancellationToken);

    public string AddressOf(int replica) => _plan.Replicas[replica].GrpcAddress;

    /// <summary>Flags with which the command line is let in.</summary>
    public IReadOnlyList<string> Credentials =>
        _plan.Credentials is not { } tls ? [] : ["--ca", tls.CaPath, "--cert", tls.CertPath, "--key", tls.KeyPath];

    public void Heal() => _plan.Network!.Heal();

    public double PacketsCut() => _plan.Network is null ? 0 : Namespaces.Swallowed();

    public async Task<GetStatusReply> StatusAsync(int replica, CancellationToken cancellationToken) =>
        await new ClusterService.ClusterServiceClient(_replicaChannels[replica])
            .GetStatusAsync(new GetStatusRequest(), deadline: Soon(), cancellationToken: cancellationToken);

    /// <summary>Which replica leads, asked of the replicas themselves.</summary>
    public async Task<int> LeaderAsync(CancellationToken cancellationToken)
    {
        var leader = -1;
        await AwaitAsync("a leader", async () =>
        {
            var statuses = await Task.WhenAll(Enumerable.Range(0, _replicas.Length).Where(i => _replicas[i].IsRunning).Select(async i =>
            {
                try { return (Index: i, Status: await StatusAsync(i, cancellationToken)); }
                catch (RpcException) { return (Index: i, Status: new GetStatusReply()); }
            }));
            var leading = statuses.Where(s => s.Status.Role == ReplicaRole.Leader).OrderByDescending(s => s.Status.Term).ToArray();
            leader = leading.Length > 0 ? leading[0].Index : -1;
            return leader >= 0;
        }, cancellationToken);
        return leader;
    }

    /// <summary>Creates a room through any replica but one, asking all of them without pause until one acknowledges.</summary>
    /// <returns>The log index it was committed at.</returns>
    public async Task<ulong> AwaitCommitAsync(int except, string room, CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        done.CancelAfter(LiveWithin);
        var tries = Enumerable.Range(0, _replicas.Length).Where(i => i != except).Select(i => CommitThroughAsync(i, room, done.Token))
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
        var client = new RoomService.RoomServiceClient(_replicaChannels[replica]);
        var request = new CreateRoomRequest { RequestId = room, RoomId = room, KeepWhenEmpty = true };
        while (!cancellationToken.IsCancellationRequested)
        {
            try { return (await client.CreateRoomAsync(request, deadline: Soon(), cancellationToken: cancellationToken)).Commit.LogIndex; }
            catch (RpcException) { await Task.Delay(AskAgain, CancellationToken.None); }
        }
        return null;
    }

    /// <summary>Ends the replicas in good order, so that their directories can be read.</summary>
    public Task StopReplicasAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_replicas.Select(r => r.TerminateAsync(cancellationToken)));

    public Task<(int ExitCode, string Output)> RunCliAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        CommandLineProgram.RunAsync(arguments, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _replicaChannels.Concat(_nodeChannels.Values)) channel.Dispose();
        await Task.WhenAll(_nodes.Values.Concat(_replicas).Select(p => { p.Resume(); return p.TerminateAsync(CancellationToken.None); }));
        foreach (var process in _nodes.Values.Concat(_replicas)) process.Dispose();
        _tls?.Dispose();
    }

    private Task AwaitNodesAsync(CancellationToken cancellationToken) => AwaitAsync($"{_nodes.Count} healthy media nodes", async () =>
        (await new NodeService.NodeServiceClient(_replicaChannels[0])
            .ListNodesAsync(new ListNodesRequest(), deadline: Soon(), cancellationToken: cancellationToken))
            .Nodes.Count(n => n.Health == NodeHealth.Healthy) >= _nodes.Count, cancellationToken);

    private static DateTime Soon() => DateTime.UtcNow.AddSeconds(2);

    private static async Task AwaitAsync(string what, Func<Task<bool>> isSo, CancellationToken cancellationToken)
    {
        var until = DateTime.UtcNow + LiveWithin;
        var last = "";
        while (DateTime.UtcNow < until)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try { if (await isSo()) return; }
            catch (RpcException e) { last = e.Status.ToString(); }
            await Task.Delay(50, cancellationToken);
        }
        throw new NotLiveException($"waited {LiveWithin.TotalSeconds:0} s for {what}; {last}");
    }
}
