using Grpc.Core;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Processes;
using VideoScale.Harness.Signalling;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Webhooks;

/// <summary>Webhooks of real processes, taken by LiveKit's own receiver: npm's livekit-server-sdk.</summary>
public sealed class WebhookTests
{
    private const int BasePort = 29_000;
    private const int FlakyPort = 29_090, SteadyPort = 29_091;

    [Fact]
    public async Task Every_event_is_taken_in_the_order_of_its_room_and_under_one_id_whoever_fails_and_whoever_dies()
    {
        using var flaky = new Receiver(FlakyPort, share: 0.3);
        using var steady = new Receiver(SteadyPort);
        await using var cluster = await StartAsync(flaky, steady);
        var calls = new Calls(cluster);
        for (var round = 0; round < 3; round++)
        {
            var going = calls.RunAsync(round, rooms: 5);
            if (round == 1) flaky.Close();
            var leader = await cluster.WaitForLeaderAsync();
            await leader.KillAsync();
            await cluster.WaitForLeaderAsync();
            leader.Start();
            await going;
            await leader.WaitForReadyAsync();
        }
        await Task.Delay(TimeSpan.FromSeconds(2)); // nothing of it was taken meanwhile, and positions are on record
        flaky.Open();
        var expected = Expected(await cluster.Audit(cluster.Replicas[0]).EventsAsync());
        Assert.True(expected.Count > 100, $"{expected.Count} events are few");
        foreach (var receiver in (Receiver[])[flaky, steady])
        {
            await Eventually.HoldsAsync(() => receiver.Taken is var taken
                && expected.Keys.All(taken.Select(hook => hook.EventId).ToHashSet().Contains)
                && taken.GroupBy(hook => hook.Room).All(room => room.Any(hook => hook.Event == "room_finished")),
                "everything was taken", TimeSpan.FromSeconds(120), () => $"{receiver.Taken.Count} of {expected.Count}");
            Assert.Empty(receiver.Requests("wrong"));
            AssertInOrder(receiver, expected);
            AssertOneIdIsOneMessage(receiver);
        }
        Assert.NotEmpty(flaky.Requests("refused"));
        Assert.NotEmpty(flaky.Requests("closed"));
        foreach (var replica in cluster.Replicas) Assert.DoesNotContain("geheim", replica.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_room_whose_message_is_refused_holds_nobody_up_becomes_a_dead_letter_and_is_replayed()
    {
        using var receiver = new Receiver(FlakyPort, poison: "poisoned");
        await using var cluster = await StartAsync(receiver, giveUpSeconds: 3);
        var rooms = cluster.Rooms(cluster.Replicas[0]);
        await rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "1", RoomId = "poisoned" });
        for (var i = 0; i < 20; i++) await rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = $"r{i}", RoomId = $"room-{i}" });
        await Eventually.HoldsAsync(() => receiver.Taken.Count(hook => hook.Room.StartsWith("room-", StringComparison.Ordinal)) == 20,
            "all others are told", details: () => receiver.Output);
        string[] server = ["--server", string.Join(',', cluster.Replicas.Select(replica => replica.GrpcAddress))];
        await Eventually.HoldsAsync(async () => (await CliProcess.RunAsync(["ctl", "webhook", "dead", .. server])).Output
            .Contains("room_started", StringComparison.Ordinal), "a dead letter is listed");
        var listed = await CliProcess.RunAsync(["ctl", "webhook", "list", "--json", .. server]);
        Assert.Contains("\"dead_letters\": 1", listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", listed.Output, StringComparison.Ordinal);
        var id = listed.Output.Split("\"webhook_id\": \"")[1].Split('"')[0];
        Assert.DoesNotContain(receiver.Taken, hook => hook.Room == "poisoned");

        receiver.Cure();
        var replayed = await CliProcess.RunAsync(["ctl", "webhook", "replay", id, "--all", .. server]);
        Assert.StartsWith("1 messages are sent again", replayed.Output, StringComparison.Ordinal);
        await Eventually.HoldsAsync(() => receiver.Taken.Any(hook => hook.Room == "poisoned"), "the dead letter is taken");
        Assert.Single(receiver.Requests("poisoned").Concat(receiver.Requests("taken")).Where(hook => hook.Room == "poisoned")
            .Select(hook => hook.Text).Distinct());
        await Eventually.HoldsAsync(async () => !(await CliProcess.RunAsync(["ctl", "webhook", "dead", .. server])).Output
            .Contains("room_started", StringComparison.Ordinal), "none is left");
    }

    [Fact]
    public async Task Participants_and_tracks_are_told_as_clients_know_them_and_a_move_tells_nobody_as_gone()
    {
        const string Room = "a room / with any name", Ann = "ann@example.com";
        using var receiver = new Receiver(FlakyPort);
        await using var cluster = await StartAsync(receiver);
        using var ann = await SignalClient.JoinAsync(cluster.Replicas[0].HttpAddress, Room, Ann);
        using (var bob = new NodeClient("listener.mjs", $"ws://{cluster.Replicas[1].HttpAddress}", Tokens.Join(Room, "bob")))
        {
            await Eventually.HoldsAsync(() => receiver.Taken.Count(hook => hook.Event == "track_published") == 2, "two tracks are told",
                details: () => receiver.Output + bob.Output);
            var rooms = cluster.Rooms(cluster.Replicas[0]);
            var before = (await rooms.GetRoomAsync(new GetRoomRequest { RoomId = Room })).Room;
            await rooms.MoveRoomAsync(new MoveRoomRequest { RequestId = "move", RoomId = Room });
            await Eventually.HoldsAsync(async () => (await rooms.GetRoomAsync(new GetRoomRequest { RoomId = Room })).Room is var now
                && now.Epoch > before.Epoch && now.Status == RoomStatus.Active, "the room has moved");
            await Eventually.HoldsAsync(async () => (await rooms.ListParticipantsAsync(new ListParticipantsRequest { RoomId = Room }))
                .Participants.Any(seat => seat is { Identity: "bob", Status: SeatStatus.Joined }), "bob is in it",
                details: () => bob.Output);
        }
        await Eventually.HoldsAsync(() => receiver.Taken.Any(hook => hook is { Event: "participant_left", Identity: "bob" }),
            "bob has left", TimeSpan.FromSeconds(120), () => receiver.Output);
        var told = receiver.Taken;
        Assert.All(told, hook => Assert.Equal(Room, hook.Room));
        Assert.Equal(ann.Sid, told.Single(hook => hook is { Event: "participant_joined", Identity: Ann }).ParticipantSid);
        var bobs = told.Where(hook => hook.Identity == "bob").ToList();
        Assert.Equal("participant_joined", bobs[0].Event);
        Assert.Equal("participant_left", bobs[^1].Event);
        Assert.Single(bobs, hook => hook.Event == "participant_joined");
        Assert.Single(bobs, hook => hook.Event == "participant_left");
        Assert.Equal(bobs.Where(hook => hook.Event == "track_published").Select(hook => hook.TrackSid).Order(),
            bobs.Where(hook => hook.Event == "track_unpublished").Select(hook => hook.TrackSid).Order());
        Assert.All(receiver.Requests("taken"), hook => Assert.Contains("application/webhook+json", hook.Text, StringComparison.Ordinal));
    }

    private static Task<TestCluster> StartAsync(params Receiver[] receivers) => StartAsync(receivers, null);

    private static Task<TestCluster> StartAsync(Receiver receiver, int giveUpSeconds) => StartAsync([receiver], giveUpSeconds);

    private static async Task<TestCluster> StartAsync(Receiver[] receivers, int? giveUpSeconds)
    {
        foreach (var receiver in receivers) await receiver.ListensAsync();
        var cluster = await TestCluster.CreateAsync(replicas: 3, media: 2, BasePort);
        foreach (var replica in cluster.Replicas)
        {
            foreach (var receiver in receivers) replica.ExtraArguments.AddRange(["--webhook", receiver.Url]);
            if (giveUpSeconds is { } seconds) replica.Environment["VIDEOSCALE__ControlPlane__Webhooks__GiveUpSeconds"] = $"{seconds}";
        }
        try
        {
            cluster.Start();
            await cluster.WaitForReadyAsync();
            // From here on everything is told.
            await Eventually.HoldsAsync(async () => (await cluster.Audit(cluster.Replicas[0]).EventsAsync())
                .Count(happened => happened.Type == "WebhookAdded") == receivers.Length, "receivers are on record");
        }
        catch
        {
            await cluster.DisposeAsync(); // its ports are others' next
            throw;
        }
        return cluster;
    }

    /// <summary>Events of which something is told, by their ids: all of what the log says, by rules of the test's own.</summary>
    private static Dictionary<string, Event> Expected(IReadOnlyList<Event> events)
    {
        var (expected, joined, closing) = (new Dictionary<string, Event>(), new HashSet<string>(), new HashSet<string>());
        foreach (var happened in events)
        {
            var tells = happened.Type switch
            {
                "RoomPlaced" => happened.PayloadJson.Contains("\"from\":\"\"", StringComparison.Ordinal),
                "ParticipantJoined" => joined.Add(happened.PayloadJson.Split("\"seat_id\":")[1]),
                "ParticipantLeft" or "ParticipantRemoved" or "SeatExpired" => true,
                "RoomClosing" => closing.Add(happened.Stream),
                "RoomClosed" => !closing.Contains(happened.Stream),
                _ => false,
            };
            if (tells) expected.Add(Convert.ToHexStringLower(happened.EventId.Span), happened);
        }
        return expected;
    }

    private static void AssertInOrder(Receiver receiver, Dictionary<string, Event> expected)
    {
        foreach (var room in receiver.Taken.Where(hook => expected.ContainsKey(hook.EventId)).GroupBy(hook => hook.Room))
        {
            ulong[] told = [.. room.Select(hook => expected[hook.EventId].EventSeq)];
            Assert.Equal(told.Order(), told);
            Assert.Equal("room_started", room.First().Event);
            Assert.Equal("room_finished", room.Last().Event);
        }
    }

    private static void AssertOneIdIsOneMessage(Receiver receiver)
    {
        string[] answers = ["taken", "refused", "closed"];
        foreach (var same in answers.SelectMany(receiver.Requests).GroupBy(hook => hook.Id))
            Assert.Single(same.Select(hook => hook.Text).Distinct());
    }
}

internal static class AuditReading
{
    /// <summary>The whole log.</summary>
    internal static async Task<List<Event>> EventsAsync(this AuditService.AuditServiceClient audit)
    {
        var events = new List<Event>();
        using var call = audit.ReadAll(new ReadAllRequest());
        await foreach (var read in call.ResponseStream.ReadAllAsync()) events.Add(read);
        return events;
    }
}
