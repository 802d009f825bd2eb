using System.CommandLine;
using Google.Protobuf;
using VideoScale.Cli.CommandLine;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Rooms;

/// <summary>create, close, move.</summary>
internal static class RoomChanges
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    internal static Command Create()
    {
        var room = new Argument<string?>("room")
        {
            Description = "Name of the room; left out, one is made.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var expected = new Option<uint>("--expected")
        {
            Description = "Participants expected at the peak; what is reserved follows from it.",
            HelpName = "N",
        };
        var region = new Option<string?>("--region") { Description = "Region the room must live in.", HelpName = "NAME" };
        var maxParticipants = new Option<uint>("--max-participants") { Description = "Most seats at once; 0 for no cap.", HelpName = "N" };
        var maxPublishers = new Option<uint>("--max-publishers") { Description = "Most publishers at once; 0 for no cap.", HelpName = "N" };
        var emptyTimeout = new Option<uint>("--empty-timeout")
        {
            Description = "Close after being empty this long, in seconds; 0 for the default, 300.",
            HelpName = "SECONDS",
        };
        var keep = new Option<bool>("--keep-when-empty") { Description = "Never close for being empty." };
        var metadata = new Option<string?>("--metadata") { Description = "Your own text, or @FILE; at most 64 KiB.", HelpName = "TEXT" };
        var wait =
            new Option<bool>("--wait")
            {
                Description =
            "Stay until the room has a node. --timeout counts each question, and each time in which nobody answers, not the wait."
            };
        var command = new Command("create", "Creates a room and places it on a media node.")
        { room, expected, region, maxParticipants, maxPublishers, emptyTimeout, keep, metadata, wait }.WithNotes("""
            Example: videoscale ctl room create standup --expected 20 --max-participants 50
            """);
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await session.Rooms.CreateRoomAsync(new CreateRoomRequest
            {
                RequestId = session.RequestId,
                RoomId = parsed.GetValue(room) ?? "",
                ExpectedParticipants = parsed.GetValue(expected),
                Region = parsed.GetValue(region) ?? "",
                MaxParticipants = parsed.GetValue(maxParticipants),
                MaxPublishers = parsed.GetValue(maxPublishers),
                EmptyTimeoutSeconds = parsed.GetValue(emptyTimeout),
                KeepWhenEmpty = parsed.GetValue(keep),
                Metadata = ReadMetadata(parsed.GetValue(metadata)),
            }, session.Call(cancellationToken));
            Print(session, reply);
            return await AfterAsync(session, reply, parsed.GetValue(wait), cancellationToken);
        });
        return command;
    }

    private static async Task<int> AfterAsync(CtlSession session, RoomReply created, bool waits, CancellationToken cancellationToken)
    {
        if (created.Status != RoomStatus.Unplaced) return Exit.Ok;
        if (waits) return await WaitAsync(session, created.RoomId, cancellationToken);
        await Console.Error.WriteLineAsync(
            $"no node could take room {created.RoomId} yet{Format.Wait(created.Wait)}; placement goes on by itself: "
            + $"`ctl room get {created.RoomId}` shows when one has, "
            + $"`ctl room explain {created.RoomId}` why none does; --wait stays until then");
        return Exit.Ok;
    }

    /// <summary>Until a node has it, or it is closed.</summary>
    private static async Task<int> WaitAsync(CtlSession session, string roomId, CancellationToken cancellationToken)
    {
        while (true)
        {
            var reply = await LongWait.AskAsync(session, call => session.Rooms.GetRoomAsync(
                new GetRoomRequest { RoomId = roomId, Consistency = Consistency.Linearizable }, call), cancellationToken);
            switch (reply.Room.Status)
            {
                case RoomStatus.Active:
                    session.Output.Write(reply, () =>
                        session.Output.Line($"room {roomId} active on {reply.Room.NodeId} under epoch {Format.Epoch(reply.Room.Epoch)}"));
                    return Exit.Ok;
                case RoomStatus.Closing or RoomStatus.Closed:
                    await Console.Error.WriteLineAsync($"room {roomId} was closed before a node took it");
                    return Exit.Refused;
                default: await Task.Delay(Period, cancellationToken); break;
            }
        }
    }

    internal static Command Close()
    {
        var room = RoomCommand.Room();
        var expected = ExpectedEpoch();
        var command = new Command("close", "Closes a room and frees its seats.") { room, expected };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) => Print(session, await session.Rooms.CloseRoomAsync(
            new CloseRoomRequest
            {
                RequestId = session.RequestId,
                RoomId = parsed.GetValue(room),
                ExpectedEpoch = parsed.GetValue(expected)
            }, session.Call(cancellationToken))));
        return command;
    }

    internal static Command Move()
    {
        var room = RoomCommand.Room();
        var to = new Option<string?>("--to") { Description = "The node to move to; left out, placement chooses.", HelpName = "NODE" };
        var expected = ExpectedEpoch();
        var command = new Command("move",
            "Moves a room to another node: revoked first, assigned when its owner has let go. Seats survive.") { room, to, expected };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) => Print(session, await session.Rooms.MoveRoomAsync(
            new MoveRoomRequest
            {
                RequestId = session.RequestId,
                RoomId = parsed.GetValue(room),
                TargetNodeId = parsed.GetValue(to) ?? "",
                ExpectedEpoch = parsed.GetValue(expected)
            }, session.Call(cancellationToken))));
        return command;
    }

    private static Option<ulong> ExpectedEpoch() => new("--expected-epoch")
    {
        Description = "Only if this is still the room's epoch.",
        HelpName = "EPOCH",
        CustomParser = result =>
        {
            if (Epoch.TryParse(result.Tokens[0].Value) is { } epoch) return epoch.Value;
            result.AddError($"--expected-epoch: \"{result.Tokens[0].Value}\" is not an epoch as `ctl room get` shows it");
            return 0;
        },
    };

    private static void Print(CtlSession session, RoomReply reply) => session.Output.Write(reply, () => session.Output.Line(
        $"room {reply.RoomId} {Format.Status(reply.Status)}" +
        (reply.NodeId.Length > 0 ? $" on {reply.NodeId}" : "") + (reply.Epoch != 0 ? $" under epoch {Format.Epoch(reply.Epoch)}" : "")
            + $" ({Format.Commit(reply.Commit)})"));

    private static ByteString ReadMetadata(string? text)
    {
        if (text is not ['@', .. var path]) return ByteString.CopyFromUtf8(text ?? "");
        try { return ByteString.CopyFrom(File.ReadAllBytes(path)); }
        catch (IOException e) { throw new CliException($"--metadata: {path} cannot be read ({e.Message})", e); }
    }
}
