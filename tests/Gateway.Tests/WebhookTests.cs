using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LiveKit.Proto;
using Microsoft.IdentityModel.Tokens;
using VideoScale.Gateway.Tokens;
using VideoScale.Gateway.Webhooks;
using VideoScale.Harness;

namespace VideoScale.Gateway.Tests;

/// <summary>A webhook's body and signature. That LiveKit's own receiver takes them is shown on real processes.</summary>
public sealed class WebhookTests
{
    private static readonly WebhookMessage Message = new("EV_1", "track_published", 1_700_000_000,
        new V1.Room { RoomId = "standup", Name = "stand up/ä", CreatedAtMs = 1_699_999_999_123, Participants = 2, Publishers = 1 },
        new ParticipantInfo { Sid = "PA_1", Identity = "ann@example.com", State = ParticipantInfo.Types.State.Active },
        new TrackInfo { Sid = "TR_1", Type = TrackType.Video, Source = TrackSource.Camera });

    [Fact]
    [LiveKitSurface("Around it", "webhooks", Surface.Served, "rooms, participants, tracks; no egress, ingress, agents")]
    public void The_body_is_livekits_event_in_protobufs_json()
    {
        using var body = JsonDocument.Parse(Message.ToJson());
        var root = body.RootElement;
        Assert.Equal(["event", "room", "participant", "id", "createdAt", "track"], root.EnumerateObject().Select(field => field.Name));
        Assert.Equal("1700000000", root.GetProperty("createdAt").GetString()); // 64-bit numbers are strings
        var room = root.GetProperty("room");
        Assert.Equal(("stand up/ä", 2, 1), (room.GetProperty("name").GetString(), room.GetProperty("numParticipants").GetInt32(),
            room.GetProperty("numPublishers").GetInt32()));
        Assert.Equal("ACTIVE", root.GetProperty("participant").GetProperty("state").GetString());
        Assert.Equal("CAMERA", root.GetProperty("track").GetProperty("source").GetString());
        Assert.Equal(Message.ToJson(), Message.ToJson());
    }

    [Fact]
    public void The_token_names_the_key_and_holds_the_bodys_digest_and_is_short_lived()
    {
        var body = Message.ToJson();
        var token = new WebhookSigner(new ApiKey("devkey", "secret"), TimeProvider.System).Sign(body).Split('.');
        Assert.Equal(3, token.Length);
        var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes("secret"), Encoding.UTF8.GetBytes($"{token[0]}.{token[1]}"));
        Assert.Equal(expected, Base64UrlEncoder.DecodeBytes(token[2]));
        using var claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token[1]));
        Assert.Equal("devkey", claims.RootElement.GetProperty("iss").GetString());
        Assert.Equal(Convert.ToBase64String(SHA256.HashData(body)), claims.RootElement.GetProperty("sha256").GetString());
        var (from, until) = (claims.RootElement.GetProperty("nbf").GetInt64(), claims.RootElement.GetProperty("exp").GetInt64());
        Assert.Equal(6 * 60, until - from);
    }
}
