using VideoScale.Consensus.Core;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Seams;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Workloads.Control;

/// <summary>
/// One direction of a connection: in order and complete, or broken. While the way is cut it waits, as TCP sends again; what waited arrives
/// late.
/// </summary>
internal sealed class Pipe(Simulated world, Happening arrives, int from, int to, int who, Attachment attachment)
{
    private const long PatienceUs = 4_000_000;
    private readonly Queue<(long AtUs, object Message)> _under = new();
    private long _lastUs;
    private long _stalledSinceUs = -1;

    public Attachment Attachment { get; } = attachment;

    public void Send(object message)
    {
        if (Attachment.IsBroken) return;
        var at = Math.Max(_lastUs, world.NowUs + world.DrawDelayUs(from, to, reliable: true));
        _lastUs = at;
        _under.Enqueue((at, message));
        if (_under.Count == 1) Plan(at);
    }

    private void Plan(long atUs) => world.At(Math.Max(atUs, world.NowUs), new Due(arrives, who, 0, 0, this));

    /// <returns>The message that arrives now; null when it does not.</returns>
    public object? Take()
    {
        if (Attachment.IsBroken || _under.Count == 0) return null;
        if (world.IsCut(from, to) || world.IsCut(to, from))
        {
            if (_stalledSinceUs < 0) _stalledSinceUs = world.NowUs;
            if (world.NowUs - _stalledSinceUs > PatienceUs)
            {
                Attachment.IsBroken = true; // the sender heard of no arrival for too long
                Marks.Hit(Mark.ConnectionBroke);
                return null;
            }
        }
        else _stalledSinceUs = -1;
        if (world.IsCut(from, to)) // only this direction holds it up: what arrives is read, though the sender does not learn of it
        {
            Marks.Hit(Mark.ConnectionStalled);
            Plan(world.NowUs + 100_000 + world.Chance.Below(100_000));
            return null;
        }
        var (_, message) = _under.Dequeue();
        if (_under.TryPeek(out var next)) Plan(next.AtUs);
        return message;
    }

    /// <summary>The receiver is frozen: the same message again later.</summary>
    public void PutOff(long untilUs) => Plan(untilUs);
}

/// <summary>A media node's connection to one replica, in one life of each.</summary>
internal sealed class Attachment(int replica, int replicaLife, ulong stream)
{
    public int Replica { get; } = replica;
    public int ReplicaLife { get; set; } = replicaLife;
    public ulong Stream { get; } = stream;
    public bool IsBroken { get; set; }
    public Pipe Up { get; set; } = null!;
    public Pipe Down { get; set; } = null!;

    /// <summary>What the replica serves it with, once it has let it in.</summary>
    public ControlPlane.Host.Leases.AgentSession? Session { get; set; }
    public ControlPlane.Host.Leases.AgentReports? Reports { get; set; }
    public Queue<V1.RoomReport> Waiting { get; } = new();
    public Task Carrying { get; set; } = Task.CompletedTask;
}

/// <summary>The replica ends the connection.</summary>
internal sealed record Closed(int Hint);
