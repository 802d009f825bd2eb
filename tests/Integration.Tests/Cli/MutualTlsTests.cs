using System.Security.Cryptography.X509Certificates;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;

namespace VideoScale.Integration.Tests.Cli;

/// <summary>The way to a real cluster as docs/cli.md tells it: init, certs, control, media, ctl; nothing in the clear.</summary>
public sealed class MutualTlsTests : IDisposable
{
    private const int HttpPort = 25_010, GrpcPort = 25_110, RaftPort = 25_210, MediaGrpcPort = 25_310, MediaHttpPort = 25_510,
        MediaUdpPort = 25_610;
    private readonly string _directory = Directory.CreateTempSubdirectory("videoscale-mtls-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private Task<CliResult> RunAsync(params string[] arguments) => CliProcess.RunAsync(arguments, _directory);

    private CliProcess Start(string arguments) => CliProcess.Start(arguments.Split(' '), _directory);

    private static string[] With(string name) => ["--cert", $"certs/{name}.pem", "--key", $"certs/{name}.key", "--ca", "certs/ca.pem"];

    private const string NobodyAnswersSeconds = "3";

    private Task<CliResult> CtlAsync(string command, string[]? credentials, string timeoutSeconds = "30") =>
        RunAsync(["ctl", .. command.Split(' '), "--server", $"127.0.0.1:{GrpcPort}", "--timeout", timeoutSeconds, .. credentials ?? []]);

    [Fact]
    public async Task A_cluster_with_certificates_lets_in_who_has_one_and_as_far_as_its_role_goes()
    {
        Assert.Equal(0,
            (await RunAsync("control", "init", "--replicas", $"127.0.0.1:{RaftPort}:{GrpcPort}:{HttpPort}", "--out", "cluster")).ExitCode);
        Assert.Equal(0, (await RunAsync("certs", "--cluster", "cluster", "--node", "media-1=127.0.0.1", "--node", "impostor=127.0.0.1",
            "--user", "ops=admin", "--user", "guest=viewer")).ExitCode);
        Assert.Equal(0, (await RunAsync("certs", "--cluster-id", "0123456789abcdef0123456789abcdef", "--user", "stranger=admin", "--out",
            "elsewhere")).ExitCode);
        using var replica =
            Start(
            $"control --data cluster/replica-1 --http-port {HttpPort} --grpc-port {GrpcPort} --raft-port {RaftPort} "
            + $"{string.Join(' ', With("replica-1"))}");
        using var media =
            Start(
            $"media --node media-1 --control 127.0.0.1:{GrpcPort} --grpc-port {MediaGrpcPort} --http-port {MediaHttpPort} --udp-port "
            + $"{MediaUdpPort} {string.Join(' ', With("media-1"))}");
        await Eventually.HoldsAsync(async () => (await CtlAsync("node list", With("ops")))
            .Output.Contains("media-1", StringComparison.Ordinal), "the node is attached",
            TimeSpan.FromSeconds(120), () => replica.Errors + media.Errors);
        await Eventually.HoldsAsync(async () => (await CtlAsync("room create standup --request-id once", With("ops")))
            .Output.Contains("active on media-1", StringComparison.Ordinal), "a room is placed",
            TimeSpan.FromSeconds(120), () => replica.Errors + media.Errors);

        Assert.Equal(0, (await CtlAsync("room list", With("guest"))).ExitCode);
        var denied = await CtlAsync("room close standup", With("guest"));
        Assert.Equal(1, denied.ExitCode);
        Assert.Contains("PERMISSION_DENIED", denied.Errors, StringComparison.Ordinal);
        Assert.Equal(2, (await CtlAsync("room list", null, NobodyAnswersSeconds)).ExitCode); // plaintext is not answered
        Assert.Equal(2, (await CtlAsync("room list", ["--cert", "elsewhere/stranger.pem", "--key", "elsewhere/stranger.key", "--ca",
            "certs/ca.pem"], NobodyAnswersSeconds)).ExitCode);

        var untrusted = await CtlAsync("room list",
            ["--cert", "elsewhere/stranger.pem", "--key", "elsewhere/stranger.key", "--ca", "elsewhere/ca.pem"], NobodyAnswersSeconds);
        Assert.Equal(2, untrusted.ExitCode); // without a connection nobody refused anything
        Assert.Contains("no connection, TLS: ", untrusted.Errors, StringComparison.Ordinal);

        // Certificates are renewed while everything runs.
        Assert.Equal(0, (await RunAsync("certs", "--cluster", "cluster", "--node", "media-1=127.0.0.1", "--renew")).ExitCode);
        foreach (var (server, name) in new[] { (replica, "replica/"), (media, "node/media-1") })
            await Eventually.HoldsAsync(() => server.Errors.Contains($"Certificate files were read again: {name}",
                StringComparison.Ordinal), $"{name} reads its new certificate", TimeSpan.FromSeconds(60), () => server.Errors);
        var status = await CtlAsync("cluster status", With("ops"));
        Assert.Contains("certificate valid until", status.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("the certificate of", status.Output, StringComparison.Ordinal);

        // A node may only be who its certificate says.
        using var impostor =
            Start(
            $"media --node media-1 --control 127.0.0.1:{GrpcPort} --grpc-port {MediaGrpcPort + 1} --http-port {MediaHttpPort + 1} "
            + $"--udp-port {MediaUdpPort + 16} {string.Join(' ', With("impostor"))}");
        await Eventually.HoldsAsync(() => impostor.Errors.Contains("the certificate is of node/impostor, not of node media-1",
            StringComparison.Ordinal), "the impostor is refused", TimeSpan.FromSeconds(120), () => impostor.Errors);

        // A certificate near its end, which is a third of its life before it, is spoken of.
        var certs = Path.Combine(_directory, "certs");
        using (var now = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(certs, "replica-1.pem")))
            DevelopmentCertificates.Issue(certs, "replica-1", PeerIdentity.Of(now)!, ["127.0.0.1"], lifetime: TimeSpan.FromSeconds(140));
        await Eventually.HoldsAsync(async () => (await CtlAsync("cluster status", With("ops")))
            .Output.Contains("NOTE: the certificate of \"replica/", StringComparison.Ordinal), "the status says in time that it ends",
            TimeSpan.FromSeconds(60), () => replica.Errors);
    }

    [Fact]
    public async Task A_missing_certificate_is_one_line()
    {
        var result = await RunAsync("media", "--node", "media-1", "--control", $"127.0.0.1:{GrpcPort}", "--cert", "nowhere.pem", "--key",
            "nowhere.key", "--ca", "nowhere-ca.pem");
        Assert.Equal(78, result.ExitCode);
        Assert.Contains(
            "MediaNode:Tls:Certificate is \"nowhere.pem\"; allowed: a file that exists; `videoscale certs` makes a development CA",
            result.Errors, StringComparison.Ordinal);
    }
}
