using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Signalling;

/// <summary>LiveKit's signalling without a client around it: one socket, what came over it, and what the test says.</summary>
public sealed class SignalClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly ClientWebSocket _socket = new();
    private readonly List<SignalResponse> _told = [];
    private Task _reading = Task.CompletedTask;

    private SignalClient() => _socket.Options.KeepAliveInterval = TimeSpan.Zero;

    public bool IsClosed => _reading.IsCompleted;

    /// <summary>How the server closed its side; null when it has not, or broke the connection.</summary>
    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    public IReadOnlyList<SignalResponse> Told { get { lock (_told) return [.. _told]; } }

    public string Sid => Told.First(response => response.Join is not null).Join.Participant.Sid;

    /// <summary>The newest refreshed token.</summary>
    public string? Refreshed => Told.LastOrDefault(response => response.HasRefreshToken)?.RefreshToken;

    /// <summary>Opens the socket and waits for nothing.</summary>
    public static async Task<SignalClient> OpenAsync(string httpAddress, string token, Action<JoinRequest>? change = null)
    {
        var join = new JoinRequest { ConnectionSettings = new ConnectionSettings { AutoSubscribe = true } };
        change?.Invoke(join);
        var wrapped = new WrappedJoinRequest { JoinRequest = join.ToByteString() };
        var client = new SignalClient();
        await client._socket.ConnectAsync(
            new Uri($"ws://{httpAddress}/rtc/v1?access_token={token}&join_request={Encode(wrapped.ToByteArray())}"),
            CancellationToken.None);
        client._reading = client.ReadAsync();
        return client;
    }

    public static async Task<SignalClient> JoinAsync(string httpAddress, string room, string identity,
        Action<Dictionary<string, object>>? grant = null) =>
        await JoinAsync(httpAddress, Token(room, identity, grant));

    public static async Task<SignalClient> JoinAsync(string httpAddress, string token)
    {
        var client = await OpenAsync(httpAddress, token);
        await client.HearsAsync(response => response.Join is not null, "that it joined");
        return client;
    }

    /// <summary>Comes back for a session.</summary>
    public static Task<SignalClient> ResumeAsync(string httpAddress, string token, string sid) =>
        OpenAsync(httpAddress, token, join => (join.Reconnect, join.ParticipantSid) = (true, sid));

    public Task SayAsync(SignalRequest request) =>
        _socket.SendAsync(request.ToByteArray(), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);

    public static SignalRequest Leave => new() { Leave = new LeaveRequest { Reason = DisconnectReason.ClientInitiated } };

    /// <summary>Says so and closes in the same turn; the server's close is awaited by nobody.</summary>
    /// <remarks>
    /// The connection is dropped once the server has closed its side: one that is reset takes along what the server has not read yet, and
    /// nobody can help that.
    /// </remarks>
    public async Task LeaveAsync()
    {
        await SayAsync(Leave);
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
    }

    public void Break() => _socket.Abort();

    public Task HearsAsync(Func<SignalResponse, bool> what, string description) =>
        Eventually.HoldsAsync(() => Told.Any(what), $"the client hears {description}", Patience, () => string.Join('\n', Told));

    public Task HearsOfAsync(string identity, Func<ParticipantInfo, bool> what, string description) =>
        HearsAsync(response => response.Update?.Participants.Any(info => info.Identity == identity && what(info)) == true,
            $"{description} of {identity}");

    public Task HearsLeavingAsync(string identity, DisconnectReason reason = DisconnectReason.ClientInitiated) =>
        HearsOfAsync(identity, info => info.State == ParticipantInfo.Types.State.Disconnected && info.DisconnectReason == reason,
            $"the leaving ({reason})");

    public bool KnowsLeaving(string identity) => Told.Any(response => response.Update?.Participants.Any(info => info.Identity == identity
        && info.State == ParticipantInfo.Types.State.Disconnected) == true);

    public static string Token(string room, string identity, Action<Dictionary<string, object>>? grant = null, long livesSeconds = 600,
        string key = "devkey", string secret = "secret", long issuedAgo = 600)
    {
        var video = new Dictionary<string, object> { ["roomJoin"] = true, ["room"] = room };
        grant?.Invoke(video);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return Sign(new Dictionary<string, object>
        {
            ["iss"] = key,
            ["sub"] = identity,
            ["name"] = identity,
            ["nbf"] = now - issuedAgo,
            ["exp"] = now + livesSeconds,
            ["video"] = video
        }, secret);
    }

    private static string Sign(object claims, string secret)
    {
        var signed = $"{Encode("""{"alg":"HS256","typ":"JWT"}"""u8.ToArray())}.{Encode(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{signed}.{Encode(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(signed)))}";
    }

    private static string Encode(byte[] octets) => Convert.ToBase64String(octets).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private async Task ReadAsync()
    {
        var buffer = new byte[1 << 20];
        try
        {
            while (true)
            {
                var filled = 0;
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await _socket.ReceiveAsync(buffer.AsMemory(filled), CancellationToken.None);
                    if (part.MessageType == WebSocketMessageType.Close) return;
                    filled += part.Count;
                }
                while (!part.EndOfMessage);
                var response = SignalResponse.Parser.ParseFrom(buffer, 0, filled);
                lock (_told) _told.Add(response);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException) { }
    }

    public void Dispose() => _socket.Dispose();
}
