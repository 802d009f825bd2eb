using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

/// <summary>
/// Makes commands that are mostly sensible and often not: stale epochs, wrong processes, repeats, caps about to be passed.
/// </summary>
/// <param name="updates">Rooms are opened and updated too. A golden scenario of before there were updates goes on without.</param>
internal sealed class RandomWorld(Random random, bool updates = true)
{
    public DomainCommand Next(Bed bed)
    {
        var room = new RoomId("r" + random.Next(8));
        var node = new NodeId("n" + random.Next(4));
        var who = new ParticipantIdentity("p" + random.Next(6));
        var inState = bed.State.FindRoom(room);
        var epoch = random.Next(8) == 0 ? new Epoch((ulong)random.Next(60)) : inState?.Record.LastEpoch ?? Epoch.None;
        var incarnation = bed.State.FindNode(node)?.Record.Incarnation ?? 1;
        var process = random.Next(6) == 0 ? (ulong)random.Next(1, 5) : incarnation;
        var role = random.Next(3) == 0 ? ParticipantRole.Subscriber : ParticipantRole.Publisher;
        if (updates && random.Next(24) == 0)
            return random.Next(2) == 0 ? new RoomCommand.Update(room, Patch())
                : new RoomCommand.Open(room, room.Value, Patch(), random.Next(3) > 0, random.Next(3) == 0 ? null : Choice(node, process),
                bed.Term);
        switch (random.Next(34))
        {
            case 0 or 1:
                return new NodeCommand.Register(Bed.Describe(node.Value, (ulong)random.Next(1, 6), (uint)random.Next(4, 12),
                    (uint)random.Next(6, 14), (ulong)random.Next(15_000, 60_000)));
            case 2: return random.Next(3) == 0 ? new NodeCommand.Suspect(node, process) : new NodeCommand.Uncordon(node);
            case 3: return new NodeCommand.Recover(node, process);
            case 4:
                return random.Next(3) == 0 ? new NodeCommand.DeclareLost(node, process, (LossReason)random.Next(1, 3))
                    : new NodeCommand.Recover(node, process);
            case 5: return random.Next(4) == 0 ? new NodeCommand.Cordon(node) : new NodeCommand.Uncordon(node);
            case 6:
                return random.Next(4) == 0 ? new NodeCommand.Deregister(node)
                : random.Next(2) == 0 ? new NodeCommand.Uncordon(node) : new DrainCommand.Begin(node, (ulong)random.Next(3) * 10_000);
            case 7: return random.Next(3) == 0 ? new DrainCommand.Cancel(node) : new DrainCommand.Complete(node);
            case 8: return new DrainCommand.TimeOut(node);
            case 9 or 10 or 11:
                return new RoomCommand.Create(room, Settings(), random.Next(3) == 0 ? null : Choice(node, process), bed.Term);
            case 12 or 13 or 14 or 15: return new RoomCommand.Assign(room, epoch, Choice(node, process));
            case 16: return new RoomCommand.Revoke(room, epoch, (RevokeReason)random.Next(1, 3), random.Next(2) == 0 ? new("") : node);
            case 17: return new RoomCommand.Move(room, random.Next(2) == 0 ? new("") : node, random.Next(2) == 0 ? Epoch.None : epoch);
            case 18 or 19:
                return new RoomCommand.Release(room, epoch, random.Next(5) == 0 ? node : inState?.Record.LastNode ?? node,
                    inState?.Record.Owner?.Incarnation ?? process);
            case 20 or 21: return new RoomCommand.ExpireOwnership(room, epoch);
            case 22:
                return random.Next(2) == 0 ? new RoomCommand.Close(room, random.Next(2) == 0 ? Epoch.None : epoch)
                    : new RoomCommand.CloseEmpty(room);
            case 23: return new RoomCommand.RecordPlacementFailure(room, epoch, Choice(node, 0) with { Node = new("") });
            case 24 or 25 or 26 or 27: return new ParticipantCommand.Admit(room, who, role);
            case 28 or 29 or 30: return Presence(bed, node, process);
            case 31: return new ParticipantCommand.Remove(room, who, "");
            case 32: return new ParticipantCommand.SetRole(room, who, role);
            default:
                var seat = inState is not null && inState.Seats.TryGet(who, out var held) ? held.SeatId : 1;
                return new ParticipantCommand.ExpireSeat(room, who, seat);
        }
    }

    private RoomSettings Settings() =>
        new((uint)random.Next(4), "", (uint)random.Next(5), (uint)random.Next(4), (ulong)random.Next(3) * 20_000, new byte[random.Next(3)]);

    private RoomPatch Patch() =>
        new(random.Next(3) == 0 ? (ulong)random.Next(3) * 20_000 : null, random.Next(3) == 0 ? (ulong)random.Next(3) * 10_000 : null,
        random.Next(3) == 0 ? (uint)random.Next(5) : null, random.Next(3) == 0 ? new byte[random.Next(3)] : (ReadOnlyMemory<byte>?)null);

    private PlacementDecision Choice(NodeId node, ulong process) =>
        new(node, process, new((uint)random.Next(4), (uint)random.Next(5), (ulong)random.Next(20_000)), PlacementReason.Created, 1, 1,
            [new(node, random.Next(1000))], [new(new("n9"), RejectionReason.Publishers, 1, 2, 3)], [new(RejectionReason.Publishers, 1)]);

    private ParticipantCommand.ReportPresence Presence(Bed bed, NodeId node, ulong process)
    {
        var reports = new List<PresenceReport>();
        for (var i = random.Next(4); i >= 0; i--)
        {
            var room = bed.State.FindRoom(new("r" + random.Next(8)));
            if (room is null) continue;
            var who = new ParticipantIdentity("p" + random.Next(6));
            var seatId = room.Seats.TryGet(who, out var seat) && random.Next(8) > 0 ? seat.SeatId : 3;
            if (random.Next(4) > 0 && room.Record.Owner is { } owner) (node, process) = (owner.Node, owner.Incarnation);
            reports.Add(new(room.Record.Id, random.Next(8) == 0 ? new(5) : room.Record.LastEpoch, who, seatId, random.Next(3) > 0));
        }
        return new(node, process, [.. reports]);
    }
}
