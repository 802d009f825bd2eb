using Google.Protobuf;
using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.Consensus.InMemory;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>What a caller may rely on, whatever the log does.</summary>
public sealed class MutationTests
{
    [Fact]
    public async Task A_repeat_gets_the_first_answer_and_changes_nothing()
    {
        await using var replica = await FakeReplica.StartAsync();
        var first = await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" });
        var again = await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" });
        Assert.Equal(first, again);
        Assert.Single((await replica.Rooms.ListRoomsAsync(new ListRoomsRequest())).Rooms);
    }

    [Fact]
    public async Task A_repeat_of_a_refusal_is_refused_with_the_first_words_even_when_it_would_succeed_now()
    {
        await using var replica = await FakeReplica.StartAsync();
        var first = await Refused(replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = "one", RoomId = "a" }),
            StatusCode.NotFound);
        await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "two", RoomId = "a" });
        var again = await Refused(replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = "one", RoomId = "a" }),
            StatusCode.NotFound);
        Assert.Equal(first.Status.Detail, again.Status.Detail);
    }

    [Fact]
    public async Task A_request_id_with_another_body_is_refused()
    {
        await using var replica = await FakeReplica.StartAsync();
        await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" });
        var refused = await Refused(replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "b" }),
            StatusCode.InvalidArgument);
        Assert.Contains("request_id", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProposalFault.UnknownButCommitted)]
    [InlineData(ProposalFault.UnknownAndLost)]
    public async Task A_lost_acknowledgement_is_asked_for_again_and_the_room_is_created_once(ProposalFault fault)
    {
        await using var replica = await FakeReplica.StartAsync();
        replica.Log.Inject(fault);
        var created = await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" });
        Assert.Equal("a", created.RoomId);
        Assert.Single((await replica.Rooms.ListRoomsAsync(new ListRoomsRequest())).Rooms);
        var events = await EventsAsync(replica);
        Assert.Single(events, e => e.Type == "RoomCreated");
    }

    [Fact]
    public async Task What_an_older_replica_would_stop_at_is_not_proposed_while_there_is_one()
    {
        await using var replica = await FakeReplica.StartAsync();
        var tries = 0;
        await Eventually.HoldsAsync(async () => // the rounds that look for older programs find none, and say so in between
        {
            replica.App.Replica.Core.Time.Programs(everyMemberKnows: false);
            try { await replica.Rooms.OpenRoomAsync(new OpenRoomRequest { RequestId = $"{++tries}", Name = $"room {tries}" }); }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unimplemented)
            {
                return e.Status.Detail.Contains("older version", StringComparison.Ordinal);
            }
            return false;
        }, "a new command is refused");
        replica.App.Replica.Core.Time.Programs(everyMemberKnows: false);
        await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "create", RoomId = "a" }); // what the older one knows
        await Eventually.HoldsAsync(async () => (await replica.Rooms.OpenRoomAsync(
            new OpenRoomRequest { RequestId = "last", Name = "room last" })).RoomId.Length > 0, "all are upgraded");
    }

    [Fact]
    public async Task Overload_is_unavailable_and_nothing_is_done()
    {
        await using var replica = await FakeReplica.StartAsync();
        await Eventually.HoldsAsync(async () => (await EventsAsync(replica)).Any(e => e.Type == "LeadershipRecorded"),
            "the leader's own command is through");
        replica.Log.Inject(ProposalFault.Overloaded);
        await Refused(replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" }), StatusCode.Unavailable);
        Assert.Empty((await replica.Rooms.ListRoomsAsync(new ListRoomsRequest())).Rooms);
    }

    [Fact]
    public async Task Without_a_quorum_the_outcome_is_unknown_never_failed_and_the_same_request_finds_it_later()
    {
        await using var replica = await FakeReplica.StartAsync();
        replica.Log.LoseQuorum();
        var late = await Assert.ThrowsAsync<RpcException>(async () =>
            await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" },
            deadline: DateTime.UtcNow.AddMilliseconds(500)));
        Assert.Contains(late.StatusCode, new[] { StatusCode.Unavailable, StatusCode.DeadlineExceeded });
        await Refused(replica.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = "a" }), StatusCode.Unavailable);
        replica.Log.RegainQuorum();
        var created = await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" });
        Assert.Equal("a", created.RoomId);
        Assert.Single(await EventsAsync(replica), e => e.Type == "RoomCreated");
    }

    [Fact]
    public async Task A_stale_read_is_answered_without_a_quorum()
    {
        await using var replica = await FakeReplica.StartAsync();
        await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" });
        replica.Log.LoseQuorum();
        Assert.Equal("a",
            (await replica.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = "a", Consistency = Consistency.Stale })).Room.RoomId);
    }

    [Fact]
    public async Task A_replica_that_lost_leadership_waits_for_a_leader_and_then_says_that_there_is_none()
    {
        await using var replica = await FakeReplica.StartAsync();
        replica.Log.LoseLeadership();
        await Eventually.HoldsAsync(() => !replica.App.Replica.Core.Leadership.IsMine, "it knows");
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" },
            deadline: DateTime.UtcNow.AddMilliseconds(300)));
        Assert.Contains(refused.StatusCode, new[] { StatusCode.Unavailable, StatusCode.DeadlineExceeded });
        replica.Log.BecomeLeader();
        Assert.Equal("a", (await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" })).RoomId);
    }

    [Fact]
    public async Task A_forwarded_call_is_never_forwarded_again()
    {
        await using var replica = await FakeReplica.StartAsync();
        replica.Log.LoseLeadership(new MemberId(77));
        await Eventually.HoldsAsync(() => !replica.App.Replica.Core.Leadership.IsMine, "it knows");
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "one", RoomId = "a" },
                new Metadata { { "videoscale-forwarded", "1" } }));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
    }

    [Fact]
    public async Task Commands_that_arrive_together_share_entries_and_all_are_answered()
    {
        await using var replica = await FakeReplica.StartAsync(options => options.MaxEntriesInFlight = 1);
        replica.Log.LoseQuorum();
        var patient = DateTime.UtcNow.AddMinutes(2); // a busy machine takes its time to let so many in
        var calls = Enumerable.Range(0, 200).Select(i => replica.Rooms.CreateRoomAsync(
            new CreateRoomRequest { RequestId = $"r{i}", RoomId = $"room-{i:000}" }, deadline: patient).ResponseAsync).ToArray();
        await Eventually.HoldsAsync(() => replica.App.Replica.Core.Pipeline.Waiting >= 190, "most of them wait");
        var before = replica.Log.Entries().Count;
        replica.Log.RegainQuorum();
        var replies = await Task.WhenAll(calls);
        Assert.True(replica.Log.Entries().Count - before < 30, "200 commands travel in a few entries");
        Assert.Equal(200, replies.Select(r => r.Commit.EventSeq).Distinct().Count());
    }

    [Fact]
    public async Task Too_many_waiting_commands_are_refused_at_once()
    {
        await using var replica = await FakeReplica.StartAsync(options =>
            (options.MaxEntriesInFlight, options.MaxWaitingCommands, options.MaxCommandsPerEntry) = (1, 16, 1));
        replica.Log.LoseQuorum();
        var calls = Enumerable.Range(0, 64).Select(i => replica.Rooms.CreateRoomAsync(
            new CreateRoomRequest { RequestId = $"r{i}", RoomId = $"room-{i:000}" }).ResponseAsync).ToArray();
        await Eventually.HoldsAsync(() => calls.Count(c => c.IsFaulted) >= 40, "most are refused");
        replica.Log.RegainQuorum();
        // a few may be on their way to their refusal still
        await ((Task)Task.WhenAll(calls))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Assert.All(calls.Where(c => c.IsFaulted),
            c => Assert.Equal(StatusCode.Unavailable, ((RpcException)c.Exception!.InnerException!).StatusCode));
        Assert.Equal(calls.Count(c => c.IsCompletedSuccessfully),
            (await replica.Rooms.ListRoomsAsync(new ListRoomsRequest { PageSize = 1000 })).Rooms.Count);
    }

    [Theory]
    [InlineData("", "a", 0u, "request_id")]
    [InlineData("r", ".hidden", 0u, "room_id")]
    [InlineData("r", "a b", 0u, "room_id")]
    [InlineData("r", "a", 100_001u, "expected_participants")]
    public async Task A_bad_field_is_refused_by_name(string requestId, string room, uint expected, string field)
    {
        await using var replica = await FakeReplica.StartAsync();
        var refused = await Refused(replica.Rooms.CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = requestId,
            RoomId = room,
            ExpectedParticipants = expected
        }), StatusCode.InvalidArgument);
        Assert.StartsWith(field + ":", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("rule", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metadata_beyond_its_bound_is_refused()
    {
        await using var replica = await FakeReplica.StartAsync();
        await replica.Rooms.CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = "1",
            RoomId = "a",
            Metadata = ByteString.CopyFrom(new byte[65_536]),
        });
        var refused = await Refused(replica.Rooms.CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = "2",
            RoomId = "b",
            Metadata = ByteString.CopyFrom(new byte[65_537])
        }), StatusCode.InvalidArgument);
        Assert.StartsWith("metadata:", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_room_whose_name_is_left_to_us_gets_the_same_name_at_every_retry()
    {
        await using var replica = await FakeReplica.StartAsync();
        var first = await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "1" });
        var again = await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "1" });
        Assert.Equal(first, again);
        Assert.NotEqual(first.RoomId, (await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "2" })).RoomId);
    }

    private static async Task<RpcException> Refused<T>(AsyncUnaryCall<T> call, StatusCode status)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal(status, refused.StatusCode);
        return refused;
    }

    internal static async Task<List<Event>> EventsAsync(FakeReplica replica)
    {
        var seq = replica.App.Replica.Core.Events.NextSeq - 1;
        await replica.App.Replica.Core.Events.Reader.WaitAsync(seq, CancellationToken.None);
        using var all = new AuditService.AuditServiceClient(replica.Channel).ReadAll(new ReadAllRequest());
        return await all.ResponseStream.ReadAllAsync().ToListAsync();
    }
}
