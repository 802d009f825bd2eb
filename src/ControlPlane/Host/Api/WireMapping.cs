using Google.Protobuf;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using Proto = VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Api;

/// <summary>State as messages. Called on the apply thread: what is returned shares nothing that changes.</summary>
internal static class WireMapping
{
    internal static Proto.Room ToWire(this RoomState room)
    {
        var record = room.Record;
        return new Proto.Room
        {
            RoomId = record.Id.Value,
            Status = (Proto.RoomStatus)record.Status,
            NodeId = record.Owner is { } owner && record.Phase != RoomPhase.Closed ? owner.Node.Value : "",
            Epoch = record.LastEpoch.Value,
            Region = record.Settings.Region,
            ExpectedParticipants = record.Settings.ExpectedParticipants,
            MaxParticipants = record.Settings.MaxParticipants,
            MaxPublishers = record.Settings.MaxPublishers,
            EmptyTimeoutSeconds = (uint)(record.Settings.EmptyTimeoutMs / 1000),
            Metadata = UnsafeByteOperations.UnsafeWrap(record.Settings.Metadata), // replicated bytes never change in place
            Participants = room.Participants,
            Publishers = room.Publishers,
            Reservation = record.Owner is null ? null : room.Charged.ToWire(),
            CreatedAtMs = record.CreatedAtMs,
            Name = record.ShownName,
            DepartureTimeoutSeconds = (uint)((record.Details?.DepartureTimeoutMs ?? 0) / 1000),
            UpdatedSeq = record.Details?.UpdatedSeq ?? 0,
        };
    }

    internal static Proto.Participant ToWire(this Participants.SeatOutcome seat) => new()
    {
        Identity = seat.Identity.Value,
        Role = (Proto.ParticipantRole)seat.Role,
        Status = (Proto.SeatStatus)seat.Status,
        SeatId = seat.SeatId,
        AdmittedAtMs = seat.AdmittedAtMs,
    };

    internal static Proto.Reservation ToWire(this ControlPlane.Placement.Reservation reservation) =>
        new() { Publishers = reservation.Publishers, Subscribers = reservation.Subscribers, BitrateKbps = reservation.BitrateKbps };

    internal static Proto.Capacity ToWire(this Capacity capacity) =>
        new() { Publishers = capacity.Publishers, Subscribers = capacity.Subscribers, BitrateKbps = capacity.BitrateKbps };

    internal static Proto.Node ToWire(this NodeState node)
    {
        var record = node.Record;
        return new Proto.Node
        {
            NodeId = record.Id.Value,
            Incarnation = record.Incarnation,
            Region = record.Description.Region,
            Zone = record.Description.Zone,
            Address = record.Description.Address,
            Capacity = record.Capacity.ToWire(),
            Health = (Proto.NodeHealth)record.Health,
            Scheduling = (Proto.NodeScheduling)record.Scheduling,
            Reserved = node.Charged.ToWire(),
            Rooms = (uint)node.Rooms.Count,
            DrainDeadlineMs = record.Scheduling is NodeScheduling.Draining ? record.DrainDeadlineMs : 0,
            RegisteredAtMs = record.RegisteredAtMs,
        };
    }
}
