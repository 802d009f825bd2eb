using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using LiveKit.Proto;

namespace VideoScale.Gateway.Turn;

/// <summary>
/// What clients are told of TURN servers when they join and when they come back: URLs, and credentials that are good for a while and for
/// one participant, as servers with a shared secret take them (draft-uberti-behave-turn-rest-00; coturn's use-auth-secret).
/// </summary>
internal sealed class TurnServers(TurnSettings settings, TimeProvider clock)
{
    private readonly byte[] _secret = Encoding.UTF8.GetBytes(settings.Secret);

    /// <summary>The message with the servers in it, when it is one that begins a connection to the client.</summary>
    /// <param name="participant">Tells participants apart in the servers' logs; a name.</param>
    internal ByteString AddTo(ByteString response, string participant)
    {
        var field = WireFormat.GetTagFieldNumber(response.CreateCodedInput().ReadTag());
        if (field is not (SignalResponse.JoinFieldNumber or SignalResponse.ReconnectFieldNumber)) return response;
        var told = SignalResponse.Parser.ParseFrom(response);
        (told.Join?.IceServers ?? told.Reconnect.IceServers).Add(For(participant));
        return told.ToByteString();
    }

    [SuppressMessage("Security", "CA5350", Justification = "it is what these servers compute; as an HMAC SHA-1 stands")]
    internal ICEServer For(string participant)
    {
        var until = (clock.GetUtcNow() + settings.Life).ToUnixTimeSeconds();
        var username = string.Create(CultureInfo.InvariantCulture, $"{until}:{participant}");
        var credential = Convert.ToBase64String(HMACSHA1.HashData(_secret, Encoding.UTF8.GetBytes(username)));
        var server = new ICEServer { Username = username, Credential = credential };
        server.Urls.AddRange(settings.Urls);
        return server;
    }
}
