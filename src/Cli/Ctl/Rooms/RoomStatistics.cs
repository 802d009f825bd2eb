using System.CommandLine;
using System.Globalization;
using VideoScale.Cli.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Rooms;

/// <summary>stats: what the room's owner measures of its media.</summary>
internal static class RoomStatistics
{
    internal static Command Create()
    {
        var room = RoomCommand.Room();
        var command = new Command("stats",
            "The room's media as its owner measures it: loss, round trips, layers, freezes; every stream of every participant.")
        {
            room, CtlOptions.Stale,
        }.WithNotes("""
            Asks the control plane for the owner, then the owner itself: its gRPC address must be reachable from here.
            """);
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var found = await session.Rooms.GetRoomAsync(
                new GetRoomRequest { RoomId = parsed.GetValue(room), Consistency = session.Consistency }, session.Call(cancellationToken));
            if (found.NodeAddress.Length == 0) throw new CliException($"room {parsed.GetValue(room)} has no owner now");
            var reply = await session.StatisticsAt(found.NodeAddress)
                .GetRoomStatisticsAsync(new GetRoomStatisticsRequest { RoomId = found.Room.RoomId }, session.Call(cancellationToken));
            session.Output.Write(reply, () => Print(session.Output, reply));
        });
        return command;
    }

    private static void Print(CtlOutput output, GetRoomStatisticsReply reply)
    {
        output.Line(
            $"on {reply.NodeId} under epoch {Format.Epoch(reply.Epoch)}{(reply.Participants.Count == 0 ? ": nobody is there" : "")}");
        if (reply.Participants.Count == 0) return;
        output.Table(["PARTICIPANT", "QUALITY", "LOSS UP", "LOSS DOWN", "ROUND TRIP", "ESTIMATE", "SILENT"],
            reply.Participants.Select(participant => new[]
        {
            participant.Identity, participant.Quality.ToString().ToLowerInvariant(), Share(participant.LossUpPerMyriad),
                Share(participant.LossDownPerMyriad),
            Ms(participant.RoundTripMs), $"{participant.EstimateKbps} kbit/s", $"{participant.SilentMs} ms",
        }));
        output.Table(["PUBLISHES", "TRACK", "RID", "KBIT/S", "PACKETS", "LOST", "ON THE WAY", "JITTER", "ROUND TRIP", "FPS", "SIZE",
            "FREEZES", "GAPS"],
            reply.Participants.SelectMany(participant => participant.Published.Select(stream => new[]
            {
                participant.Identity, stream.TrackSid, Format.Text(stream.Rid), $"{stream.Kbps}", $"{stream.Packets}", $"{stream.Lost}",
                    $"{stream.LostOnTheWay}", Ms(stream.JitterMs), Ms(stream.RoundTripMs),
                Rate(stream.FramesPerSecond), Size(stream.Width, stream.Height), $"{stream.Freezes}", $"{stream.AudioGaps}",
            })));
        output.Table(["RECEIVES", "FROM", "TRACK", "LAYER", "PACKETS", "NOT SENT", "LOST", "JITTER", "ROUND TRIP", "RESENT", "FPS", "SIZE",
            "FREEZES"],
            reply.Participants.SelectMany(participant => participant.Received.Select(stream => new[]
            {
                participant.Identity, stream.Publisher, stream.TrackSid, $"{stream.Layer} of {stream.WantedLayer}", $"{stream.Packets}",
                    $"{stream.NotSent}", $"{stream.Lost}", Ms(stream.JitterMs), Ms(stream.RoundTripMs),
                $"{stream.Retransmissions}", Rate(stream.FramesPerSecond), Size(stream.Width, stream.Height), $"{stream.Freezes}",
            })));
    }

    private static string Share(uint perMyriad) => (perMyriad / 100.0).ToString("0.00", CultureInfo.InvariantCulture) + " %";
    private static string Ms(double milliseconds) => milliseconds.ToString("0.0", CultureInfo.InvariantCulture) + " ms";
    private static string Rate(double perSecond) => perSecond == 0 ? "-" : perSecond.ToString("0.0", CultureInfo.InvariantCulture);
    private static string Size(uint width, uint height) => width == 0 ? "-" : $"{width}x{height}";
}
