using Grpc.Core;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Webhooks;

/// <summary>Rooms that come and go, and people in them, as far as the log knows them.</summary>
internal sealed class Calls(TestCluster cluster)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    internal Task RunAsync(int round, int rooms) =>
        Task.WhenAll(Enumerable.Range(0, rooms).Select(room => RunOneAsync($"r{round}-{room}")));

    private async Task RunOneAsync(string room)
    {
        using var anywhere = cluster.Anywhere(Patience);
        var client = new RoomService.RoomServiceClient(anywhere);
        await client.CreateRoomAsync(new CreateRoomRequest { RequestId = $"{room}-create", RoomId = room }, Within());
        for (var i = 0; i < 6; i++)
        {
            var who = $"p{i}";
            await client.AdmitParticipantAsync(new AdmitParticipantRequest { RequestId = $"{room}-{who}", RoomId = room, Identity = who },
                Within());
            if (await JoinAsync(client, room, who) is not { } joined) continue;
            if (i == 3)
            {
                await client.MoveRoomAsync(new MoveRoomRequest { RequestId = $"{room}-move", RoomId = room }, Within());
                await Eventually.HoldsAsync(async () =>
                    (await client.GetRoomAsync(new GetRoomRequest { RoomId = room }, Within())).Room is var now
                    && now.Epoch > joined.Epoch && now.Status == RoomStatus.Active, $"room {room} has moved", Patience);
                _ = await JoinAsync(client, room, who); // under its new owner
            }
            else if (i % 2 == 0)
            {
                await joined.Node.LeaveSeatAsync(new LeaveSeatRequest
                {
                    RoomId = room,
                    Identity = who,
                    SeatId = joined.SeatId,
                    Epoch = joined.Epoch,
                });
            }
        }
        await client.RemoveParticipantAsync(
            new RemoveParticipantRequest { RequestId = $"{room}-remove", RoomId = room, Identity = "p1" }, Within());
        await client.CloseRoomAsync(new CloseRoomRequest { RequestId = $"{room}-close", RoomId = room }, Within());
    }

    private sealed record Seated(AdmissionService.AdmissionServiceClient Node, ulong SeatId, ulong Epoch);

    /// <summary>Takes the seat at whoever owns the room; waits until the log says so.</summary>
    private async Task<Seated?> JoinAsync(RoomService.RoomServiceClient client, string room, string who)
    {
        Seated? seated = null;
        await Eventually.HoldsAsync(async () =>
        {
            var now = (await client.GetRoomAsync(new GetRoomRequest { RoomId = room }, Within())).Room;
            var seats = await client.ListParticipantsAsync(new ListParticipantsRequest { RoomId = room }, Within());
            if (seats.Participants.FirstOrDefault(one => one.Identity == who) is not { } seat) return true;
            if (now.Status != RoomStatus.Active) return false;
            seated = new(cluster.Admission(cluster.Media.Single(node => node.NodeId == now.NodeId)), seat.SeatId, now.Epoch);
            if (seat.Status == SeatStatus.Joined) return true;
            await seated.Node.TakeSeatAsync(
                new TakeSeatRequest { RoomId = room, Identity = who, SeatId = seat.SeatId, Epoch = now.Epoch });
            return false;
        }, $"{who} is in room {room}", Patience);
        return seated;
    }

    private static CallOptions Within() => new(deadline: DateTime.UtcNow + Patience);
}
