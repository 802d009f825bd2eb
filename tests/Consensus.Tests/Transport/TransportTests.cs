using System.Net;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Transport;
using VideoScale.Consensus.Tests.Wal;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Tests.Transport;

public sealed class Transport_between_members
{
    public static TheoryData<bool> Both => [false, true];

    private static (TransportNode A, TransportNode B) Pair(bool secure)
    {
        TlsMaterial? One(ulong member, System.Security.Cryptography.X509Certificates.X509Certificate2? authority) =>
            authority is null ? null : TlsMaterial.Of(TestCertificates.Member(authority, new MemberId(member)), authority);
        var authority = secure ? TestCertificates.Authority("cluster") : null;
        var (a, b) = (TransportNode.Create(0xA, One(0xA, authority)), TransportNode.Create(0xB, One(0xB, authority)));
        a.Meet(b);
        b.Meet(a);
        a.Start();
        b.Start();
        a.WaitConnected(b);
        b.WaitConnected(a);
        return (a, b);
    }

    private static Message Append(ulong index, int entries, int payload) => new()
    {
        Kind = MessageKind.Append,
        Term = 4,
        Index = index,
        LogTerm = 3,
        Commit = 2,
        Entries = Enumerable.Range(1, entries).Select(i => new Entry(index + (ulong)i, 4, EntryKind.Command, new ProposalId(9, (ulong)i),
            TestLog.Payload(payload, (ulong)i))).ToArray(),
    };

