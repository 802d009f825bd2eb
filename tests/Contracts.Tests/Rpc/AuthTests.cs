using Grpc.Core;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Rpc;

public sealed class AuthTests
{
    private static readonly ProbeRequest Nothing = new();

    [Theory]
    [InlineData(ProbeHost.ViewerToken, "Read", true)]
    [InlineData(ProbeHost.ViewerToken, "Change", false)]
    [InlineData(ProbeHost.ViewerToken, "Unnamed", false)]
    [InlineData(ProbeHost.ViewerToken, "Inner", false)]
    [InlineData(ProbeHost.OperatorToken, "Read", true)]
    [InlineData(ProbeHost.OperatorToken, "Change", true)]
    [InlineData(ProbeHost.OperatorToken, "Unnamed", false)]
    [InlineData(ProbeHost.AdminToken, "Change", true)]
    [InlineData(ProbeHost.AdminToken, "Unnamed", true)]
    [InlineData(ProbeHost.AdminToken, "Inner", false)]
    [InlineData(ProbeHost.NodeToken, "Read", true)]
    [InlineData(ProbeHost.NodeToken, "Change", false)]
    [InlineData(ProbeHost.NodeToken, "Inner", false)]
    [InlineData(ProbeHost.ReplicaToken, "Inner", true)]
    [InlineData(ProbeHost.ReplicaToken, "Change", false)]
    public async Task A_method_serves_who_has_its_role_and_nobody_else(string token, string method, bool served)
    {
        await using var host = await ProbeHost.StartAsync(ProbeHost.WithTokens());
        var client = host.Client(token);
        Task CallAsync() => (method switch
        {
            "Read" => client.ReadAsync(Nothing),
            "Change" => client.ChangeAsync(Nothing),
            "Unnamed" => client.UnnamedAsync(Nothing),
            _ => client.InnerAsync(Nothing)
        }).ResponseAsync;
        if (served) { await CallAsync(); return; }
        var refusal = await Assert.ThrowsAsync<RpcException>(CallAsync);
        Assert.Equal(StatusCode.PermissionDenied, refusal.StatusCode);
        Assert.Contains($"videoscale.probe.Probe/{method} needs role", refusal.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_token_the_answer_says_how_to_send_one()
    {
        await using var host = await ProbeHost.StartAsync(ProbeHost.WithTokens());
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await host.Client().ReadAsync(Nothing));
        Assert.Equal(StatusCode.Unauthenticated, refusal.StatusCode);
        Assert.Equal(
            "videoscale.probe.Probe/Read needs role Viewer: send metadata \"authorization: Bearer TOKEN\", or connect with a client "
            + "certificate", refusal.Status.Detail);
    }

    [Theory]
    [InlineData("no-such-token-0123456789", "not known")]
    [InlineData("", "not known")]
    [InlineData("töken-0123456789-0123456789", "not known")]
    public async Task A_wrong_token_is_refused_without_being_repeated(string token, string expected)
    {
        await using var host = await ProbeHost.StartAsync(ProbeHost.WithTokens());
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{host.Address}/videoscale.probe.Probe/Read")
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(new byte[5]),
        };
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.TryAddWithoutValidation("authorization",
            "Bearer " + (token.All(char.IsAscii) ? token : Uri.EscapeDataString(token)));
        using var response = await http.SendAsync(request);
        Assert.Equal(((int)StatusCode.Unauthenticated).ToString(), response.Headers.GetValues("grpc-status").Single());
        var message = response.Headers.GetValues("grpc-message").Single();
        Assert.Contains(expected, message, StringComparison.Ordinal);
        if (token.Length > 0) Assert.DoesNotContain(token, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_call_is_refused_before_its_body_is_read()
    {
        await using var host = await ProbeHost.StartAsync(ProbeHost.WithTokens(o => o.MaxReceiveMessageBytes = 1024));
        // A body over the limit would be RESOURCE_EXHAUSTED had it been looked at.
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await host.Client()
            .ReadAsync(new ProbeRequest { Payload = Google.Protobuf.ByteString.CopyFrom(new byte[100_000]) }));
        Assert.Equal(StatusCode.Unauthenticated, refusal.StatusCode);
    }

    [Fact]
    public async Task Tokens_may_be_configured_by_their_hash()
    {
        var hash = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData("a-token-of-my-own-123"u8));
        var options = new RpcServerOptions { Tokens = { new ApiToken { Subject = "hashed", Role = Role.Viewer, Sha256 = hash } } };
        await using var host = await ProbeHost.StartAsync(options);
        var reply = await host.Client("a-token-of-my-own-123").ReadAsync(Nothing);
        Assert.Equal(("hashed", "Viewer", "Token"), (reply.Subject, reply.Role, reply.AuthMethod));
    }

