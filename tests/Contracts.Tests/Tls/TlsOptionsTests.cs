using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Tls;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class TlsOptionsTests : IDisposable
{
    private readonly Certificates _ours = new();

    public void Dispose() => _ours.Dispose();

    private static string Problem(TlsOptions options, TimeProvider? clock = null)
    {
        var message = Assert.Throws<RpcConfigurationException>(() => options.Load(clock)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    [Fact]
    public void What_was_issued_loads_and_names_its_owner()
    {
        using var tls = _ours.Issue(Role.Node, "media-0").Load();
        Assert.Equal(new PeerIdentity("test", Role.Node, "media-0"), tls.Identity);
        Assert.Equal("videoscale://cluster/test/node/media-0", tls.Identity!.ToUri());
    }

    [Fact]
    public void A_missing_file_is_named_with_what_to_do()
    {
        var options = _ours.Issue(Role.Node, "media-0");
        options.KeyPath = Path.Combine(_ours.Path, "gone.key");
        Assert.Equal($"TLS key (KeyPath): {options.KeyPath} does not exist; make one with: videoscale certs", Problem(options));
        options.CaPath = "";
        Assert.StartsWith("TLS CA (CaPath) is not set", Problem(options), StringComparison.Ordinal);
    }

    [Fact]
    public void The_key_of_another_certificate_is_refused()
    {
        var options = _ours.Issue(Role.Node, "media-0");
        options.KeyPath = _ours.Issue(Role.Node, "media-1").KeyPath;
        Assert.Equal($"TLS key (KeyPath): {options.KeyPath} is not the unencrypted private key of {options.CertPath}", Problem(options));
    }

    [Fact]
    public void A_file_without_a_certificate_and_a_damaged_one_are_refused()
    {
        var options = _ours.Issue(Role.Node, "media-0");
        var pem = File.ReadAllText(options.CaPath);
        options.CaPath = Path.Combine(_ours.Path, "other.pem");
        File.WriteAllText(options.CaPath, "hello\n");
        Assert.Contains("holds no PEM certificate", Problem(options), StringComparison.Ordinal);
        File.WriteAllText(options.CaPath, pem.Replace("MII", "MAA", StringComparison.Ordinal));
        Assert.Contains("damaged certificate", Problem(options), StringComparison.Ordinal);
    }

    [Fact]
    public void An_expired_certificate_and_one_from_the_future_are_refused_with_their_dates()
    {
        var shortLived = _ours.Issue(Role.Node, "old", lifetime: TimeSpan.FromDays(1));
        shortLived.Load().Dispose();
        Assert.Matches(@"expired on \d{4}-\d\d-\d\d \d\d:\d\d UTC; issue a new one",
            Problem(shortLived, new At(DateTimeOffset.UtcNow.AddDays(2))));
        var fresh = _ours.Issue(Role.Node, "new");
        Assert.Contains("check this machine's clock", Problem(fresh, new At(DateTimeOffset.UtcNow.AddDays(-1))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_of_another_authority_is_refused()
    {
        using var theirs = new Certificates();
        var options = theirs.Issue(Role.Node, "media-0");
        options.CaPath = Path.Combine(_ours.Path, "ca.pem");
        Assert.Contains("is not signed by the CA", Problem(options), StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_are_readable_by_their_owner_alone_and_an_authority_is_never_overwritten()
    {
        var options = _ours.Issue(Role.Node, "media-0");
        foreach (var key in (string[])[options.KeyPath, Path.Combine(_ours.Path, "ca.key")])
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
        Assert.Contains("already holds an authority", Assert.Throws<RpcConfigurationException>(() =>
            DevelopmentCertificates.CreateAuthority(_ours.Path, "test")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("videoscale://cluster/c1/replica/3", Role.Replica, "3")]
    [InlineData("videoscale://cluster/c1/admin/anna%2Fb", Role.Admin, "anna/b")]
    public void An_identity_is_read_from_its_uri(string uri, Role role, string name)
    {
        Assert.Equal(new PeerIdentity("c1", role, name), PeerIdentity.Parse(uri));
        Assert.Equal(uri, PeerIdentity.Parse(uri)!.ToUri());
    }

    [Theory]
    [InlineData("spiffe://cluster/c1/replica/3")]
    [InlineData("videoscale://cluster/c1/king/3")]
    [InlineData("videoscale://cluster//replica/3")]
    [InlineData("videoscale://cluster/c1/replica/")]
    [InlineData("videoscale://cluster/c1/replica/3/4")]
    public void Another_uri_is_nobody(string uri) => Assert.Null(PeerIdentity.Parse(uri));

    private sealed class At(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
