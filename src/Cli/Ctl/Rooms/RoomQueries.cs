using System.CommandLine;
using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Rooms;

/// <summary>get, list, explain, watch.</summary>
internal static class RoomQueries
{
    private const uint PageSize = 1_000;
    private static readonly string[] Columns = ["ROOM", "STATUS", "NODE", "EPOCH", "SEATS", "PUBLISHERS", "REGION", "CREATED"];

    internal static Command Get()
    {
        var room = RoomCommand.Room();
        var command = new Command("get", "One room with its owner and epoch.") { room, CtlOptions.Stale };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await session.Rooms.GetRoomAsync(
                new GetRoomRequest { RoomId = parsed.GetValue(room), Consistency = session.Consistency }, session.Call(cancellationToken));
            session.Output.Write(reply, () =>
            {
                session.Output.Table(Columns, [Row(reply.Room)]);
                if (reply.Wait is not null) session.Output.Line($"waits for a node{Format.Wait(reply.Wait)}");
                if (reply.NodeAddress.Length > 0)
                    session.Output.Line($"owner at {reply.NodeAddress}; true at log index {reply.AppliedIndex}");
            });
        });
        return command;
    }

    internal static Command List()
    {
        var node = new Option<string?>("--node") { Description = "Only rooms owned by this node.", HelpName = "NODE" };
        var all = new Option<bool>("--all") { Description = "Closed rooms too, as long as they are remembered." };
        var command = new Command("list", "All rooms in order of their names.") { node, all, CtlOptions.Stale };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await AskAsync("");
            using var table = session.Output.IsJson ? null : session.Output.Table(Columns); // not before there is an answer
            while (true)
            {
                foreach (var room in reply.Rooms)
                    if (table is null) session.Output.Write(room, () => { });
                    else table.Add(Row(room));
                if (reply.NextPageToken.Length == 0) return;
                reply = await AskAsync(reply.NextPageToken);
            }

            Task<ListRoomsReply> AskAsync(string token) => session.Rooms.ListRoomsAsync(new ListRoomsRequest
            {
                PageSize = PageSize,
                PageToken = token,
                NodeId = parsed.GetValue(node) ?? "",
                IncludeClosed = parsed.GetValue(all),
                Consistency = session.Consistency,
            }, session.Call(cancellationToken)).ResponseAsync;
        });
        return command;
    }

    internal static Command Explain()
    {
        var room = RoomCommand.Room();
        var command = new Command("explain", "Why the room is where it is: the last decision with all candidates.") { room,
            CtlOptions.Stale };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await session.Rooms.ExplainPlacementAsync(new ExplainPlacementRequest
            {
                RoomId = parsed.GetValue(room),
                Consistency = session.Consistency
            }, session.Call(cancellationToken));
            session.Output.Write(reply, () =>
            {
                var where = reply.NodeId.Length > 0 ? $"placed on {reply.NodeId} under epoch {Format.Epoch(reply.Epoch)}"
                    : "no node could take it";
                session.Output.Line($"{reply.RoomId}: {where}, because: {reply.Reason}");
                session.Output.Line(
                    $"decided {Format.Time(reply.DecidedAtMs)} by policy {reply.PolicyVersion} (event {reply.DecisionEventSeq})");
                if (reply.Note.Length > 0) session.Output.Line($"NOTE: {reply.Note}");
                session.Output.Table(["CANDIDATE", "SCORE", "REJECTED BECAUSE"],
                    reply.Candidates.Select(c =>
                        new[] { c.NodeId, c.Rejection.Length > 0 ? "-" : Format.Permille(c.ScorePermille), Format.Text(c.Rejection) }));
            });
        });
        return command;
    }

    internal static Command Watch()
    {
        var room = new Argument<string?>("room") { Description = "Only this room; left out, all.", Arity = ArgumentArity.ZeroOrOne };
        var node = new Option<string?>("--node") { Description = "Only rooms owned by this node.", HelpName = "NODE" };
        var command = new Command("watch", "The rooms now, then every change, until Ctrl-C.") { room, node };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var request = new WatchRoomsRequest { RoomId = parsed.GetValue(room) ?? "", NodeId = parsed.GetValue(node) ?? "" };
            await foreach (var change in LongStream.ReadAsync(session,
                () => session.Rooms.WatchRooms(request, cancellationToken: cancellationToken), cancellationToken))
                session.Output.Write(change, () => session.Output.Line(
                    $"{change.AppliedIndex,10}  {(change.Initial ? "is " : "now")}  {Format.Room(change.Room)}  "
                        + $"{Format.Status(change.Room.Status)}  node {Format.Text(change.Room.NodeId)}  epoch "
                        + $"{Format.Epoch(change.Room.Epoch)}  seats {Format.Cap(change.Room.Participants, change.Room.MaxParticipants)}"));
        });
        return command;
    }

    private static string[] Row(Room room) =>
    [
        Format.Room(room), Format.Status(room.Status), Format.Text(room.NodeId), Format.Epoch(room.Epoch),
            Format.Cap(room.Participants, room.MaxParticipants),
        Format.Cap(room.Publishers, room.MaxPublishers), Format.Text(room.Region), Format.Time(room.CreatedAtMs),
    ];
}
