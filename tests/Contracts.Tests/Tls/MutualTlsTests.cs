using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;
using VideoScale.Contracts.Tests.Rpc;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Tls;

public sealed class MutualTlsTests : IDisposable
{
    private static readonly ProbeRequest Nothing = new();
    private readonly Certificates _ours = new();

    public void Dispose() => _ours.Dispose();

    private Task<ProbeHost> ServeAsync(Action<RpcServerOptions>? change = null) => ProbeHost.StartAsync(ProbeHost.WithTokens(o =>
    {
        o.Tls = _ours.Issue(Role.Replica, "1");
        o.ClusterId = "test";
        change?.Invoke(o);
    }));

    [Theory]
    [InlineData(Role.Replica, "2", "replica/2")]
    [InlineData(Role.Node, "media-0", "node/media-0")]
    [InlineData(Role.Operator, "otto", "otto")]
    public async Task A_certificate_says_who_calls(Role role, string name, string subject)
    {
        await using var host = await ServeAsync();
        using var tls = _ours.Issue(role, name).Load();
        var client = host.Client(tls: tls);
        for (var i = 0; i < 2; i++) // the second call finds the caller that the first one worked out
        {
            var reply = await client.ReadAsync(Nothing);
            Assert.Equal((subject, role.ToString(), "MutualTls"), (reply.Subject, reply.Role, reply.AuthMethod));
        }
        if (role == Role.Replica) await client.InnerAsync(Nothing);
        else Assert.Equal(StatusCode.PermissionDenied,
            (await Assert.ThrowsAsync<RpcException>(async () => await client.InnerAsync(Nothing))).StatusCode);
    }

    [Fact]
    public async Task A_token_wins_over_the_certificate_of_the_process_that_carries_it()
    {
        await using var host = await ServeAsync();
        using var tls = _ours.Issue(Role.Admin, "anna").Load();
        Assert.Equal("vera", (await host.Client(ProbeHost.ViewerToken, tls).ReadAsync(Nothing)).Subject);
    }

    [Fact]
    public async Task A_client_of_another_authority_gets_no_connection()
    {
        using var theirs = new Certificates("test");
        await using var host = await ServeAsync();
        using var tls = theirs.Issue(Role.Admin, "mallory").Load();
        await Assert.ThrowsAsync<RpcException>(async () => await host.Client(tls: tls).ReadAsync(Nothing));
    }

    [Fact]
    public async Task Our_client_does_not_talk_to_a_server_of_another_authority()
    {
        using var theirs = new Certificates("test");
        await using var host = await ProbeHost.StartAsync(
            ProbeHost.WithTokens(o => { o.Tls = theirs.Issue(Role.Replica, "1"); o.Tls.RequireClientCertificate = false; }));
        using var tls = _ours.Issue(Role.Admin, "anna").Load();
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await host.Client(tls: tls).ReadAsync(Nothing));
        Assert.False(refusal.IsConnectionLost()); // asking again or elsewhere would hide a wrong certificate
        Assert.Contains("the certificate of \"replica/1\" is signed by \"VideoScale test development CA\"", refusal.Status.Detail,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_without_a_certificate_gets_no_connection_when_one_is_required()
    {
        await using var host = await ServeAsync();
        using var channel = Insecure(host.Address);
        await Assert.ThrowsAsync<RpcException>(async () => await new Probe.ProbeClient(channel).ReadAsync(Nothing));
    }

    [Fact]
    public async Task Where_certificates_are_not_required_tokens_decide()
    {
        await using var host = await ServeAsync(o => o.Tls!.RequireClientCertificate = false);
        using var channel = Insecure(host.Address);
        var client = new Probe.ProbeClient(channel);
        Assert.Equal(StatusCode.Unauthenticated,
            (await Assert.ThrowsAsync<RpcException>(async () => await client.ReadAsync(Nothing))).StatusCode);
        Assert.Equal("vera",
            (await client.ReadAsync(Nothing, new Metadata { { "authorization", "Bearer " + ProbeHost.ViewerToken } })).Subject);
    }

    [Fact]
    public async Task A_certificate_of_another_cluster_of_our_authority_is_refused_with_the_reason()
    {
        await using var host = await ServeAsync(o => o.ClusterId = "production");
        using var tls = _ours.Issue(Role.Admin, "anna").Load();
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await host.Client(tls: tls).ReadAsync(Nothing));
        Assert.Equal((StatusCode.Unauthenticated, "the client certificate is of cluster test, this is production"),
            (refusal.StatusCode, refusal.Status.Detail));
    }

    [Fact]
    public async Task Plain_text_gets_nothing_from_a_TLS_port()
    {
        await using var host = await ServeAsync();
        using var channel = RpcChannel.Create(host.Address);
        await Assert.ThrowsAsync<RpcException>(async () => await new Probe.ProbeClient(channel).ReadAsync(Nothing));
    }

    /// <summary>The replicas' own transport uses the same material on a bare stream, and checks who is there in place of where.</summary>
    [Theory]
    [InlineData("2", true)]
    [InlineData("3", false)]
    public async Task On_a_bare_stream_each_end_checks_the_others_identity(string expectedServer, bool connects)
    {
        using var server = _ours.Issue(Role.Replica, "2", hosts: ["replica-2.example"]).Load();
        using var client = _ours.Issue(Role.Replica, "1", hosts: ["replica-1.example"]).Load();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var outgoing = new TcpClient();
        await outgoing.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var incoming = await listener.AcceptTcpClientAsync();
        await using var serverStream = new SslStream(incoming.GetStream());
        await using var clientStream = new SslStream(outgoing.GetStream());

        PeerIdentity? seen = null;
        var accepting = serverStream.AuthenticateAsServerAsync(
            server.CreateServerAuthenticationOptions(peer => { seen = peer; return peer is { Role: Role.Replica }; }));
        var connecting = clientStream.AuthenticateAsClientAsync(
            client.CreateClientAuthenticationOptions("127.0.0.1", peer => peer == new PeerIdentity("test", Role.Replica, expectedServer)));
        if (!connects)
        {
            await Assert.ThrowsAnyAsync<AuthenticationException>(() => connecting);
            return;
        }
        await connecting;
        await accepting;
        Assert.Equal(new PeerIdentity("test", Role.Replica, "1"), seen);
        Assert.True(clientStream.IsMutuallyAuthenticated && clientStream.IsEncrypted);
    }

    [Fact]
    public async Task A_server_under_a_name_that_is_not_in_its_certificate_is_not_trusted()
    {
        await using var host =
            await ProbeHost.StartAsync(ProbeHost.WithTokens(o => o.Tls = _ours.Issue(Role.Replica, "9", hosts: ["elsewhere.example"])));
        using var tls = _ours.Issue(Role.Admin, "anna").Load();
        await Assert.ThrowsAsync<RpcException>(async () => await host.Client(tls: tls).ReadAsync(Nothing));
    }

    private static Grpc.Net.Client.GrpcChannel Insecure(string address)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
        return Grpc.Net.Client.GrpcChannel.ForAddress("https://" + address, new() { HttpHandler = handler, DisposeHttpClient = true });
    }
}
