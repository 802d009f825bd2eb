using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Etcd.Tests;

/// <summary>Users, passwords, tokens and certificates of a real etcd.</summary>
public sealed class AccessTests
{
    private static readonly string[] Root = ["--user", "root:secret"];

    [Fact]
    public async Task Who_may_and_who_may_not_and_a_token_that_is_gone_is_renewed()
    {
        await using var etcd = EtcdProcess.Start();
        await etcd.ReadyAsync();
        foreach (
            var line in (string[])["user add root:secret", "role add root", "user grant-role root root", "user add vs:right", "role add vs",
            "role grant-permission vs --prefix=true readwrite /vs/", "user grant-role vs vs", "user add other:right", "auth enable"])
            etcd.Ctl(line.Split(' '));
        var options = new EtcdOptions { Endpoints = etcd.Endpoints, Prefix = "/vs/", User = "vs", Password = "right", LeaseSeconds = 2 };
        await using var replicas = new Replicas(options);
        Refused(() => replicas.Start(1, with: options with { Password = "wrong" }), "user and password");
        Refused(() => replicas.Start(1, with: options with { User = "", Password = "" }), "user");
        Refused(() => replicas.Start(1, with: options with { User = "other" }), "permission");
        replicas.Start(1);
        replicas.Start(2);
        var writers = new Writers(replicas).Start();
        await writers.MoreAsync(10);
        // Tokens are in its memory: after a restart it knows none.
        await etcd.KillAsync(0);
        etcd.StartMember(0);
        await etcd.ReadyAsync(Root);
        await writers.MoreAsync(10);
        // What was allowed is not any more: said, and in order again once it is.
        etcd.Ctl([.. Root, "user", "revoke-role", "vs", "vs"]);
        await Eventually.HoldsAsync(() => replicas.All.Any(r => r.Log.Status.Notices.Any(notice =>
            notice.Contains("permission denied", StringComparison.Ordinal))), "it is said");
        etcd.Ctl([.. Root, "user", "grant-role", "vs", "vs"]);
        await writers.MoreAsync(10);
        await writers.StopAndCheckAsync();
    }

    [Fact]
    public async Task A_watch_that_cannot_log_in_breaks_like_one_that_runs()
    {
        var nobody = $"127.0.0.1:{LoopbackPorts.Free(1)[0]}";
        using var client = new EtcdClient(new EtcdOptions { Endpoints = [nobody], User = "vs", Password = "right" });
        var failed = await Assert.ThrowsAsync<EtcdException>(async () =>
        {
            await foreach (var _ in client.WatchAsync(new Client.WatchCreateRequest(), CancellationToken.None)) { }
        });
        Assert.Equal(EtcdFault.NoAnswer, failed.Fault);
    }

    [Fact]
    public async Task Certificates_prove_both_ends()
    {
        var files = Directory.CreateTempSubdirectory("etcd-tls-").FullName;
        using var ca = Authority("ca");
        using var between = Authority("between", ca); // of which etcd knows only by what the client shows
        using var strangers = Authority("strangers");
        foreach (var (name, issuer) in (ReadOnlySpan<(string, X509Certificate2)>)
            [("server", ca), ("client", between), ("stranger", strangers)])
            Write(files, name, issuer);
        File.AppendAllText(Path.Combine(files, "client.crt"), "\n" + between.ExportCertificatePem());
        File.WriteAllText(Path.Combine(files, "ca.crt"), ca.ExportCertificatePem());
        File.WriteAllText(Path.Combine(files, "strangers.crt"), strangers.ExportCertificatePem());
        string At(string name) => Path.Combine(files, name);

        await using (
            var etcd = EtcdProcess.Start(1, "https", "--cert-file", At("server.crt"), "--key-file", At("server.key"), "--client-cert-auth",
            "--trusted-ca-file", At("ca.crt")))
        {
            await etcd.ReadyAsync("--cacert", At("ca.crt"), "--cert", At("client.crt"), "--key", At("client.key"));
            var options = new EtcdOptions
            {
                Endpoints = etcd.Endpoints,
                CaPath = At("ca.crt"),
                CertPath = At("client.crt"),
                KeyPath = At("client.key"),
            };
            await using var replicas = new Replicas(options);
            Refused(() => replicas.Start(1, with: options with { CaPath = At("strangers.crt") }), "by our CA");
            Refused(() => replicas.Start(1, with: options with { CaPath = At("nothing.crt") }), "cannot be used");
            Refused(() => replicas.Start(1, with: options with { CaPath = "", CertPath = "", KeyPath = "" }), "https");
            replicas.Start(1);
            await replicas.CommitAsync(new ProposalId(1, 1), "x");
            using var unknown = new EtcdClient(options with { CertPath = At("stranger.crt"), KeyPath = At("stranger.key") });
            await Assert.ThrowsAsync<EtcdException>(() => unknown.StatusAsync(CancellationToken.None));
        }
        Directory.Delete(files, recursive: true);
    }

    [Theory]
    [InlineData("", "endpoints")]
    [InlineData("a b:1", "host:port")]
    [InlineData("ftp://a:1", "host:port")]
    [InlineData("https://a:1", "name the CA")]
    public void Settings_that_cannot_be_used_are_named(string endpoint, string expected) =>
        Refused(() => new EtcdOptions { Endpoints = endpoint.Length == 0 ? [] : [endpoint] }.Check(), expected);

    [Fact]
    public void Settings_that_belong_together_are_given_together()
    {
        var options = new EtcdOptions { Endpoints = ["a:1"] };
        options.Check();
        Refused(() => (options with { User = "u" }).Check(), "password");
        Refused(() => (options with { Password = "p" }).Check(), "user");
        Refused(() => (options with { CertPath = "c" }).Check(), "key");
        Refused(() => (options with { CertPath = "c", KeyPath = "k" }).Check(), "CA");
        Refused(() => (options with { Endpoints = ["http://a:1"], CaPath = "ca" }).Check(), "plain http");
        Refused(() => (options with { LeaseSeconds = 1 }).Check(), "2 to 60");
        Assert.DoesNotContain("p4ss", (options with { User = "u", Password = "p4ss" }).ToString(), StringComparison.Ordinal);
    }

    private static void Refused(Action start, string word) =>
        Assert.Contains(word, Assert.Throws<RpcConfigurationException>(start).Message, StringComparison.Ordinal);

    private static X509Certificate2 Authority(string name, X509Certificate2? issuer = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        var (from, to) = (DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddHours(20));
        if (issuer is null) return request.CreateSelfSigned(from.AddHours(-20), to.AddHours(2));
        using var made = request.Create(issuer, from, to, RandomNumberGenerator.GetBytes(8));
        return made.CopyWithPrivateKey(key);
    }

    private static void Write(string folder, string name, X509Certificate2 issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var made = request.Create(issuer, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(12),
            RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(Path.Combine(folder, name + ".crt"), made.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, name + ".key"), key.ExportPkcs8PrivateKeyPem());
    }
}