    [Fact]
    public async Task Asking_who_is_at_an_address_takes_no_connection_from_anybody()
    {
        var (a, b) = Pair(secure: false);
        await using var _ = a;
        await using var __ = b;
        var greeting = new MemberGreeting(new TransportOptions
        {
            ClusterId = TransportNode.Cluster,
            Self = a.Member,
            Listen = new IPEndPoint(IPAddress.None, 0),
        });
        Assert.Contains("looks for member", await greeting.AskAsync(new MemberId(0xC), b.Transport.LocalEndPoint.ToString(),
            CancellationToken.None), StringComparison.Ordinal);
        await TransportNode.UndisturbedAsync(a, b,
            async () => Assert.Null(await greeting.AskAsync(b.Member, b.Transport.LocalEndPoint.ToString(), CancellationToken.None)));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task A_message_arrives_as_it_was_sent(bool secure)
    {
        var (a, b) = Pair(secure);
        await using var _ = a;
        await using var __ = b;
        a.Send(b, Append(10, 300, 256));
        a.Send(b, new Message { Kind = MessageKind.HeartbeatReply, Term = 5, Context = 77, Reject = true, Hint = 6, Index = 8 });
        b.Listener.Until(() => b.Listener.Messages.Length == 2);
        var append = b.Listener.Messages.Single(m => m.Message.Kind == MessageKind.Append);
        Assert.Equal((a.Member, b.Member, 4UL, 10UL, 3UL, 2UL),
            (append.Message.From, append.Message.To, append.Message.Term, append.Message.Index, append.Message.LogTerm,
            append.Message.Commit));
        Assert.Equal(300, append.Payloads.Length);
        for (var i = 1; i <= 300; i++)
        {
            var entry = append.Message.Entries.Span[i - 1];
            Assert.Equal((10UL + (ulong)i, 4UL, new ProposalId(9, (ulong)i)), (entry.Index, entry.Term, entry.Id));
            Assert.Equal(TestLog.Payload(256, (ulong)i), append.Payloads[i - 1]);
        }
        var reply = b.Listener.Messages.Single(m => m.Message.Kind == MessageKind.HeartbeatReply).Message;
        Assert.Equal((5UL, 77UL, true, 6UL, 8UL), (reply.Term, reply.Context, reply.Reject, reply.Hint, reply.Index));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task Whoever_only_listens_sees_at_once_that_the_other_is_gone(bool secure)
    {
        var (a, b) = Pair(secure);
        await using var _ = b;
        a.Send(b, new Message { Kind = MessageKind.Heartbeat, Term = 5 });
        b.Listener.Until(() => b.Listener.Messages.Length == 1);
        await a.DisposeAsync();
        b.Listener.Until(() => b.Listener.Disconnects >= 3); // its two senders look once a second; the reader of what came in tells first
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task A_heartbeat_does_not_wait_behind_appends(bool secure)
    {
        var (a, b) = Pair(secure);
        await using var _ = a;
        await using var __ = b;
        using var hold = new ManualResetEventSlim();
        b.Listener.Meanwhile = message => { if (message.Kind == MessageKind.Append) hold.Wait(TimeSpan.FromSeconds(60)); };
        for (var i = 0; i < 8; i++) a.Send(b, Append((ulong)i * 10, 10, 100_000)); // the receiver of appends stands still
        a.Send(b, new Message { Kind = MessageKind.Heartbeat, Term = 4 });
        b.Listener.Until(() => b.Listener.Messages.Any(m => m.Message.Kind == MessageKind.Heartbeat));
        Assert.DoesNotContain(b.Listener.Messages, m => m.Message.Kind == MessageKind.Append);
        hold.Set();
        b.Listener.Until(() => b.Listener.Messages.Length == 9);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public async Task A_member_that_comes_back_is_connected_again(bool secure)
    {
        var authority = secure ? TestCertificates.Authority("cluster") : null;
        TlsMaterial? For(ulong member) =>
            authority is null ? null : TlsMaterial.Of(TestCertificates.Member(authority, new MemberId(member)), authority);
        await using var a = TransportNode.Create(0xA, For(0xA));
        var b = TransportNode.Create(0xB, For(0xB));
        a.Meet(b);
        b.Meet(a);
        a.Start();
        b.Start();
        a.WaitConnected(b);
        var port = b.Transport.LocalEndPoint.Port;
        await b.DisposeAsync();
        a.Listener.Until(() => a.Listener.Disconnects > 0 && !a.Transport.IsConnected(b.Member));
        await using var again = TransportNode.Create(0xB, For(0xB), port: port);
        again.Meet(a);
        again.Start();
        a.WaitConnected(again);
        a.Send(again, new Message { Kind = MessageKind.Heartbeat, Term = 9 });
        again.Listener.Until(() => again.Listener.Messages.Length == 1);
    }

    [Fact]
    public async Task A_member_of_another_cluster_or_another_directory_is_refused_and_both_sides_say_why()
    {
        await using var a = TransportNode.Create(0xA);
        await using var foreign = TransportNode.Create(0xB, cluster: 0xC2);
        await using var wiped = TransportNode.Create(0xD);
        foreign.Meet(a);
        a.Meet(foreign);
        wiped.Transport.SetPeer(new MemberId(0xAA), a.Transport.LocalEndPoint); // what a was called before its directory was wiped
        a.Transport.SetPeer(wiped.Member, wiped.Transport.LocalEndPoint);
        a.Start();
        foreign.Start();
        wiped.Start();
        a.Listener.Until(() => a.Logger.Lines.Any(l => l.Contains("it belongs to cluster", StringComparison.Ordinal))
            && a.Logger.Lines.Any(l => l.Contains("a directory was wiped", StringComparison.Ordinal)));
        foreign.Listener.Until(() => foreign.Logger.Lines.Any(l => l.Contains("refused: it belongs to cluster", StringComparison.Ordinal)));
        Assert.False(foreign.Transport.IsConnected(a.Member));
        Assert.False(wiped.Transport.IsConnected(new MemberId(0xAA)));
    }

    [Fact]
    public async Task An_unknown_member_is_refused()
    {
        await using var a = TransportNode.Create(0xA);
        await using var b = TransportNode.Create(0xB);
        b.Meet(a);
        a.Start();
        b.Start();
        b.Listener.Until(() => b.Logger.Lines.Any(l => l.Contains("member b is not known here", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_certificate_of_another_authority_or_another_member_or_none_gets_no_connection()
    {
        var authority = TestCertificates.Authority("cluster");
        var other = TestCertificates.Authority("other");
        await using var a = TransportNode.Create(0xA, TlsMaterial.Of(TestCertificates.Member(authority, new MemberId(0xA)), authority));
        await using var stranger = TransportNode.Create(0xB, TlsMaterial.Of(TestCertificates.Member(other, new MemberId(0xB)), authority));
        await using var impostor = TransportNode.Create(0xD,
            TlsMaterial.Of(TestCertificates.Member(authority, new MemberId(0xE)), authority));
        await using var plain = TransportNode.Create(0xF);
        foreach (var node in new[] { stranger, impostor, plain })
        {
            node.Meet(a);
            a.Meet(node);
        }
        a.Start();
        foreach (var node in new[] { stranger, impostor, plain })
        {
            node.Start();
            node.Listener.Until(() => node.Logger.Lines.Length >= 2);
            Assert.False(node.Transport.IsConnected(a.Member));
            Assert.False(a.Transport.IsConnected(node.Member)); // it would be a server that is not who it should be
        }
        Assert.Contains(a.Logger.Lines, l => l.Contains("certificate does not name", StringComparison.Ordinal));
        Assert.Empty(a.Listener.Messages);
    }

    [Fact]
    public async Task A_full_queue_drops_and_never_waits()
    {
        await using var a = TransportNode.Create(0xA);
        await using var b = TransportNode.Create(0xB);
        a.Meet(b);
        b.Meet(a);
        a.Start();
        b.Start();
        a.WaitConnected(b);
        using var hold = new ManualResetEventSlim();
        b.Listener.Meanwhile = _ => hold.Wait(TimeSpan.FromSeconds(60));
        for (var i = 0; i < 300 && a.Transport.Dropped(b.Member) == 0; i++) a.Send(b, Append((ulong)i * 10, 10, 100_000));
        Assert.True(a.Transport.Dropped(b.Member) > 0);
        hold.Set();
    }

    /// <summary>
    /// Two threads that take a TLS stream apart at once tear its handle away from each other, and the process dies of it.
    /// </summary>
    [Fact]
    public async Task Whoever_closes_a_connection_leaves_its_TLS_to_the_thread_that_uses_it()
    {
        using var authority = TestCertificates.Authority("cluster");
        TlsMaterial For(MemberId member) => TlsMaterial.Of(TestCertificates.Member(authority, member), authority);
        await using var b = TransportNode.Create(0xB, For(new MemberId(0xB)));
        var self = new MemberId(0xA);
        b.Transport.SetPeer(self, new IPEndPoint(IPAddress.Loopback, 1));
        b.Start();
        var options = new TransportOptions
        {
            ClusterId = TransportNode.Cluster,
            Self = self,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = For(self),
        };
        using var line = Line.Connect(options, b.Transport.LocalEndPoint, b.Member, Channel.Control);
        var read = Task.Run(() => line.Frames.TryRead(out _, out _));
        line.Close();
        Exception?[] ends = [await Record.ExceptionAsync(() => read), Assert.ThrowsAny<Exception>(() => line.Send(new byte[100]))];
        foreach (var end in ends.OfType<Exception>()) // a reader may also just read the end
        {
            Assert.True(PeerSender.EndsConnection(end), end.ToString());
            Assert.NotEqual(typeof(System.Net.Security.SslStream).FullName, (end as ObjectDisposedException)?.ObjectName);
        }
    }
}

public sealed class Snapshot_transfer
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_snapshot_arrives_whole_and_a_cut_one_goes_on_where_it_stopped(bool secure)
    {
        var authority = secure ? TestCertificates.Authority("cluster") : null;
        TlsMaterial? For(ulong member) =>
            authority is null ? null : TlsMaterial.Of(TestCertificates.Member(authority, new MemberId(member)), authority);
        await using var a = TransportNode.Create(0xA, For(0xA));
        await using var b = TransportNode.Create(0xB, For(0xB));
        a.Meet(b);
        b.Meet(a);
        a.Start();
        b.Start();
        a.WaitConnected(b);
        var meta = new SnapshotMeta(50, 2, Membership.Of(a.Member, b.Member), 1);
        var content = TestLog.Payload(3_000_000, 8);
        using (var sink = a.Snapshots.Create(meta))
        {
            sink.Stream.Write(content);
            sink.Commit();
        }
        LeaveHalfReceived(a, b);
        a.Transport.SendSnapshot(b.Member, term: 4, snapshotIndex: 50);
        b.Listener.Until(() => b.Listener.Snapshots.Length == 1);
        a.Listener.Until(() => a.Listener.Sent.Length == 1);
        Assert.Equal([true], a.Listener.Sent);
        Assert.Equal(meta, b.Listener.Snapshots[0]);
        using var stored = b.Snapshots.Open(50)!;
        using var stream = stored.OpenRead();
        var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        Assert.Equal(content, copy.ToArray());
        a.Transport.SendSnapshot(b.Member, term: 4, snapshotIndex: 51);
        a.Listener.Until(() => a.Listener.Sent.Length == 2);
        Assert.False(a.Listener.Sent[1]); // there is none at 51
    }

    /// <summary>As a transfer that was cut leaves it.</summary>
    private static void LeaveHalfReceived(TransportNode a, TransportNode b)
    {
        var file = File.ReadAllBytes(Directory.GetFiles(a.Directory.Path, "*.snapshot").Single());
        var id = System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(file.AsSpan(16));
        using var receipt = b.Snapshots.Receive(id, file.Length);
        receipt.Write(file.AsSpan(0, file.Length / 2));
    }
}
