using System.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Rooms;

/// <summary>admit, participants, remove.</summary>
internal static class Seats
{
    internal static Command Admit()
    {
        var room = RoomCommand.Room();
        var identity = Identity();
        var role = new Option<ParticipantRole>("--role")
        {
            Description = "publisher or subscriber; default publisher.",
            HelpName = "ROLE",
            DefaultValueFactory = _ => ParticipantRole.Publisher,
        };
        var command = new Command("admit",
            "Reserves a seat and says which node grants it under which epoch. A repeat returns the same seat.") { room, identity, role };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await session.Rooms.AdmitParticipantAsync(new AdmitParticipantRequest
            {
                RequestId = session.RequestId,
                RoomId = parsed.GetValue(room),
                Identity = parsed.GetValue(identity),
                Role = parsed.GetValue(role),
            }, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line(
                $"seat {reply.Participant.SeatId} for {reply.Participant.Identity} ({Format.Role(reply.Participant.Role)}); " +
                (reply.NodeId.Length > 0 ? $"take it up at {reply.NodeId}, {reply.NodeAddress}, with epoch {Format.Epoch(reply.Epoch)}"
                    : "the room has no owner yet: ask again") +
                $" ({Format.Commit(reply.Commit)})"));
        });
        return command;
    }

    internal static Command List()
    {
        var room = RoomCommand.Room();
        var command = new Command("participants", "The seats of a room.") { room, CtlOptions.Stale };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await session.Rooms.ListParticipantsAsync(new ListParticipantsRequest
            {
                RoomId = parsed.GetValue(room),
                Consistency = session.Consistency
            }, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Table(["IDENTITY", "ROLE", "SEAT", "STATUS", "ADMITTED"],
                reply.Participants.Select(p =>
                    new[] { p.Identity, Format.Role(p.Role), $"{p.SeatId}", Format.Status(p.Status), Format.Time(p.AdmittedAtMs) })));
        });
        return command;
    }

    internal static Command Remove()
    {
        var room = RoomCommand.Room();
        var identity = Identity();
        var reason = new Option<string?>("--reason") { Description = "For the record; at most 256 characters.", HelpName = "TEXT" };
        var command = new Command("remove", "Takes a participant's seat away and ends the session.") { room, identity, reason };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await session.Rooms.RemoveParticipantAsync(new RemoveParticipantRequest
            {
                RequestId = session.RequestId,
                RoomId = parsed.GetValue(room),
                Identity = parsed.GetValue(identity),
                Reason = parsed.GetValue(reason) ?? "",
            }, session.Call(cancellationToken));
            session.Output.Write(reply, () =>
                session.Output.Line($"{parsed.GetValue(identity)} removed from {parsed.GetValue(room)} ({Format.Commit(reply.Commit)})"));
        });
        return command;
    }

    private static Argument<string> Identity() => new("identity") { Description = "The participant's identity." };
}
