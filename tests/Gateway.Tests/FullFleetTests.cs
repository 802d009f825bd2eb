using System.Net.Http.Headers;
using LiveKit.Proto;
using VideoScale.ControlPlane.Tests.HostTests;
using VideoScale.Harness.Signalling;
using VideoScale.V1;

namespace VideoScale.Gateway.Tests;

/// <summary>What clients and backends of LiveKit see of a fleet that is full.</summary>
public sealed class FullFleetTests
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(60) };

    [Fact]
    public async Task A_join_is_told_in_time_and_leaves_no_seat_and_a_backend_hears_when_to_ask_again()
    {
        await using var replica = await FakeReplica.StartAsync(options => options.MaxWaitingRooms = 1);
        var hello = ScriptedAgent.Hello("media-1", 1);
        hello.Capacity.Publishers = 1;
        await using var agent = (await ScriptedAgent.AttachAsync(replica.Channel, hello)).KeepBeating();
        var gateway = $"127.0.0.1:{replica.Options.HttpPort}";

        using var client = await SignalClient.OpenAsync(gateway, SignalClient.Token("waits", "ann"));
        await client.HearsAsync(response => response.Leave is { Reason: DisconnectReason.JoinFailure } leave
            && leave.Action == LeaveRequest.Types.Action.Disconnect, "that it cannot join now");
        // The room keeps its place, and nobody sits in it who does not come back: it closes when it stays empty.
        await Eventually.HoldsAsync(async () => (await replica.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = "waits" })) is
        { Wait.Position: 1, Room.Participants: 0 }, "the seat is given back");

        using var encoder = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://{gateway}/whip/v1"));
        encoder.Content = new StringContent(Whip.Offers.Publishing, new MediaTypeHeaderValue("application/sdp"));
        encoder.Headers.Authorization = new AuthenticationHeaderValue("Bearer", SignalClient.Token("also-waits", "cam"));
        using var told = await Http.SendAsync(encoder);
        Assert.Equal((429, true), ((int)told.StatusCode, told.Headers.RetryAfter?.Delta > TimeSpan.FromSeconds(1)));

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://{gateway}/twirp/livekit.RoomService/CreateRoom"));
        request.Content = TwirpServer.Json("""{"name":"another"}""");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TwirpServer.Admin());
        using var reply = await Http.SendAsync(request);
        Assert.Equal(429, (int)reply.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(15), reply.Headers.RetryAfter?.Delta);
        Assert.Contains("\"resource_exhausted\"", await reply.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
