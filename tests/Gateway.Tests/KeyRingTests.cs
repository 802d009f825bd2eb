using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using VideoScale.Gateway.Tokens;
using VideoScale.V1;

namespace VideoScale.Gateway.Tests;

/// <summary>Keys that change while a gateway runs.</summary>
public sealed class KeyRingTests
{
    private static readonly string Newest = new('n', 40), Former = new('f', 40);

    private sealed class Ring : IKeyRing
    {
        public ImmutableArray<ApiKey> Secrets { get; set; } = [new("key", Newest), new("key", Former)];
        public Func<TokenOrigin, bool> Revoked { get; set; } = static _ => false;
        public KeyLookup Find(string key) => new(Secrets, Secrets.IsEmpty ? "the API key is disabled" : "");
        public bool IsRevoked(TokenOrigin origin) => Revoked(origin);
        public Task Changed { get; } = new TaskCompletionSource().Task;
    }

    private static string Token(string secret, long? iat = null, long? nbf = null)
    {
        var claims = new Dictionary<string, object>
        {
            ["iss"] = "key",
            ["sub"] = "ann",
            ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 600,
            ["video"] = new { roomJoin = true, room = "standup" },
        };
        if (iat is { } issued) claims["iat"] = issued;
        if (nbf is { } begins) claims["nbf"] = begins;
        return TokenTests.Mint(claims, secret);
    }

    [Fact]
    public async Task The_newest_secret_and_the_former_are_taken_and_no_other()
    {
        var ring = new Ring();
        var verifier = new TokenVerifier(ring);
        foreach (var secret in (string[])[Newest, Former]) Assert.NotNull((await verifier.VerifyAsync(Token(secret))).Grants);
        Assert.Equal("invalid token signature", (await verifier.VerifyAsync(Token(new string('x', 40)))).Problem);
        ring.Secrets = [ring.Secrets[0]];
        Assert.Equal("invalid token signature", (await verifier.VerifyAsync(Token(Former))).Problem);
        ring.Secrets = [];
        Assert.Equal("the API key is disabled", (await verifier.VerifyAsync(Token(Newest))).Problem);
    }

    [Theory]
    [InlineData(1_000L, null, 1_000L)]
    [InlineData(1_000L, 2_000L, 1_000L)]
    [InlineData(null, 2_000L, 2_000L)]
    [InlineData(null, 0L, null)] // LiveKit's own libraries say so of tokens that hold at once
    [InlineData(null, null, null)]
    public async Task A_token_is_revoked_by_whose_it_is_and_when_it_was_issued(long? iat, long? nbf, long? issued)
    {
        TokenOrigin? asked = null;
        var verifier = new TokenVerifier(new Ring { Revoked = origin => (asked = origin) is not null });
        var (grants, problem) = await verifier.VerifyAsync(Token(Newest, iat, nbf));
        Assert.Null(grants);
        Assert.Equal("token was revoked", problem);
        Assert.Equal(("key", "ann", issued), (asked!.Key, asked.Subject, asked.IssuedAt?.ToUnixTimeSeconds()));
    }

    /// <summary>Else whoever is in a room would outlive what revokes its token.</summary>
    [Theory]
    [InlineData(1_000L, null, 1_000L)]
    [InlineData(null, 2_000L, 2_000L)]
    [InlineData(null, null, null)]
    public void A_refreshed_token_is_as_old_as_the_one_it_came_from(long? iat, long? nbf, long? issued)
    {
        var ring = new Ring();
        var refreshed = new TokenRefresher(ring, TimeProvider.System).Refresh(Token(Former, iat, nbf), "ann",
            new SessionClaims { Grants = new SessionGrants() })!;
        using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(refreshed.Split('.')[1]));
        Assert.Equal(issued, payload.RootElement.TryGetProperty("iat", out var said) ? said.GetInt64() : null);
        ring.Secrets = [];
        Assert.Null(new TokenRefresher(ring, TimeProvider.System).Refresh(Token(Former), "ann",
            new SessionClaims { Grants = new SessionGrants() }));
    }
}
