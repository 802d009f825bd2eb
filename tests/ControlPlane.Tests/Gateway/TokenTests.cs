using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using VideoScale.ControlPlane.Host.Gateway;
using VideoScale.ControlPlane.Host.Startup;
using VideoScale.ControlPlane.Tokens;
using VideoScale.TestKit;

namespace VideoScale.ControlPlane.Tests.Gateway;

/// <summary>Tokens made by hand, so that the library that checks them is not the one that made them.</summary>
public sealed class TokenTests
{
    private static readonly TokenVerifier Verifier = new([new ApiKeyOptions { Key = "key", Secret = "secret" }, new ApiKeyOptions { Key = "long", Secret = new string('s', 64) }]);
    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    internal static string Mint(object claims, string secret = "secret", string header = """{"alg":"HS256","typ":"JWT"}""")
    {
        var signed = $"{Encode(Encoding.UTF8.GetBytes(header))}.{Encode(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{signed}.{Encode(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(signed)))}";
    }

    private static string Encode(byte[] octets) => Convert.ToBase64String(octets).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static object Claims(object video, string iss = "key", long live = 600) => new { iss, sub = "ann", name = "Ann", exp = Now + live, nbf = Now - 3_600, metadata = "m", attributes = new { hand = "up" }, video };

    [Fact]
    public async Task A_short_secret_and_livekits_defaults()
    {
        var (grants, problem) = await Verifier.VerifyAsync(Mint(Claims(new { roomJoin = true, room = "standup" })));
        Assert.Equal("", problem);
        Assert.Equal(("ann", "Ann", "m", "standup"), (grants!.Identity, grants.Name, grants.Metadata, grants.Room));
        Assert.True(grants is { RoomJoin: true, CanPublish: true, CanSubscribe: true, CanPublishData: true, RoomAdmin: false, RoomCreate: false, RoomList: false, Hidden: false, CanUpdateOwnMetadata: false });
        Assert.Equal(("hand", "up"), Assert.Single(grants.Attributes));
        Assert.Null(grants.RefuseJoin());
        var mute = (await Verifier.VerifyAsync(Mint(Claims(new { canPublish = false, canPublishSources = new[] { "microphone", "screen_share" } })))).Grants!;
        Assert.True(mute is { CanPublish: false, CanPublishData: false });
        Assert.Equal(new[] { 2, 3 }, mute.Sources.ToArray());
        Assert.NotNull(mute.RefuseJoin());
        Assert.NotNull((await Verifier.VerifyAsync(Mint(Claims(new { }, iss: "long"), new string('s', 64)))).Grants);
    }

    [Fact]
    public async Task What_is_forged_late_early_or_unknown_is_refused()
    {
        var good = Claims(new { roomJoin = true });
        foreach (var (token, why) in new[]
        {
            ("", "no token"), ("x.y.z", "invalid token"), (new string('a', 40_000), "invalid token"),
            (Mint(good, "other"), "signature"), (Mint(Claims(new { }, iss: "nokey")), "API key"), (Mint(Claims(new { }, live: -120)), "expired"),
            (Mint(new { iss = "key", sub = "ann", exp = Now + 600, nbf = Now + 300 }), "not valid yet"), (Mint(new { iss = "key", sub = "ann" }), "signature"),
            (Mint(good, header: """{"alg":"none"}"""), "invalid"), (Mint(good, header: """{"alg":"HS512","typ":"JWT"}"""), "signature"), (Mint(good)[..^4] + "AAAA", "signature"),
        })
        {
            var (grants, problem) = await Verifier.VerifyAsync(token);
            Assert.Null(grants);
            Assert.Contains(why, problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Tokens_of_any_shape_are_refused_without_harm()
    {
        var good = Mint(Claims(new { roomJoin = true, room = "standup", canPublishSources = new[] { "camera" } }));
        var corpus = new[] { good, Mint(Claims(new { }), header: "{\"alg\":\"none\"}"), $"{Encode("{}"u8.ToArray())}.{good.Split('.')[1]}." }.Select(Encoding.Latin1.GetBytes).ToArray();
        Fuzz.Run(corpus, input =>
        {
            var token = Encoding.Latin1.GetString(input);
            var (grants, problem) = Verifier.VerifyAsync(token).GetAwaiter().GetResult();
            Assert.True(grants is null == problem.Length > 0);
            if (grants is not null) Assert.Equal(good.Split('.')[..2], token.Split('.')[..2]); // the last bits of base64 say nothing, so only the signed part is compared
        }, costs: 10);
    }

    [Fact]
    public void Claims_of_any_shape_are_read_or_refused() => Fuzz.Run([JsonSerializer.SerializeToUtf8Bytes(Claims(new { roomJoin = true, room = "standup", canPublish = false, canPublishSources = new[] { "camera" }, hidden = true }))], input =>
    {
        try
        {
            using var parsed = JsonDocument.Parse(input);
            TokenVerifier.Read(parsed.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException) { } // as the verifier catches them
    });

    [Fact]
    public void An_admin_of_one_room_is_none_of_another()
    {
        var grants = TokenVerifier.Read(JsonDocument.Parse("""{"sub":"a","video":{"roomAdmin":true,"room":"one"}}""").RootElement);
        Assert.Null(grants.RefuseAdmin("one"));
        Assert.NotNull(grants.RefuseAdmin("two"));
        Assert.NotNull((grants with { RoomAdmin = false }).RefuseAdmin("one"));
    }

    [Fact]
    public void Any_identity_has_a_seat_of_its_own()
    {
        string[] identities = ["ann", "Ann", "ann@example.org", "ann example", "üß", "-ann", "_xann", new string('a', 64), new string('a', 65)];
        var seats = identities.Select(SeatName.Of).ToList();
        Assert.Equal(seats.Count, seats.Distinct(StringComparer.Ordinal).Count());
        Assert.All(seats, seat => Assert.True(VideoScale.Model.NameRule.Accepts(seat), seat));
        Assert.Equal("ann", seats[0]);
    }
}
