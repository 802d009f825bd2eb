using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Bench.Consensus;

/// <summary>
/// Three control-plane replicas as child processes: CreateRoom with metadata, through gRPC, placed, applied, with its whole chain of
/// events. The client talks to the leader, as it does to etcd's. Media nodes are played by streams of this process, so that rooms find a
/// place.
/// </summary>
/// <param name="flags">Further ones of each replica.</param>
public sealed class RoomsSystem(string root, int metadataBytes, params string[] flags) : ISystem
{
    private const int Replicas = 3;
    private const int Nodes = 16;
    private const int Channels = 4;
    private readonly List<Process> _replicas = [];
    private readonly ByteString _metadata = ByteString.CopyFrom(new byte[metadataBytes]);
    private readonly long[] _sequences = new long[4096];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _nodes = [];
    private GrpcChannel[] _channels = [];
    private string[] _addresses = [];
    private RoomService.RoomServiceClient[] _clients = [];

    /// <summary>host:port of the leader, once started.</summary>
    public string Leader { get; private set; } = "";

    public string Name => "CreateRoom";

    public string? LastRefusal { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var ports = LoopbackPorts.Free(Replicas * 3);
        string Grpc(int i) => $"127.0.0.1:{ports[i * 3 + 1]}";
        var data = Path.Combine(root, "rooms");
        var seats = string.Join(',',
            Enumerable.Range(0, Replicas).Select(i => $"127.0.0.1:{ports[i * 3]}:{ports[i * 3 + 1]}:{ports[i * 3 + 2]}"));
        using (var init = Start(Path.Combine(root, "init.log"), "control", "init", "--replicas", seats, "--out", data))
            await init.WaitForExitAsync(cancellationToken);
        for (var i = 0; i < Replicas; i++)
        {
            _replicas.Add(Start(Path.Combine(root, $"replica-{i + 1}.log"), ["control", "--dev", "--data",
                Path.Combine(data, $"replica-{i + 1}"), "--log-level", "Warning",
                "--raft-port", Text(ports[i * 3]), "--grpc-port", Text(ports[i * 3 + 1]), "--http-port", Text(ports[i * 3 + 2]),
                .. flags]));
        }
        _addresses = [.. Enumerable.Range(0, Replicas).Select(Grpc)];
        var leader = await FindLeaderAsync(_addresses, cancellationToken);
        Leader = leader;
        _channels = [.. Enumerable.Range(0, Channels).Select(_ => RpcChannel.Create(leader))];
        _clients = [.. _channels.Select(channel => new RoomService.RoomServiceClient(channel))];
        await AttachNodesAsync(cancellationToken);
    }

    public async ValueTask<bool> CommitAsync(int worker, CancellationToken cancellationToken)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"b-{worker}-{_sequences[worker]++}");
        try
        {
            var reply = await _clients[worker % Channels].CreateRoomAsync(
                new CreateRoomRequest { RequestId = id, RoomId = id, ExpectedParticipants = 1, KeepWhenEmpty = true, Metadata = _metadata },
                    cancellationToken: cancellationToken);
            if (reply.Epoch != 0) return true;
            LastRefusal = "the room found no place"; // which is not what is measured
            return false;
        }
        catch (RpcException e)
        {
            LastRefusal = $"{e.StatusCode}: {e.Status.Detail}";
            return false;
        }
    }

    public TimeSpan CpuTime()
    {
        foreach (var replica in _replicas) replica.Refresh();
        return _replicas.Aggregate(TimeSpan.Zero, (sum, replica) => sum + replica.TotalProcessorTime);
    }

    public long? AllocatedBytes() => null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_nodes);
        foreach (var channel in _channels) channel.Dispose();
        foreach (var replica in _replicas)
        {
            replica.Kill();
            await replica.WaitForExitAsync();
            replica.Dispose();
        }
        _stop.Dispose();
    }

    private async Task AttachNodesAsync(CancellationToken cancellationToken)
    {
        var attached = Enumerable.Range(0, Nodes).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))
            .ToArray();
        for (var i = 0; i < Nodes; i++) _nodes.Add(PlayNodeAsync(i, attached[i]));
        await Task.WhenAll(attached.Select(a => a.Task)).WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
    }

    /// <summary>A node whose replica no longer leads attaches to the one that does, as a real one would.</summary>
    private async Task PlayNodeAsync(int number, TaskCompletionSource attached)
    {
        var leader = Leader;
        while (!_stop.IsCancellationRequested)
        {
            using var channel = RpcChannel.Create(leader);
            try { await AttachAsync(number, new AgentService.AgentServiceClient(channel), attached); }
            catch (Exception e) when (e is RpcException or OperationCanceledException or InvalidOperationException) { }
            try { leader = await FindLeaderAsync(_addresses, _stop.Token); }
            catch (OperationCanceledException) { }
        }
    }

    private async Task AttachAsync(int number, AgentService.AgentServiceClient agent, TaskCompletionSource attached)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using var stream = agent.Attach(cancellationToken: ended.Token);
        await stream.RequestStream.WriteAsync(new AgentMessage
        {
            Hello = new AgentHello
            {
                NodeId = $"bench-{number}",
                Incarnation = (ulong)number + 1,
                Address = $"127.0.0.1:{number + 1}",
                Capacity = new Capacity { Publishers = 100_000, Subscribers = 1_000_000, BitrateKbps = 1_000_000_000 },
            },
        }, ended.Token);
        var beating = BeatAsync(stream.RequestStream, ended.Token);
        try
        {
            await foreach (var directive in stream.ResponseStream.ReadAllAsync(ended.Token))
                if (directive.KindCase == AgentDirective.KindOneofCase.HeartbeatAck) attached.TrySetResult();
        }
        finally
        {
            await ended.CancelAsync();
            await beating;
        }
    }

    private static async Task BeatAsync(IClientStreamWriter<AgentMessage> stream, CancellationToken ended)
    {
        try
        {
            for (ulong sequence = 1; !ended.IsCancellationRequested; sequence++)
            {
                await stream.WriteAsync(new AgentMessage { Heartbeat = new Heartbeat { Sequence = sequence, Load = new Load() } }, ended);
                await Task.Delay(TimeSpan.FromSeconds(1), ended);
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException or InvalidOperationException) { }
    }

    private static async Task<string> FindLeaderAsync(string[] addresses, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            foreach (var address in addresses)
            {
                using var channel = RpcChannel.Create(address);
                try
                {
                    var status = await new ClusterService.ClusterServiceClient(channel).GetStatusAsync(new GetStatusRequest(),
                        deadline: DateTime.UtcNow.AddSeconds(2), cancellationToken: cancellationToken);
                    if (status.Role == ReplicaRole.Leader) return address;
                }
                catch (RpcException) { }
            }
            await Task.Delay(100, cancellationToken);
        }
        throw new TimeoutException("the replicas elected no leader within a minute");
    }

    private static Process Start(string log, params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo("/bin/bash") { RedirectStandardInput = true };
        foreach (var word in (string[])["-c", $"exec \"$@\" >>'{log}' 2>&1", "server", CliProcess.ExecutablePath])
            start.ArgumentList.Add(word);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
