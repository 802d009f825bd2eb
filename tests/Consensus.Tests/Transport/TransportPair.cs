using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;
using VideoScale.Consensus.Engine.Storage;
using VideoScale.Consensus.Engine.Transport;
using VideoScale.Consensus.Tests.Wal;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Tests.Transport;

/// <summary>Remembers what a transport delivered.</summary>
internal sealed class RecordingTransportListener : ITransportListener
{
    private readonly object _gate = new();
    private readonly List<(Message Message, byte[][] Payloads)> _messages = [];
    private readonly List<SnapshotMeta> _snapshots = [];
    private readonly List<bool> _sent = [];
    private int _disconnects;

    private readonly List<bool> _asides = [];
    private readonly List<ulong> _setBacks = [];

    public void OnStandAside(bool aside) => Change(() => _asides.Add(aside));

    public bool OnSetBack(MemberId by, ulong remembered, ulong start)
    {
        Change(() => _setBacks.Add(remembered));
        return true;
    }

    internal bool[] Asides { get { lock (_gate) return [.. _asides]; } }
    internal ulong[] SetBacks { get { lock (_gate) return [.. _setBacks]; } }

    internal Action<Message>? Meanwhile { get; set; }

    public void OnMessage(in Message message)
    {
        Meanwhile?.Invoke(message);
        var entries = message.Entries.ToArray();
        var payloads = entries.Select(entry => entry.Payload.ToArray()).ToArray(); // borrowed: what is kept is copied
        var kept = message with { Entries = entries };
        Change(() => _messages.Add((kept, payloads)));
    }

    public void OnSnapshotReceived(MemberId from, ulong term, SnapshotMeta meta) => Change(() => _snapshots.Add(meta));

    public void OnSnapshotSent(MemberId to, ulong snapshotIndex, bool ok) => Change(() => _sent.Add(ok));

    public void OnDisconnected(MemberId member) => Change(() => _disconnects++);

    internal (Message Message, byte[][] Payloads)[] Messages { get { lock (_gate) return [.. _messages]; } }
    internal SnapshotMeta[] Snapshots { get { lock (_gate) return [.. _snapshots]; } }
    internal bool[] Sent { get { lock (_gate) return [.. _sent]; } }
    internal int Disconnects { get { lock (_gate) return _disconnects; } }

    internal void Until(Func<bool> holds)
    {
        lock (_gate)
        {
            var deadline = DateTime.UtcNow.AddSeconds(60);
            while (!holds())
            {
                Assert.True(DateTime.UtcNow < deadline, "nothing came");
                Monitor.Wait(_gate, 50);
            }
        }
    }

    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
            Monitor.PulseAll(_gate);
        }
    }
}

/// <summary>A cluster's authority and its members' certificates, as `videoscale certs` makes them.</summary>
internal static class TestCertificates
{
    internal static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    internal static X509Certificate2 Member(X509Certificate2 authority, MemberId member)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=replica", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(MemberName.Of(member));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var bare = request.Create(authority, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddHours(12),
            RandomNumberGenerator.GetBytes(8));
        return bare.CopyWithPrivateKey(key);
    }
}

internal sealed record TransportNode(MemberId Member, TcpTransport Transport, RecordingTransportListener Listener, SnapshotStore Snapshots,
    TemporaryDirectory Directory, TestLogger Logger) : IAsyncDisposable
{
    internal static readonly UInt128 Cluster = 0xC1;

    internal static TransportNode Create(ulong member, TlsMaterial? tls = null, UInt128? cluster = null, int port = 0,
        MemberStarts? starts = null, int countUpEveryMs = 30_000)
    {
        var directory = new TemporaryDirectory();
        var snapshots = new SnapshotStore(directory.Path);
        var logger = new TestLogger();
        var options = new TransportOptions
        {
            ClusterId = cluster ?? Cluster,
            Self = new MemberId(member),
            Listen = new IPEndPoint(IPAddress.Loopback, port),
            Tls = tls,
            MaxBackoffMs = 100,
            Starts = starts,
            PrecedenceMs = 1_000,
            CountUpEveryMs = countUpEveryMs,
        };
        return new TransportNode(new MemberId(member), new TcpTransport(options, snapshots, new Dictionary<MemberId, EndPoint>(), logger),
            new(), snapshots, directory, logger);
    }

    /// <summary>
    /// Holds when what is done costs nobody a connection; on a busy machine one of before may just be ending, so it is done again.
    /// </summary>
    internal static async Task UndisturbedAsync(TransportNode a, TransportNode b, Func<Task> act)
    {
        for (var round = 0; ; round++)
        {
            a.WaitConnected(b);
            var (before, term) = ((a.Listener.Disconnects, b.Listener.Disconnects), (ulong)round + 1);
            await act();
            var deadline = DateTime.UtcNow.AddSeconds(60);
            while (!b.Listener.Messages.Any(m => m.Message.Term == term)) // over the connection of before, if that stands
            {
                Assert.True(DateTime.UtcNow < deadline, "nothing came over the connection");
                a.Send(b, new Message { Kind = MessageKind.Heartbeat, Term = term });
                await Task.Delay(20);
            }
            if (before == (a.Listener.Disconnects, b.Listener.Disconnects)) return;
            Assert.True(round < 20, "connections were taken each time");
        }
    }

    internal void Meet(TransportNode other) => Transport.SetPeer(other.Member, other.Transport.LocalEndPoint);

    internal void Start() => Transport.Start(Listener);

    internal void WaitConnected(TransportNode other) => Listener.Until(() => Transport.IsConnected(other.Member));

    internal void Send(TransportNode other, Message message)
    {
        Transport.Send(other.Member, message with { From = Member, To = other.Member });
        Transport.Flush();
    }

    public async ValueTask DisposeAsync()
    {
        await Transport.DisposeAsync();
        Directory.Dispose();
    }
}

internal sealed class TestLogger : ILogger<TcpTransport>
{
    private readonly List<string> _lines = [];
    internal string[] Lines { get { lock (_lines) return [.. _lines]; } }
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        lock (_lines) _lines.Add(formatter(state, exception));
    }
}
