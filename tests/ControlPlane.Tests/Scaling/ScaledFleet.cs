using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Host.Scaling;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Scaling;
using VideoScale.ControlPlane.Tests.Core;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Scaling;

/// <summary>
/// The scaler as it is, over the domain as it is, in virtual time; nodes boot, fail and hold rooms by a seed, and leaders change.
/// </summary>
internal sealed class ScaledFleet
{
    internal const string Pool = "eu";
    private const ulong NodeKbps = 100_000, RoomKbps = 20_000;
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
    private readonly Random _chance;
    private readonly Dictionary<NodeId, int> _booting = [];
    private readonly HashSet<NodeId> _nodes = [];
    private Scaler _scaler = null!;
    private int _rooms;

    internal ScaledFleet(int seed, PoolPolicy policy, int faultPercent)
    {
        _chance = new Random(seed);
        Provider = new(new Random(seed + 1), faultPercent) { BeforeEnd = key => Broken(Holds(key) == 0, $"{key} was ended with rooms") };
        Bed.Must(new PoolCommand.SetPolicy(Pool, policy));
        ChangeLeader();
    }

    internal Tests.Core.Bed Bed { get; } = new();
    internal ProviderStandIn Provider { get; }
    internal List<string> Violations { get; } = [];
    internal PoolRecord Record => Bed.State.FindPool(Pool)!;

    /// <summary>A command of the leader before comes too late, as one that was frozen would send it.</summary>
    internal bool LosesCommands { get; set; }
    internal int OpenRooms => Bed.State.Rooms.InOrder().Count(room => room.Record.Phase == RoomPhase.Open);

    internal void ChangeLeader()
    {
        Bed.Term++;
        _scaler = new Scaler(new Reconciler(Provider, _clock, NullLogger<Reconciler>.Instance), NullLogger.Instance);
    }

    internal async Task RoundAsync()
    {
        await _scaler.RunAsync(() => new(Inputs()), Submit, CancellationToken.None);
        Check();
    }

    /// <summary>Two seconds: instances boot and register, drains complete, rooms that wait are placed.</summary>
    internal void Pass(int bootsWithinRounds, bool neverBoot = false)
    {
        _clock.Advance(TimeSpan.FromSeconds(2));
        Bed.Pass(2_000);
        foreach (var key in Provider.Running.Keys.Where(key => !_nodes.Contains(key) && !_booting.ContainsKey(key)))
            _booting[key] = _chance.Next(0, bootsWithinRounds);
        foreach (var (key, left) in _booting.ToArray())
        {
            if (!Provider.Running.ContainsKey(key)) _booting.Remove(key);
            else if (neverBoot || left > 0) _booting[key] = left - 1;
            else if (_nodes.Add(key)) Register(key);
        }
        foreach (var key in _nodes.Where(key => !Provider.Running.ContainsKey(key)).ToArray())
        {
            _nodes.Remove(key);
            _booting.Remove(key);
            if (Bed.State.FindNode(key) is { } node) Bed.Do(new NodeCommand.DeclareLost(key, node.Record.Incarnation,
                LossReason.LeaseEnded));
        }
        foreach (var node in Bed.State.Draining().ToArray()) Drain(node.Record.Id);
        foreach (var room in Bed.State.WaitingForPlacement().ToArray()) Place(room.Record.Id);
    }

    private void Register(NodeId key)
    {
        _booting.Remove(key);
        Bed.Do(new NodeCommand.Register(Tests.Core.Bed.Describe(key.Value, bitrateKbps: NodeKbps)));
    }

    internal void Open(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var id = $"r{++_rooms}";
            Bed.Room(id);
            Place(new(id));
        }
    }

    internal void Close(int count)
    {
        foreach (var room in Bed.State.Rooms.InOrder().Where(room => room.Record.Phase == RoomPhase.Open).Take(count).ToArray())
        {
            Bed.Must(new RoomCommand.Close(room.Record.Id, Epoch.None));
            if (room.Record.Owner is { } owner) Bed.Must(new RoomCommand.Release(room.Record.Id, owner.Epoch, owner.Node, 1));
        }
    }

    private void Place(RoomId room)
    {
        var best = Bed.State.Nodes.InOrder().Where(node => node.Record.TakesRooms && node.Charged.BitrateKbps + RoomKbps <= NodeKbps)
            .MinBy(node => node.Charged.BitrateKbps);
        if (best is not null) Bed.Assign(room.Value, best.Name, new(0, 0, RoomKbps));
    }

    /// <summary>Moves what is there, one by one, and completes.</summary>
    private void Drain(NodeId key)
    {
        var node = Bed.State.FindNode(key)!;
        foreach (var room in node.Rooms.InOrder().Take(1).ToArray())
        {
            if (room.Record.Phase == RoomPhase.Open && !room.Record.Owner!.IsRevoked)
                Bed.Do(new RoomCommand.Revoke(room.Record.Id, room.Record.LastEpoch, RevokeReason.Drain, new("")));
            Bed.Do(new RoomCommand.Release(room.Record.Id, room.Record.LastEpoch, key, 1));
        }
        if (node.Rooms.Count == 0) Bed.Do(new DrainCommand.Complete(key));
    }

    private int Holds(NodeId key) => Bed.State.FindNode(key)?.Rooms.Count ?? 0;

    private List<ScalingInput> Inputs()
    {
        var inputs = new ScalingInputs(
            key => Bed.State.FindNode(key) is { } node ? new NodeUse(node.Charged, 0) : null,
            record => (new V1.Load { Rooms = (uint)Holds(record.Id) }, TimeSpan.Zero));
        return [.. Bed.State.Pools.Select(pool => inputs.Of(Bed.State, pool, Bed.Now.UnixMs, Bed.Now.UnixMs))];
    }

    private ValueTask<Failure?> Submit(DomainCommand command)
    {
        if (LosesCommands && _chance.Next(4) == 0) return new((Failure?)null); // its outcome is not known here, and it was not done
        return new(Bed.Do(command).Failure);
    }

    internal void Check()
    {
        var standing = Record.Standing;
        Broken(standing <= Record.Policy.Max, $"{standing} instances stand of at most {Record.Policy.Max}");
        foreach (var room in Bed.State.Rooms.InOrder())
            if (room.Record.Owner is { } owner)
                Broken(Bed.State.FindNode(owner.Node) is not null, $"room {room.Name} is on {owner.Node}, which is not there");
    }

    internal void Broken(bool holds, string what)
    {
        if (!holds) Violations.Add($"at {Bed.Now}: {what}");
    }
}
