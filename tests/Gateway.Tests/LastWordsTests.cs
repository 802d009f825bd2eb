using System.Net.WebSockets;
using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.Harness.Signalling;
using VideoScale.V1;
using Reason = LiveKit.Proto.RequestResponse.Types.Reason;

namespace VideoScale.Gateway.Tests;

/// <summary>What a client says reaches its session, whatever becomes of its socket and of the stream to the node.</summary>
[Collection(nameof(ScriptedFleet))]
public sealed class LastWordsTests
{
    private readonly ScriptedFleet _fleet;

    public LastWordsTests(ScriptedFleet fleet)
    {
        _fleet = fleet;
        foreach (var node in fleet.Nodes) node.Reset();
    }

    private static SignalRequest Track(string cid) => new() { AddTrack = new AddTrackRequest { Cid = cid } };

    private static SignalResponse Answer(int id, Reason reason) =>
        new() { RequestResponse = new RequestResponse { RequestId = (uint)id, Reason = reason } };

    private static bool HasLeft(ScriptedNode node) => node.Heard.Any(heard => heard.Request.Leave is not null);

    [LiveKitSurface("Signalling", "leave, also in the turn in which the socket is closed", Surface.Served)]
    [Fact]
    public async Task A_leave_is_delivered_though_the_stream_to_the_node_breaks_under_it()
    {
        var (client, owner, _) = await _fleet.JoinAsync("breaking");
        owner.IsDeaf = true; // what was sent into the stream that breaks is lost
        owner.Refuses = StatusCode.Unavailable;
        await client.SayAsync(Track("lost"));
        await client.LeaveAsync();
        await Task.Delay(200);
        owner.Break();
        await Task.Delay(500); // the gateway tries to come back all the while
        (owner.IsDeaf, owner.Refuses) = (false, null);
        await Eventually.HoldsAsync(() => HasLeft(owner), "the node hears that she left");
        Assert.Equal([1ul, 2ul], owner.Heard.Select(heard => heard.Number));
        Assert.True(owner.Opened[^1] is { Reattach: true, ResumeSid: "PA_1" } && owner.Opened[^1].Connection == owner.Opened[0].Connection);
    }

    [Fact]
    public async Task Who_closes_is_answered_with_a_close()
    {
        var (client, owner, _) = await _fleet.JoinAsync("polite");
        await client.LeaveAsync();
        await Eventually.HoldsAsync(() => client.IsClosed, "the socket ends");
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        Assert.True(HasLeft(owner));
    }

    [Fact]
    public async Task What_a_client_says_while_the_stream_is_broken_comes_in_order_and_what_was_handled_is_not_said_again()
    {
        var (client, owner, _) = await _fleet.JoinAsync("ordered");
        await client.SayAsync(Track("a"));
        await Eventually.HoldsAsync(() => owner.Heard.Count == 1, "the first is handled");
        owner.Refuses = StatusCode.Unavailable;
        owner.Break();
        foreach (var cid in (string[])["b", "c", "d"]) await client.SayAsync(Track(cid));
        await Task.Delay(300);
        owner.Refuses = null;
        await Eventually.HoldsAsync(() => owner.Heard.Count >= 4, "all are handled");
        Assert.Equal(["a", "b", "c", "d"], owner.Heard.Select(heard => heard.Request.AddTrack.Cid));
        Assert.False(client.IsClosed);
        client.Dispose();
    }

    /// <summary>More than is kept for a client: what is beyond waits in its socket.</summary>
    [Fact]
    public async Task However_much_a_client_says_while_the_stream_is_broken_all_of_it_comes_in_order()
    {
        var (client, owner, _) = await _fleet.JoinAsync("flooded");
        using (client)
        {
            owner.Refuses = StatusCode.Unavailable;
            owner.Break();
            var all = Enumerable.Range(0, 700).Select(i => $"{i}").ToList();
            foreach (var cid in all) await client.SayAsync(Track(cid));
            await Task.Delay(300);
            owner.Refuses = null;
            await Eventually.HoldsAsync(() => owner.Heard.Count >= all.Count, "all are handled",
                details: () => $"{owner.Heard.Count} handled");
            Assert.Equal(all, owner.Heard.Select(heard => heard.Request.AddTrack.Cid));
            Assert.Equal(Enumerable.Range(1, all.Count).Select(number => (ulong)number), owner.Heard.Select(heard => heard.Number));
        }
    }

