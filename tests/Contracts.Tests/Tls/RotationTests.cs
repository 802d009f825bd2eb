using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Contracts.Tests.Rpc;
using VideoScale.Harness;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Tls;

/// <summary>Certificates change and end while both ends run: on real sockets.</summary>
public sealed class RotationTests : IDisposable
{
    private static readonly ProbeRequest Nothing = new();
    private readonly Certificates _ours = new();

    public void Dispose() => _ours.Dispose();

    private Task<ProbeHost> ServeAsync(TlsOptions tls) =>
        ProbeHost.StartAsync(ProbeHost.WithTokens(o => (o.Tls, o.ClusterId) = (tls, "test")));

    [Fact]
    public async Task Renewed_files_are_read_without_a_restart_by_server_and_channel_alike()
    {
        var serverFiles = _ours.Issue(Role.Replica, "1", TimeSpan.FromSeconds(8));
        await using var host = await ServeAsync(serverFiles);
        var clientFiles = _ours.Issue(Role.Admin, "anna", TimeSpan.FromSeconds(8));
        using var tls = clientFiles.Load();
        var reader = new CertificateWatch(tls, TimeProvider.System, NullLogger<CertificateWatch>.Instance);
        await Eventually.HoldsAsync(async () => await RefusalAsync(host, tls) is { } why
            && why.Contains("expired on", StringComparison.Ordinal), "the client says that its certificate has expired");

        _ours.Issue(Role.Admin, "anna");
        reader.RunOnce();
        await Eventually.HoldsAsync(async () => await RefusalAsync(host, tls) is { } why
            && why.Contains("the certificate of \"replica/1\" expired on", StringComparison.Ordinal),
            "the client says whose certificate has expired");
        _ours.Issue(Role.Replica, "1");
        await Eventually.HoldsAsync(async () => await RefusalAsync(host, tls) is null, "the server has read its new certificate");
        Assert.Contains(host.Log.Of(3705), line => line.Contains("replica/1", StringComparison.Ordinal));
        reader.Dispose();
    }

    [Fact]
    public async Task A_new_authority_is_taken_from_a_bundle_and_the_old_one_given_up()
    {
        using var next = new Certificates("test");
        var bundle = Path.Combine(_ours.Path, "bundle.pem");
        File.Copy(Path.Combine(_ours.Path, "ca.pem"), bundle);
        var serverFiles = _ours.Issue(Role.Replica, "1");
        serverFiles.CaPath = bundle;
        await using var host = await ServeAsync(serverFiles);
        var theirFiles = next.Issue(Role.Admin, "anna");
        theirFiles.CaPath = bundle;
        using var old = _ours.Issue(Role.Admin, "otto").Load();
        await host.Client(tls: old).ReadAsync(Nothing);

        File.AppendAllText(bundle, File.ReadAllText(Path.Combine(next.Path, "ca.pem")));
        using var theirs = theirFiles.Load();
        await Eventually.HoldsAsync(async () => await RefusalAsync(host, theirs) is null,
            "the new authority is trusted beside the old one");
        var ours = next.Issue(Role.Replica, "1");
        File.Copy(ours.KeyPath, serverFiles.KeyPath, overwrite: true);
        File.Copy(ours.CertPath, serverFiles.CertPath, overwrite: true);
        File.Copy(Path.Combine(next.Path, "ca.pem"), bundle, overwrite: true);
        await Eventually.HoldsAsync(async () => await RefusalAsync(host, theirs) is null && await RefusalAsync(host, old) is { } why
            && why.Contains("the authority here", StringComparison.Ordinal),
            "only the new authority is trusted, and who has the old one says why");
        using var mixed = new TlsOptions
        {
            CaPath = Bundle(next),
            CertPath = Path.Combine(_ours.Path, "Admin-otto.pem"),
            KeyPath = Path.Combine(_ours.Path, "Admin-otto.key")
        }.Load();
        await Eventually.HoldsAsync(async () => await RefusalAsync(host, mixed) is not null
            && host.Log.Of(3708).Any(line => line.Contains("the certificate of \"otto\" is signed by", StringComparison.Ordinal)),
            "the server says whom it refuses and why");
    }

    private string Bundle(Certificates next)
    {
        var both = Path.Combine(_ours.Path, "both.pem");
        File.WriteAllText(both, File.ReadAllText(Path.Combine(next.Path, "ca.pem")) + File.ReadAllText(Path.Combine(_ours.Path, "ca.pem")));
        return both;
    }

