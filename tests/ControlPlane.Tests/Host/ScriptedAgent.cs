using System.Collections.Concurrent;
using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>A media node's agent that does what a test tells it, and remembers all it was told.</summary>
internal sealed class ScriptedAgent : IAsyncDisposable
{
    private readonly AsyncDuplexStreamingCall<AgentMessage, AgentDirective> _call;
    private readonly ConcurrentQueue<AgentDirective> _told = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Task _reading;
    private Task _beating = Task.CompletedTask;
    private Task _releasing = Task.CompletedTask;
    private ulong _heartbeat;
    private ulong _report;

    private ScriptedAgent(string node, AsyncDuplexStreamingCall<AgentMessage, AgentDirective> call)
    {
        Node = node;
        _call = call;
        _reading = ReadAsync();
    }

    internal string Node { get; }
    internal IReadOnlyList<AgentDirective> Told => [.. _told];
    internal IEnumerable<HeartbeatAck> Acks => _told.Where(d => d.HeartbeatAck is not null).Select(d => d.HeartbeatAck);
    internal RpcException? Ended { get; private set; }
    internal bool IsExpelled => _told.Any(d => d.Expelled is not null);

    internal static AgentHello Hello(string node, ulong incarnation, params HeldRoom[] held)
    {
        var hello = new AgentHello
        {
            NodeId = node,
            Incarnation = incarnation,
            Address = "127.0.0.1:9",
            Version = "test",
            Capacity = new Capacity { Publishers = 10_000, Subscribers = 100_000, BitrateKbps = 100_000_000 },
        };
        hello.Held.AddRange(held);
        return hello;
    }

    internal static async Task<ScriptedAgent> AttachAsync(ChannelBase channel, AgentHello hello)
    {
        var agent = new ScriptedAgent(hello.NodeId, new AgentService.AgentServiceClient(channel).Attach());
        await agent._call.RequestStream.WriteAsync(new AgentMessage { Hello = hello });
        await Eventually.HoldsAsync(() => !agent._told.IsEmpty || agent.Ended is not null, $"{hello.NodeId} is welcomed or refused");
        return agent;
    }

    /// <summary>Attaches to whoever leads, as often as it takes.</summary>
    internal static async Task<ScriptedAgent> AttachAsync(TestCluster cluster, AgentHello hello)
    {
        ScriptedAgent? agent = null;
        await Eventually.HoldsAsync(async () =>
        {
            if (cluster.LeaderIndex is not (>= 0 and var leader)) return false;
            agent = await AttachAsync(cluster.Channel(leader), hello);
            if (agent.Told.Any(d => d.Welcome is not null)) return true;
            await agent.DisposeAsync();
            return false;
        }, $"{hello.NodeId} is welcomed");
        return agent!;
    }

    internal ScriptedAgent KeepBeating()
    {
        _beating = Task.Run(async () =>
        {
            while (!_stop.IsCancellationRequested && Ended is null)
            {
                try
                {
                    await BeatAsync();
                    await Task.Delay(300, _stop.Token);
                }
                catch (Exception e) when (e is RpcException or OperationCanceledException or InvalidOperationException) { return; }
            }
        });
        return this;
    }

    internal async Task<ulong> BeatAsync()
    {
        var sequence = Interlocked.Increment(ref _heartbeat);
        await WriteAsync(new AgentMessage { Heartbeat = new Heartbeat { Sequence = sequence, Load = new Load { CpuPermille = 10 } } });
        return sequence;
    }

    /// <summary>Says that the process stops, as a node does that is asked to end.</summary>
    internal async Task SayLeavingAsync() =>
        await WriteAsync(new AgentMessage
        {
            Heartbeat = new Heartbeat
            {
                Sequence = Interlocked.Increment(ref _heartbeat),
                Load = new Load(),
                Leaving = true
            }
        });

    /// <summary>Ends this side of the stream, and waits for the other's end.</summary>
    internal async Task EndInOrderAsync()
    {
        await _call.RequestStream.CompleteAsync();
        await _reading;
    }

    /// <summary>Gives up what it is told to, from now on.</summary>
    internal ScriptedAgent KeepReleasing()
    {
        _releasing = Task.Run(async () =>
        {
            for (var seen = 0; !_stop.IsCancellationRequested && Ended is null; await Task.Delay(20, CancellationToken.None))
                foreach (var revoke in Told.Skip(seen).Select(directive => { seen++; return directive.Revoke; })
                    .Where(revoke => revoke is not null))
                    await ReleaseAsync(revoke.RoomId, revoke.Epoch);
        });
        return this;
    }

    internal async Task ReleaseAsync(string room, ulong epoch) =>
        await WriteAsync(new AgentMessage
        {
            Report = new RoomReport
            {
                Sequence = ++_report,
                RoomId = room,
                Epoch = epoch,
                Released = new RoomReleased()
            }
        });

    internal async Task JoinedAsync(string room, ulong epoch, string identity, ulong seat) =>
        await WriteAsync(new AgentMessage
        {
            Report = new RoomReport
            {
                Sequence = ++_report,
                RoomId = room,
                Epoch = epoch,
                Joined = new ParticipantJoined { Identity = identity, SeatId = seat }
            }
        });

    internal async Task LeftAsync(string room, ulong epoch, string identity, ulong seat) =>
        await WriteAsync(new AgentMessage
        {
            Report = new RoomReport
            {
                Sequence = ++_report,
                RoomId = room,
                Epoch = epoch,
                Left = new ParticipantLeft { Identity = identity, SeatId = seat }
            }
        });

    internal Task ToldAsync(Func<AgentDirective, bool> what, string description) =>
        Eventually.HoldsAsync(() => _told.Any(what), $"{Node} is told {description}");

    private async Task WriteAsync(AgentMessage message)
    {
        await _writing.WaitAsync();
        try { await _call.RequestStream.WriteAsync(message); }
        finally { _writing.Release(); }
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(_stop.Token)) _told.Enqueue(_call.ResponseStream.Current);
            Ended = new RpcException(Status.DefaultSuccess);
        }
        catch (RpcException e) { Ended = e; }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException) { } // ended by this side
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _call.Dispose();
        await _reading;
        await _beating;
        await _releasing;
        _writing.Dispose();
    }
}
