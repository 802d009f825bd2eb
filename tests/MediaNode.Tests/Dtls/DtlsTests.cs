using VideoScale.Harness;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Srtp;
using VideoScale.MediaNode.Tests.Fuzzing;

namespace VideoScale.MediaNode.Tests.Dtls;

public sealed class DtlsTests : IDisposable
{
    private readonly DtlsIdentity _node = new(TimeProvider.System);
    private readonly DtlsIdentity _browser = new(TimeProvider.System);

    public void Dispose()
    {
        _node.Dispose();
        _browser.Dispose();
    }

    /// <summary>
    /// Carries datagrams both ways until neither side has anything to say; what <paramref name="lost"/> accepts never arrives.
    /// </summary>
    private static void Exchange(DtlsSession client, DtlsSession server, Func<bool> lost)
    {
        var toServer = new Queue<byte[]>();
        var toClient = new Queue<byte[]>();
        void FromClient(ReadOnlySpan<byte> d)
        {
            Assert.InRange(d.Length, 1, DtlsSession.MtuOctets);
            if (!lost()) toServer.Enqueue(d.ToArray());
        }
        void FromServer(ReadOnlySpan<byte> d)
        {
            Assert.InRange(d.Length, 1, DtlsSession.MtuOctets);
            if (!lost()) toClient.Enqueue(d.ToArray());
        }
        var buffer = new byte[2048];
        client.Start(FromClient);
        for (var deadline = DateTime.UtcNow.AddSeconds(60); DateTime.UtcNow < deadline;)
        {
            while (toServer.Count + toClient.Count > 0)
            {
                if (toServer.TryDequeue(out var up)) { server.Handle(up, FromServer); server.Read(buffer, FromServer); }
                if (toClient.TryDequeue(out var down)) { client.Handle(down, FromClient); client.Read(buffer, FromClient); }
            }
            if (client.State is not DtlsState.Handshaking && server.State is not DtlsState.Handshaking) return;
            Thread.Sleep(20);
            client.Tick(FromClient);
            server.Tick(FromServer);
        }
    }

    [Theory]
    [InlineData(SrtpProfiles.OpenSslNames, SrtpProfile.Aes128Gcm)]
    [InlineData("SRTP_AES128_CM_SHA1_80", SrtpProfile.Aes128CmSha1Tag80)]
    public void Both_sides_end_with_keys_that_fit(string offered, SrtpProfile expected)
    {
        using var offering = new DtlsIdentity(TimeProvider.System, offered);
        using var server = new DtlsSession(_node, offering.Fingerprint);
        using var client = new DtlsSession(offering, _node.Fingerprint, client: true);
        Exchange(client, server, () => false);
        Assert.Equal((DtlsState.Connected, DtlsState.Connected), (client.State, server.State));
        Assert.Equal(expected, server.SendKeys!.Profile);
        foreach (var (from, to) in new[] { (client.SendKeys!, server.ReceiveKeys!), (server.SendKeys!, client.ReceiveKeys!) })
        {
            using var sender = new SrtpSender(SrtpCipher.Create(from));
            using var receiver = new SrtpReceiver(SrtpCipher.Create(to));
            var packet = new byte[100];
            Samples.Rtp(5, 6, [1, 2, 3]).CopyTo(packet, 0);
            Assert.Equal(15, receiver.UnprotectRtp(packet.AsSpan(0, sender.ProtectRtp(packet, 15))));
        }
    }

    [Fact]
    public void A_certificate_that_was_not_signalled_is_refused()
    {
        using var stranger = new DtlsIdentity(TimeProvider.System);
        using var server = new DtlsSession(_node, _browser.Fingerprint);
        using var client = new DtlsSession(stranger, _node.Fingerprint, client: true);
        Exchange(client, server, () => false);
        Assert.Equal(DtlsState.Failed, server.State);
        Assert.Null(server.SendKeys);
        Assert.Contains("certificate", server.FailureReason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_handshake_survives_loss() => Seeds.Run(3, random =>
    {
        using var server = new DtlsSession(_node, _browser.Fingerprint);
        using var client = new DtlsSession(_browser, _node.Fingerprint, client: true);
        var first = true;
        Exchange(client, server, () => { var lost = first || random.Next(4) == 0; first = false; return lost; });
        Assert.Equal((DtlsState.Connected, DtlsState.Connected), (client.State, server.State));
        Assert.True(client.Retransmissions > 0);
    });

    [Fact]
    public void Goodbye_ends_the_other_side_too()
    {
        using var server = new DtlsSession(_node, _browser.Fingerprint);
        using var client = new DtlsSession(_browser, _node.Fingerprint, client: true);
        Exchange(client, server, () => false);
        client.Write("hello"u8, d => server.Handle(d, _ => { }));
        var buffer = new byte[100];
        Assert.Equal(5, server.Read(buffer, _ => { }));
        client.Close(d => server.Handle(d, _ => { }));
        Assert.Equal(0, server.Read(buffer, _ => { }));
        Assert.Equal(DtlsState.Closed, server.State);
    }

    [Fact]
    public void Fingerprints_read_as_sdp_writes_them()
    {
        Assert.Equal(_node.Fingerprint, DtlsFingerprint.Parse($"SHA-256 {_node.Fingerprint.Value.ToLowerInvariant()}"));
        Assert.Null(DtlsFingerprint.Parse("sha-1 AA:BB"));
        Assert.Null(DtlsFingerprint.Parse($"sha-256 {_node.Fingerprint.Value}:00"));
        Assert.Null(DtlsFingerprint.Parse($"sha-256 {_node.Fingerprint.Value[..^1]}G"));
    }

    [Fact]
    public void Records_of_any_shape_neither_crash_nor_pass()
    {
        var flights = new List<byte[]>();
        using (var server = new DtlsSession(_node, _browser.Fingerprint))
        using (var client = new DtlsSession(_browser, _node.Fingerprint, client: true))
        {
            client.Start(d => flights.Add(d.ToArray()));
            foreach (var flight in flights.ToArray()) server.Handle(flight, d => client.Handle(d, second => flights.Add(second.ToArray())));
        }
        Assert.True(flights.Count >= 2);
        var victim = new DtlsSession(_node, _browser.Fingerprint);
        var turns = 0;
        Fuzz.Run([.. flights], input =>
        {
            victim.Handle(input, _ => { });
            Assert.NotEqual(DtlsState.Connected, victim.State);
            if (victim.State is DtlsState.Handshaking && ++turns % 100 != 0) return;
            victim.Dispose();
            victim = new DtlsSession(_node, _browser.Fingerprint);
        });
        victim.Dispose();
    }
}
