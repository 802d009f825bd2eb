using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using VideoScale.Gateway.Signalling;
using VideoScale.Gateway.Tokens;
using VideoScale.Harness;

namespace VideoScale.Gateway.Tests;

/// <summary>Tokens made by hand, so that the library that checks them is not the one that made them.</summary>
[Collection(nameof(Alone))]
public sealed class TokenTests
{
    private static readonly TokenVerifier Verifier =
        new(new FixedKeys([new ApiKey("key", "secret"), new ApiKey("long", new string('s', 64))]));
    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    internal static string Mint(object claims, string secret = "secret", string header = """{"alg":"HS256","typ":"JWT"}""")
    {
        var signed = $"{Encode(Encoding.UTF8.GetBytes(header))}.{Encode(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{signed}.{Encode(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(signed)))}";
    }

    private static string Encode(byte[] octets) => Convert.ToBase64String(octets).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static object Claims(object video, string iss = "key", long live = 600) =>
        new
        {
            iss,
            sub = "ann",
            name = "Ann",
            exp = Now + live,
            nbf = Now - 3_600,
            metadata = "m",
            attributes = new { hand = "up" },
            video
        };

    [LiveKitSurface("Tokens", "HS256, LiveKit's defaults of grants", Surface.Served)]
    [Fact]
    public async Task A_short_secret_and_livekits_defaults()
    {
        var (grants, problem) = await Verifier.VerifyAsync(Mint(Claims(new { roomJoin = true, room = "standup" })));
        Assert.Equal("", problem);
        Assert.Equal(("ann", "Ann", "m", "standup"), (grants!.Identity, grants.Name, grants.Metadata, grants.Room));
        Assert.True(grants is
        {
            RoomJoin: true, CanPublish: true, CanSubscribe: true, CanPublishData: true, RoomAdmin: false,
            RoomCreate: false, RoomList: false, Hidden: false, CanUpdateOwnMetadata: false
        });
        Assert.Equal(("hand", "up"), Assert.Single(grants.Attributes));
        Assert.Null(grants.RefuseJoin());
        var mute = (await Verifier.VerifyAsync(Mint(Claims(new
        {
            canPublish = false,
            canPublishSources = new[] { "microphone", "screen_share" }
        })))).Grants!;
        Assert.True(mute is { CanPublish: false, CanPublishData: false });
        Assert.Equal(new[] { 2, 3 }, mute.Sources.ToArray());
        Assert.NotNull(mute.RefuseJoin());
        Assert.NotNull((await Verifier.VerifyAsync(Mint(Claims(new { }, iss: "long"), new string('s', 64)))).Grants);
    }

