using VideoScale.ControlPlane.Outcomes;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Api;

/// <summary>Answers of the log as messages.</summary>
internal static class ReplyMapping
{
    internal static Commit ToCommit(this CommandReply reply) => new() { LogIndex = reply.Index, EventSeq = reply.EventSeq };

    internal static V1.RoomWait ToWire(this Waiting.RoomWait wait) => new()
    {
        Position = (uint)wait.Position,
        Total = (uint)wait.Total,
        RetryAfterMs = (uint)wait.RetryAfterMs,
    };

    internal static RoomReply ToRoomReply(this CommandReply reply) => new()
    {
        Commit = reply.ToCommit(),
        RoomId = reply.Outcome.Room.Value,
        NodeId = reply.Outcome.Node.Value,
        Epoch = reply.Outcome.Epoch.Value,
        Status = (RoomStatus)reply.Outcome.Status,
    };

    internal static NodeReply ToNodeReply(this CommandReply reply) => new()
    {
        Commit = reply.ToCommit(),
        NodeId = reply.Outcome.Node.Value,
        Scheduling = (NodeScheduling)reply.Outcome.Scheduling,
    };

    internal static DrainNodeReply ToDrainReply(this CommandReply reply) => new()
    {
        Commit = reply.ToCommit(),
        NodeId = reply.Outcome.Node.Value,
        DeadlineMs = reply.Outcome.DeadlineMs,
        Rooms = reply.Outcome.Rooms,
        Scheduling = (NodeScheduling)reply.Outcome.Scheduling,
    };

    internal static AdmitParticipantReply ToAdmitReply(this CommandReply reply) => new()
    {
        Commit = reply.ToCommit(),
        NodeId = reply.Outcome.Node.Value,
        Epoch = reply.Outcome.Epoch.Value,
        Participant = reply.Outcome.Seat.ToWire(),
    };

    internal static ParticipantReply ToParticipantReply(this CommandReply reply) => new()
    {
        Commit = reply.ToCommit(),
        Participant = reply.Outcome.Seat.ToWire(),
    };

    internal static RemoveParticipantReply ToRemoveReply(this CommandReply reply) => new() { Commit = reply.ToCommit() };
}
