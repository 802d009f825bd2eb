using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using VideoScale.Gateway.Tokens;
using VideoScale.Harness;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.Gateway.Tests;

/// <summary>Tokens for those who are in already.</summary>
public sealed class TokenRefresherTests
{
    private static readonly ApiKey[] Keys = [new ApiKey("key", "secret"), new ApiKey("other", new string('s', 80))];
    private static readonly TokenVerifier Verifier = new(new FixedKeys(Keys));

    private static string Own(string key = "key", string secret = "secret", long endsIn = 600, long? until = null) =>
        TokenTests.Mint(new Dictionary<string, object>
        {
            ["iss"] = key,
            ["sub"] = "ann",
            ["name"] = "Ann",
            ["kind"] = "agent",
            ["iat"] = 5,
            ["nbf"] = 5,
            ["exp"] = until ?? DateTimeOffset.UtcNow.ToUnixTimeSeconds() + endsIn,
            ["metadata"] = "before",
            ["attributes"] = new { hand = "up" },
            ["video"] = new
            {
                roomJoin = true,
                room = "standup",
                roomAdmin = true,
                CanPublish = false,
                canpublishsources = new[] { "camera" },
                somethingNew = 7,
            },
        }, secret);

    private static SessionClaims Promoted() => new()
    {
        Name = "Ann, promoted",
        Metadata = "now",
        Attributes = { ["hand"] = "down" },
        Grants = new SessionGrants { CanPublish = true, CanSubscribe = true, CanPublishData = true },
    };

    [LiveKitSurface("Signalling", "refresh_token", Surface.Served)]
    [Theory]
    [InlineData("key", "secret")]
    [InlineData("other", "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss")]
    public async Task A_refreshed_token_says_what_its_bearer_may_do_now_and_is_valid_after_the_first_has_run_out(string key, string secret)
    {
        var own = Own(key, secret, endsIn: -3_600);
        Assert.Null((await Verifier.VerifyAsync(own)).Grants);
        var refreshed = new TokenRefresher(new FixedKeys(Keys), TimeProvider.System).Refresh(own, "ann", Promoted())!;
        var (grants, problem) = await Verifier.VerifyAsync(refreshed);
        Assert.Equal("", problem);
        Assert.Equal(("ann", "Ann, promoted", "now", "standup"), (grants!.Identity, grants.Name, grants.Metadata, grants.Room));
        Assert.True(grants is
        {
            RoomJoin: true, RoomAdmin: true, CanPublish: true, CanSubscribe: true, CanPublishData: true,
            CanUpdateOwnMetadata: false
        });
        Assert.Empty(grants.Sources);
        Assert.Equal(("hand", "down"), Assert.Single(grants.Attributes));
    }

    [Theory]
    [InlineData(-100, 600)] // its own has run out: LiveKit's ten minutes
    [InlineData(599, 600)]
    [InlineData(21_600, 21_600)] // whoever was given six hours may pause for longer than ten minutes
    public void What_is_not_about_permissions_stays_as_it_was_and_the_time_is_never_shorter(long ownSeconds, long seconds)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(2_000_000));
        var own = Own(until: 2_000_000 + ownSeconds);
        using var claims = JsonDocument.Parse(
            Base64UrlEncoder.DecodeBytes(new TokenRefresher(new FixedKeys(Keys), clock).Refresh(own, "ann", Promoted())!.Split('.')[1]));
        var root = claims.RootElement;
        Assert.Equal(("key", "agent", 7), (root.GetProperty("iss").GetString(), root.GetProperty("kind").GetString(),
            root.GetProperty("video").GetProperty("somethingNew").GetInt32()));
        Assert.Equal((2_000_000, 2_000_000 + seconds), (root.GetProperty("nbf").GetInt64(), root.GetProperty("exp").GetInt64()));
    }

    [Fact]
    public async Task What_was_taken_away_is_not_given_back_and_a_source_nobody_knows_allows_none()
    {
        var claims = new SessionClaims { Grants = new SessionGrants { CanSubscribe = true, Hidden = true, CanPublishSources = { -1 } } };
        var refreshed = new TokenRefresher(new FixedKeys(Keys), TimeProvider.System).Refresh(Own(), "ann", claims)!;
        var grants = (await Verifier.VerifyAsync(refreshed)).Grants!;
        Assert.True(grants is { CanPublish: false, CanPublishData: false, Hidden: true, Name: "", Metadata: "" });
        using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(refreshed.Split('.')[1]));
        Assert.Equal(["none"], payload.RootElement.GetProperty("video").GetProperty("canPublishSources").EnumerateArray()
            .Select(source => source.GetString()));
    }

    [Fact]
    public async Task The_largest_metadata_comes_back_as_long_as_it_was_and_no_token_is_given_that_could_not()
    {
        var refresher = new TokenRefresher(new FixedKeys(Keys), TimeProvider.System);
        foreach (var repeated in (string[])["x", "<", "&", "'", "+", "é", "世"])
        {
            var metadata = string.Concat(Enumerable.Repeat(repeated, TextLimits.MaxMetadataBytes / TextLimits.BytesOf(repeated)));
            var refreshed = refresher.Refresh(Own(), "ann",
                new SessionClaims { Metadata = metadata, Attributes = { ["a"] = new string('>', 60_000) }, Grants = new SessionGrants() })!;
            Assert.InRange(refreshed.Length, metadata.Length, TokenRefresher.MaxTokenBytes);
            var (grants, problem) = await Verifier.VerifyAsync(refreshed);
            Assert.Equal("", problem);
            Assert.Equal(metadata, grants!.Metadata);
        }
        // JSON itself asks for six bytes of each: she keeps the token that she has.
        Assert.Null(refresher.Refresh(Own(), "ann",
            new SessionClaims { Metadata = new string('\u0001', TextLimits.MaxMetadataBytes), Grants = new SessionGrants() }));
    }

    [Fact]
    public void Nothing_is_signed_with_a_key_that_is_not_ours() =>
        Assert.Null(new TokenRefresher(new FixedKeys([]), TimeProvider.System).Refresh(Own(), "ann", Promoted()));
}