    /// <summary>
    /// By the count the node knows which answers were lost with the stream; the client, never away, asks for none of them again.
    /// </summary>
    [Fact]
    public async Task A_gateway_that_comes_back_says_how_much_it_has_had_over_all_streams()
    {
        var (client, owner, _) = await _fleet.JoinAsync("counted");
        using (client)
        {
            var had = 1ul; // that she joined
            for (var i = 1; i < 4; i++)
            {
                for (var j = 0; j < i; j++)
                    await owner.SayAsync(new SessionMessage { Response = Answer(10 * i + j, Reason.Ok).ToByteString() });
                var last = (uint)(10 * i + i - 1);
                await client.HearsAsync(response => response.RequestResponse?.RequestId == last, $"answer {last}");
                had += (ulong)i;
                owner.Break();
                await Eventually.HoldsAsync(() => owner.Opened.Count == i + 1, "the gateway opens the session again");
                Assert.True(owner.Opened[^1] is { Reattach: true, HasReceived: true });
                Assert.Equal(had, owner.Opened[^1].Received);
                had++; // that it is back, which the client does not hear
            }
            Assert.DoesNotContain(client.Told, response => response.Reconnect is not null);
        }
    }

    [Fact]
    public async Task An_answer_to_what_a_client_asked_while_its_room_moved_comes_before_it_goes()
    {
        const string Room = "asking";
        var (client, owner, other) = await _fleet.JoinAsync(Room);
        using (client)
        {
            await _fleet.SeatAsync(Room, client, owner);
            owner.IsDeaf = true;
            other.Answers = request => request.UpdateMetadata is { } asked ? Answer((int)asked.RequestId, Reason.NotAllowed) : null;
            await client.SayAsync(new SignalRequest { UpdateMetadata = new UpdateParticipantMetadata { RequestId = 9 } });
            await Task.Delay(100);
            owner.Break();
            await _fleet.MoveAsync(Room, owner);
            await client.HearsAsync(
                response => response.RequestResponse is { RequestId: 9, Reason: Reason.NotAllowed }, "what became of its request");
        }
    }

    [Fact]
    public async Task A_leave_is_delivered_to_the_new_owner_when_the_room_moves_at_that_moment()
    {
        const string Room = "moving";
        var (client, owner, other) = await _fleet.JoinAsync(Room);
        await _fleet.SeatAsync(Room, client, owner);
        (owner.Refuses, owner.IsDeaf) = (StatusCode.Unavailable, true);
        await client.SayAsync(new SignalRequest { Offer = new SessionDescription { Type = "offer" } });
        await client.LeaveAsync();
        await Task.Delay(100);
        owner.Break();
        await _fleet.MoveAsync(Room, owner);
        await Eventually.HoldsAsync(() => HasLeft(other), "the new owner hears that she left");
        Assert.DoesNotContain(other.Heard, heard => heard.Request.Offer is not null); // it was meant for another node's connection
        Assert.NotNull(other.Opened[0].Carried);
    }

    [Fact]
    public async Task Whoever_goes_before_it_was_answered_leaves_nobody_behind()
    {
        foreach (var node in _fleet.Nodes) node.Refuses = StatusCode.Unavailable;
        var client = await SignalClient.OpenAsync(_fleet.Gateway, SignalClient.Token("early", "ann"));
        client.Break();
        await Task.Delay(300);
        foreach (var node in _fleet.Nodes) node.Refuses = null;
        await Eventually.HoldsAsync(() => _fleet.Nodes.Any(HasLeft), "the node hears that she left");
    }

    [Fact]
    public async Task A_client_gets_a_fresh_token_when_what_it_may_do_is_told_or_changes()
    {
        var (client, owner, _) = await _fleet.JoinAsync("fresh");
        using (client)
        {
            Assert.Null(client.Refreshed); // an older node tells nothing
            await owner.SayAsync(
                new SessionMessage { Claims = new SessionClaims { Name = "ann", Grants = new SessionGrants { CanSubscribe = true } } });
            await Eventually.HoldsAsync(() => client.Refreshed is not null, "the first");
            var first = client.Refreshed;
            await owner.SayAsync(new SessionMessage
            {
                Claims = new SessionClaims
                {
                    Name = "ann",
                    Grants = new SessionGrants { CanSubscribe = true, CanPublish = true }
                }
            });
            await Eventually.HoldsAsync(() => client.Refreshed != first, "the next");
            using var back = await SignalClient.ResumeAsync(_fleet.Gateway, client.Refreshed!, "PA_1");
            await back.HearsAsync(response => response.Reconnect is not null, "that it is back");
            Assert.True(owner.Opened[^1] is { Reattach: false, Grants.CanPublish: true });
        }
    }
}