    [Fact]
    public void Files_that_are_not_usable_leave_the_old_ones_in_use_and_are_said_once()
    {
        using var log = new RecordedLog();
        var files = _ours.Issue(Role.Node, "media-0");
        using var tls = files.Load();
        var before = tls.Certificate.Thumbprint;
        using var watch = new CertificateWatch(tls, TimeProvider.System, new Logger(log));
        var good = (File.ReadAllText(files.CertPath), File.ReadAllText(files.KeyPath));
        var other = _ours.Issue(Role.Node, "media-1");
        foreach (var (breaks, says) in new (Action, string)[]
        {
            (() => File.Copy(other.KeyPath, files.KeyPath, overwrite: true), "is not the unencrypted private key"),
            (() => File.Copy(other.CertPath, files.CertPath, overwrite: true), "another name needs a restart"),
            (() => File.WriteAllText(files.CertPath, "half a fi"), "holds no PEM certificate"),
            (() => File.Delete(files.KeyPath), "Node-media-0.key does not exist"),
        })
        {
            var said = log.Of(3706).Count();
            breaks();
            watch.RunOnce();
            Assert.Equal(said, log.Of(3706).Count()); // perhaps it is being replaced
            for (var i = 0; i < 5; i++) watch.RunOnce();
            Assert.Contains(says, log.Of(3706).Skip(said).Single(), StringComparison.Ordinal);
            Assert.Equal(before, tls.Certificate.Thumbprint);
        }
        (var cert, var key) = good;
        File.WriteAllText(files.CertPath, cert);
        File.WriteAllText(files.KeyPath, key);
        watch.RunOnce();
        Assert.Equal(before, tls.Certificate.Thumbprint);
        _ours.Issue(Role.Node, "media-0");
        watch.RunOnce();
        Assert.NotEqual(before, tls.Certificate.Thumbprint);
    }

    [Theory]
    [InlineData(397, 31, false)]
    [InlineData(397, 29, true)]
    [InlineData(9, 4, false)]
    [InlineData(9, 2, true)]
    [InlineData(9, -1, true)]
    public void The_end_is_warned_of_once_a_day_in_good_time(int lifetimeDays, int leftDays, bool warns)
    {
        using var log = new RecordedLog();
        using var tls = _ours.Issue(Role.Node, "media-0", TimeSpan.FromDays(lifetimeDays)).Load();
        var clock = new At { Now = DateTimeOffset.UtcNow.AddDays(lifetimeDays - leftDays) };
        using var watch = new CertificateWatch(tls, clock, new Logger(log));
        for (var i = 0; i < 10; i++) watch.RunOnce();
        Assert.Equal(warns ? 1 : 0, log.Of(3707).Count());
        Assert.Equal(warns, tls.Expiry.Warning(clock.Now) is not null);
        if (!warns) return;
        Assert.Contains("node/media-0", log.Of(3707).Single(), StringComparison.Ordinal);
        clock.Now += TimeSpan.FromHours(25);
        watch.RunOnce();
        Assert.Equal(2, log.Of(3707).Count());
    }

    /// <summary>Over a connection of its own, so that the handshake is made anew.</summary>
    private static async Task<string?> RefusalAsync(ProbeHost host, TlsMaterial tls)
    {
        using var channel = RpcChannel.Create(host.Address, tls);
        try
        {
            await new Probe.ProbeClient(channel).ReadAsync(Nothing, deadline: DateTime.UtcNow.AddSeconds(30));
            return null;
        }
        catch (RpcException e) { return e.Status.Detail; }
    }

    private sealed class At : TimeProvider
    {
        internal DateTimeOffset Now { get; set; }
        public override DateTimeOffset GetUtcNow() => Now;
    }

    private sealed class Logger(RecordedLog log) : Microsoft.Extensions.Logging.ILogger<CertificateWatch>
    {
        private readonly Microsoft.Extensions.Logging.ILogger _inner = log.CreateLogger("VideoScale.Rpc");
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;
        public void Log<TState>(Microsoft.Extensions.Logging.LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state,
            Exception? exception, Func<TState, Exception?, string> formatter) =>
            _inner.Log(logLevel, eventId, state, exception, formatter);
    }
}
