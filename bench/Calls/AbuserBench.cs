using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Calls;

/// <summary>
/// A participant who may change its own texts does so without end, as large as they may be: how long others take to join, and how long the
/// room takes to be listed, before and meanwhile.
/// </summary>
internal sealed class AbuserBench(Stage stage)
{
    private const string Room = "bench-abuser";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private long _updates, _refused;

    internal async Task<Samples> RunAsync(TimeSpan how)
    {
        var figures = new Samples();
        using var listener = new NodeClient("listener.mjs", stage.SignalUrl(0), Tokens.Join(Room, "ann"));
        await listener.HasAsync("published");
        await MeasureAsync(figures, "quiet", TimeSpan.FromSeconds(30));
        using var stop = new CancellationTokenSource();
        var abusing = AbuseAsync(stop.Token);
        await MeasureAsync(figures, "abused", how);
        await stop.CancelAsync();
        await abusing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        figures.Add("updates sent", _updates, "updates", Better.Higher);
        figures.Add("updates over a limit refused", _refused, "updates", Better.Higher);
        return figures;
    }

    private async Task MeasureAsync(Samples figures, string when, TimeSpan how)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer",
            Tokens.Mint("backend", new() { ["roomAdmin"] = true, ["room"] = Room }));
        var began = Stopwatch.GetTimestamp();
        for (var round = 0; Stopwatch.GetElapsedTime(began) < how; round++)
        {
            using (var cat = new NodeClient("listener.mjs", stage.SignalUrl(2), Tokens.Join(Room, $"cat-{when}-{round}"), "silent"))
            {
                await cat.HasAsync("frame", "ann");
                figures.Add($"join to first frame {when}", cat.AtMs("frame", "ann") - cat.AtMs("connecting"));
            }
            var asked = Stopwatch.GetTimestamp();
            using var body = new StringContent($$"""{"room":"{{Room}}"}""", MediaTypeHeaderValue.Parse("application/json"));
            using var reply =
                await http.PostAsync(
                new Uri(
                $"{stage.SignalUrl(1).Replace("ws:", "http:", StringComparison.Ordinal)}/twirp/livekit.RoomService/ListParticipants"),
                body);
            reply.EnsureSuccessStatusCode();
            await reply.Content.ReadAsByteArrayAsync();
            figures.Add($"list participants {when}", Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            await Task.Delay(Pause);
        }
    }

    /// <summary>As fast as its socket takes them: the largest metadata, then attributes until they are too many.</summary>
    private async Task AbuseAsync(CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        var token = Tokens.Join(Room, "abuser", video => video["canUpdateOwnMetadata"] = true);
        await socket.ConnectAsync(new Uri($"{stage.SignalUrl(0)}/rtc/v1?access_token={token}"), cancellationToken);
        var hearing = HearAsync(socket, cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            var update = new UpdateParticipantMetadata { RequestId = (uint)++_updates };
            if (_updates % 2 == 0) update.Metadata = $"{_updates} {new string('m', 500_000)}";
            else update.Attributes[$"key{_updates % 144:d3}"] = new string('v', 1_000);
            await socket.SendAsync(new SignalRequest { UpdateMetadata = update }.ToByteArray(), WebSocketMessageType.Binary,
                endOfMessage: true, cancellationToken);
        }
        await hearing;
    }

    private async Task HearAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[4 << 20];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
                length += part.Count;
            }
            while (!part.EndOfMessage);
            if (part.MessageType == WebSocketMessageType.Close) return;
            if (SignalResponse.Parser.ParseFrom(buffer, 0, length).RequestResponse?.Reason == RequestResponse.Types.Reason.LimitExceeded)
                _refused++;
        }
    }
}