    [LiveKitSurface("Tokens", "exp, nbf, signature, algorithm", Surface.Served)]
    [Fact]
    public async Task What_is_forged_late_early_or_unknown_is_refused()
    {
        var good = Claims(new { roomJoin = true });
        foreach (var (token, why) in new[]
        {
            ("", "no token"), ("x.y.z", "invalid token"), (new string('a', 2_000_000), "invalid token"),
            (Mint(good, "other"), "signature"), (Mint(Claims(new { }, iss: "nokey")), "API key"),
                (Mint(Claims(new { }, live: -120)), "expired"),
            (Mint(new { iss = "key", sub = "ann", exp = Now + 600, nbf = Now + 300 }), "not valid yet"),
                (Mint(new { iss = "key", sub = "ann" }), "no expiry"),
            (Mint(good, header: """{"alg":"none"}"""), "invalid"), (Mint(good, header: """{"alg":"HS512","typ":"JWT"}"""), "signature"),
                (Mint(good)[..^4] + "AAAA", "signature"),
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
        var corpus = new[] { good, Mint(Claims(new { }), header: "{\"alg\":\"none\"}"),
            $"{Encode("{}"u8.ToArray())}.{good.Split('.')[1]}." }.Select(Encoding.Latin1.GetBytes).ToArray();
        Fuzz.Run(corpus, input =>
        {
            var token = Encoding.Latin1.GetString(input);
            var (grants, problem) = Verifier.VerifyAsync(token).GetAwaiter().GetResult();
            Assert.True(grants is null == problem.Length > 0);
            // the last bits of base64 say nothing, so only the signed part is compared
            if (grants is not null) Assert.Equal(good.Split('.')[..2], token.Split('.')[..2]);
        }, costs: 10);
    }

    [Fact]
    public void Claims_of_any_shape_are_read_or_refused() =>
        Fuzz.Run([JsonSerializer.SerializeToUtf8Bytes(Claims(new { roomJoin = true, room = "standup", canPublish = false,
        canPublishSources = new[] { "camera" }, hidden = true }))], input =>
    {
        try
        {
            using var parsed = JsonDocument.Parse(input);
            var (grants, problem) = TokenClaims.Read(parsed.RootElement);
            Assert.True(grants is null == problem.Length > 0);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) { } // as the verifier catches them
    });

    private static (ParticipantGrants? Grants, string Problem) Read(string claims)
    {
        using var parsed = JsonDocument.Parse(claims);
        return TokenClaims.Read(parsed.RootElement);
    }

    [LiveKitSurface("Tokens", "claims of another shape", Surface.Refused, "401 that names the claim")]
    [Theory]
    [InlineData("""{"canPublish":"false"}""", "video.canPublish")]
    [InlineData("""{"canPublish":0}""", "video.canPublish")]
    [InlineData("""{"canSubscribe":{}}""", "video.canSubscribe")]
    [InlineData("""{"canPublishData":[]}""", "video.canPublishData")]
    [InlineData("""{"roomJoin":"true"}""", "video.roomJoin")]
    [InlineData("""{"hidden":1}""", "video.hidden")]
    [InlineData("""{"room":7}""", "video.room")]
    [InlineData("""{"canPublishSources":"camera"}""", "video.canPublishSources")]
    [InlineData("""{"canPublishSources":{"camera":true}}""", "video.canPublishSources")]
    [InlineData("""{"canPublishSources":["camera",2]}""", "video.canPublishSources")]
    [InlineData("\"all\"", "video")]
    [InlineData("[]", "video")]
    public void A_grant_of_another_shape_refuses_the_token_by_name(string video, string claim)
    {
        var (grants, problem) = Read($$$"""{"sub":"ann","video":{{{video}}}}""");
        Assert.Null(grants);
        Assert.Contains($"claim {claim} ", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"sub":"ann","name":5}""")]
    [InlineData("""{"sub":"ann","metadata":{"a":1}}""")]
    [InlineData("""{"sub":"ann","attributes":["a"]}""")]
    [InlineData("""{"sub":"ann","attributes":{"a":1}}""")]
    [InlineData("""{"sub":"ann","kind":3}""")]
    [InlineData("""{"sub":17}""")]
    [InlineData("""["sub"]""")]
    public void Texts_of_another_shape_refuse_it_too(string claims) => Assert.Null(Read(claims).Grants);

    [LiveKitSurface("Tokens", "canPublishSources", Surface.Served)]
    [Theory]
    [InlineData("""["CAMERA"]""", false, false)]
    [InlineData("""["webcam"]""", false, false)]
    [InlineData("""[""]""", false, false)]
    [InlineData("""["camera"]""", true, false)]
    [InlineData("""["webcam","microphone"]""", false, true)]
    [InlineData("[]", true, true)]
    [InlineData("null", true, true)]
    public void Sources_that_are_not_known_allow_nothing(string sources, bool camera, bool microphone)
    {
        var grants = Read($$$"""{"sub":"ann","video":{"roomJoin":true,"room":"r","canPublishSources":{{{sources}}}}}""").Grants!;
        Assert.Equal((camera, microphone), (Allows(1), Allows(2)));
        bool Allows(int source) => grants.Sources.IsEmpty || grants.Sources.Contains(source);
    }

    [Fact]
    public void No_single_claim_that_is_not_understood_widens_what_a_token_allows()
    {
        // The widest thing a value can say is true; whatever else it is must allow no more than false does.
        string[] values = ["\"false\"", "\"true\"", "0", "1", "-1", "[]", "{}", "null", "false", "\"\""];
        foreach (var name in (string[])["canPublish", "canSubscribe", "canPublishData", "CANPUBLISH", "canpublish", "CanSubscribe"])
            foreach (var value in values.Where(value => value != "null"))
            {
                var grants = Read($$$"""{"sub":"ann","video":{"{{{name}}}":{{{value}}}}}""").Grants;
                if (grants is null) continue;
                Assert.Equal("false", value);
                Assert.False(name.Equals("canPublish", StringComparison.OrdinalIgnoreCase) ? grants.CanPublish
                    : name.Equals("canSubscribe", StringComparison.OrdinalIgnoreCase) ? grants.CanSubscribe : grants.CanPublishData);
            }
        foreach (var name in (string[])["roomAdmin", "roomCreate", "roomList", "roomJoin", "hidden", "recorder", "canUpdateOwnMetadata"])
            foreach (var value in values)
                if (Read($$$"""{"sub":"ann","video":{"{{{name}}}":{{{value}}}}}""").Grants is { } grants)
                    Assert.False(grants.RoomAdmin || grants.RoomCreate || grants.RoomList || grants.RoomJoin || grants.Hidden
                        || grants.Recorder || grants.CanUpdateOwnMetadata, $"{name} {value}");
    }

    [LiveKitSurface("Tokens", "identity in jti", Surface.Served)]
    [Theory]
    [InlineData("""{"sub":"ann","jti":"bob"}""", "ann")]
    [InlineData("""{"jti":"bob"}""", "bob")]
    [InlineData("""{"sub":"","jti":"bob"}""", "bob")]
    [InlineData("""{}""", "")]
    public void An_identity_may_stand_in_jti(string claims, string identity) => Assert.Equal(identity, Read(claims).Grants!.Identity);

    [LiveKitSurface("Tokens", "kind", Surface.Served)]
    [Theory]
    [InlineData("agent", 4)]
    [InlineData("sip", 3)]
    [InlineData("egress", 2)]
    [InlineData("ingress", 1)]
    [InlineData("Agent", 4)]
    [InlineData("robot", 0)]
    [InlineData("", 0)]
    public void Kinds_of_participants(string kind, int number) =>
        Assert.Equal(number, Read($$$"""{"sub":"a","kind":"{{{kind}}}"}""").Grants!.Kind);

    [Fact]
    public void What_a_participant_says_of_itself_has_limits_wherever_it_comes_from()
    {
        var grants = Read("""{"sub":"ann","attributes":{"a":"1","b":"2"},"video":{"canUpdateOwnMetadata":true}}""").Grants!;
        Assert.Null(grants.RefuseTexts());
        Assert.Null((grants with { Metadata = new string('m', 512 * 1024), Name = new string('n', 256), Identity = new string('i', 256) })
            .RefuseTexts());
        Assert.Contains("metadata", (grants with { Metadata = new string('m', 512 * 1024 + 1) }).RefuseTexts()!.Message,
            StringComparison.Ordinal);
        Assert.Contains("name", (grants with { Name = new string('ä', 129) }).RefuseTexts()!.Message, StringComparison.Ordinal);
        Assert.Contains("identity", (grants with { Identity = new string('i', 257) }).RefuseTexts()!.Message, StringComparison.Ordinal);
        var brought = grants.With("mine", [KeyValuePair.Create("b", "3"), KeyValuePair.Create("c", new string('c', 64 * 1024 - 5))]);
        Assert.Equal(("mine", "3"), (brought.Metadata, brought.Attributes.Single(pair => pair.Key == "b").Value));
        Assert.Null(brought.RefuseTexts());
        Assert.Contains("attributes", grants.With("", [KeyValuePair.Create("c", new string('c', 64 * 1024 - 4))]).RefuseTexts()!.Message,
            StringComparison.Ordinal);
        Assert.Equal("", (grants with { CanUpdateOwnMetadata = false }).With("mine", []).Metadata);
    }

    [Fact]
    public void An_admin_of_one_room_is_none_of_another()
    {
        var grants = Read("""{"sub":"a","video":{"roomAdmin":true,"room":"one"}}""").Grants!;
        Assert.Null(grants.RefuseAdmin("one"));
        Assert.NotNull(grants.RefuseAdmin("two"));
        Assert.NotNull((grants with { RoomAdmin = false }).RefuseAdmin("one"));
    }

    [Fact]
    public void Any_identity_has_a_seat_of_its_own()
    {
        string[] identities = ["ann", "Ann", "ann@example.org", "ann example", "üß", "-ann", "_xann", new string('a', 64),
            new string('a', 65)];
        var seats = identities.Select(SeatName.Of).ToList();
        Assert.Equal(seats.Count, seats.Distinct(StringComparer.Ordinal).Count());
        Assert.All(seats, seat => Assert.True(VideoScale.Model.NameRule.Accepts(seat), seat));
        Assert.Equal("ann", seats[0]);
    }
}
