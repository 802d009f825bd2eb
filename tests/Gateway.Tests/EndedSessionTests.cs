using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Harness;
using VideoScale.Harness.Signalling;
using RemoveParticipantRequest = VideoScale.V1.RemoveParticipantRequest;

namespace VideoScale.Gateway.Tests;

/// <summary>
/// Sessions that were ended on purpose: their clients are told so however they ask, and are not let in anew as if nothing had been.
/// </summary>
[Collection(nameof(ScriptedFleet))]
public sealed class EndedSessionTests
{
    private const LeaveRequest.Types.Action Disconnect = LeaveRequest.Types.Action.Disconnect,
        Reconnect = LeaveRequest.Types.Action.Reconnect;

    private readonly ScriptedFleet _fleet;

    public EndedSessionTests(ScriptedFleet fleet)
    {
        _fleet = fleet;
        foreach (var node in fleet.Nodes) node.Reset();
    }

    [LiveKitSurface("Signalling", "resume of a session that is over: leave{STATE_MISMATCH, RECONNECT}", Surface.Served)]
    [Theory]
    [InlineData(StatusCode.OutOfRange, DisconnectReason.ParticipantRemoved, Disconnect)]
    [InlineData(StatusCode.AlreadyExists, DisconnectReason.DuplicateIdentity, Disconnect)]
    [InlineData(StatusCode.NotFound, DisconnectReason.StateMismatch, Reconnect)]
    public async Task Who_comes_back_begins_anew_unless_its_session_was_ended_on_purpose(StatusCode refusal, DisconnectReason reason,
        LeaveRequest.Types.Action action)
    {
        var room = $"over-{refusal}";
        var (client, owner, _) = await _fleet.JoinAsync(room);
        client.Break();
        owner.Refuses = refusal;
        using var back = await SignalClient.ResumeAsync(_fleet.Gateway, SignalClient.Token(room, "ann"), "PA_1");
        Assert.Equal((reason, action), await LeaveOfAsync(back));
        // A leave that comes first is no more than a failed attempt to a client, which then joins anew.
        Assert.Equal(action == Disconnect, back.Told[0].Reconnect is not null);
    }

    [Theory]
    [InlineData(StatusCode.OutOfRange, DisconnectReason.ParticipantRemoved, Disconnect)]
    [InlineData(StatusCode.AlreadyExists, DisconnectReason.DuplicateIdentity, Disconnect)]
    [InlineData(StatusCode.NotFound, DisconnectReason.StateMismatch, Reconnect)]
    [InlineData(StatusCode.FailedPrecondition, DisconnectReason.StateMismatch, Reconnect)]
    public async Task Who_stayed_while_its_gateways_stream_was_broken_hears_the_same(StatusCode refusal, DisconnectReason reason,
        LeaveRequest.Types.Action action)
    {
        var (client, owner, _) = await _fleet.JoinAsync($"stayed-{refusal}");
        using (client)
        {
            owner.Refuses = refusal;
            owner.Break();
            Assert.Equal((reason, action), await LeaveOfAsync(client));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_is_removed_while_its_room_is_between_owners_hears_so_whether_it_is_there_or_comes_back(bool isAway)
    {
        var room = $"between-{isAway}";
        var (client, owner, _) = await _fleet.JoinAsync(room);
        await _fleet.SeatAsync(room, client, owner);
        if (isAway) client.Break();
        await _fleet.MoveAsync(room, owner, async () =>
            await _fleet.Replica.Rooms.RemoveParticipantAsync(new RemoveParticipantRequest
            {
                RequestId = $"remove-{room}",
                RoomId = room,
                Identity = "ann",
                Reason = "test",
            }));
        if (isAway)
        {
            foreach (var node in _fleet.Nodes) node.Refuses = StatusCode.NotFound; // the new owner has never heard of her
            client = await SignalClient.ResumeAsync(_fleet.Gateway, SignalClient.Token(room, "ann"), "PA_1");
        }
        Assert.Equal((DisconnectReason.ParticipantRemoved, Disconnect), await LeaveOfAsync(client));
        client.Dispose();

        foreach (var node in _fleet.Nodes) node.Refuses = null;
        using var anew = await SignalClient.JoinAsync(_fleet.Gateway, SignalClient.Token(room, "ann")); // as her token lets her
    }

    private static async Task<(DisconnectReason, LeaveRequest.Types.Action)> LeaveOfAsync(SignalClient client)
    {
        await client.HearsAsync(response => response.Leave is not null, "why it is over");
        var leave = client.Told.Single(response => response.Leave is not null).Leave;
        return (leave.Reason, leave.Action);
    }
}