    [Fact]
    public async Task Development_mode_lets_loopback_in_as_admin_and_says_so()
    {
        await using var host = await ProbeHost.StartAsync(ProbeHost.WithTokens(o => o.DevelopmentMode = true));
        var reply = await host.Client().InnerAsync(Nothing);
        Assert.Equal(("development", "Admin", "Development"), (reply.Subject, reply.Role, reply.AuthMethod));
        Assert.Contains(host.Log.Of(1105), line => line.Contains("admin", StringComparison.Ordinal));
        // A token still means what it means.
        await Assert.ThrowsAsync<RpcException>(async () => await host.Client(ProbeHost.ViewerToken).ChangeAsync(Nothing));
    }

    [Fact]
    public async Task Only_a_replica_speaks_for_others()
    {
        await using var host = await ProbeHost.StartAsync(ProbeHost.WithTokens());
        var otto =
            new Metadata { { ForwardedCaller.Header, ForwardedCaller.Format(new Caller("otto/ø", Role.Operator, AuthMethod.Token)) } };
        var reply = await host.Client(ProbeHost.ReplicaToken).ChangeAsync(Nothing, otto);
        Assert.Equal(("otto/ø", "Operator", "Token", "replica/1"), (reply.Subject, reply.Role, reply.AuthMethod, reply.ForwardedBy));

        foreach (var token in (string[])[ProbeHost.ViewerToken, ProbeHost.AdminToken, ProbeHost.NodeToken])
        {
            var refusal = await Assert.ThrowsAsync<RpcException>(async () => await host.Client(token).ReadAsync(Nothing, otto));
            Assert.Equal(StatusCode.Unauthenticated, refusal.StatusCode);
            Assert.Contains("only taken from a replica", refusal.Status.Detail, StringComparison.Ordinal);
        }
        // Speaking for a viewer gives a viewer's rights, not the replica's.
        var viewer = new Metadata { { ForwardedCaller.Header, ForwardedCaller.Format(new Caller("vera", Role.Viewer, AuthMethod.Token)) } };
        var denied = await Assert.ThrowsAsync<RpcException>(async () => await host.Client(ProbeHost.ReplicaToken)
            .InnerAsync(Nothing, viewer));
        Assert.Equal(StatusCode.PermissionDenied, denied.StatusCode);
    }

    [Theory]
    [InlineData("Operator")]
    [InlineData("Operator/Token/")]
    [InlineData("Emperor/Token/otto")]
    [InlineData("99/Token/otto")]
    [InlineData("Operator/Token/otto/more")]
    public void A_malformed_forwarded_caller_is_nobody(string text) => Assert.Null(ForwardedCaller.Parse(text, "replica/1"));

    [Theory]
    [InlineData("", "0123456789abcdef", Role.Viewer, "Subject")]
    [InlineData("short", "0123456789abcde", Role.Viewer, "Token needs 16 to 512")]
    [InlineData("blank", "0123456789 abcdef", Role.Viewer, "Token needs 16 to 512")]
    [InlineData("roleless", "0123456789abcdef", Role.Anonymous, "Role needs")]
    [InlineData("strange", "0123456789abcdef", (Role)77, "Role needs")]
    public void A_bad_token_is_refused_at_start_by_name(string subject, string token, Role role, string expected)
    {
        var options = new RpcServerOptions { Tokens = { new ApiToken { Subject = subject, Role = role, Token = token } } };
        var error = Assert.Throws<RpcConfigurationException>(options.Validate);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(token, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_token_for_two_subjects_is_refused()
    {
        var options =
            ProbeHost.WithTokens(o => o.Tokens.Add(new ApiToken { Subject = "eve", Role = Role.Admin, Token = ProbeHost.ViewerToken }));
        Assert.Contains("twice", Assert.Throws<RpcConfigurationException>(() => new Authenticator(options)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Denials_are_logged_at_most_once_a_second()
    {
        await using var host = await ProbeHost.StartAsync(ProbeHost.WithTokens());
        var client = host.Client();
        var started = DateTime.UtcNow;
        for (var i = 0; i < 50; i++) await Assert.ThrowsAsync<RpcException>(async () => await client.ReadAsync(Nothing));
        var secondsAtMost = (int)Math.Ceiling((DateTime.UtcNow - started).TotalSeconds) + 1;
        Assert.InRange(host.Log.Of(1102).Count(), 1, secondsAtMost);
    }
}
