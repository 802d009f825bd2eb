using System.Net;
using System.Text;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Srtp;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ice;

namespace VideoScale.Bench.StunFlood;

/// <summary>One client on one socket: checks, DTLS, SRTP.</summary>
internal sealed class BenchClient : IDisposable
{
    private readonly DtlsIdentity _identity = new(TimeProvider.System);
    private readonly DtlsSession _dtls;
    private readonly Destination _shard;
    private SrtpSender? _sender;
    private SrtpReceiver? _receiver;

    public BenchClient(int peer, MediaShard shard, DtlsFingerprint node)
    {
        Socket = DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _dtls = new DtlsSession(_identity, node, client: true);
        _shard = new Destination(Socket.Family, TransportAddress.V4(0x7F000001, (ushort)shard.LocalEndPoint.Port));
        Transport = new TransportOptions(peer, new($"node{peer}", "a password of enough letters"),
            new($"client{peer}", "another password, as long"), _identity.Fingerprint);
    }

    public TransportOptions Transport { get; }
    public IDatagramSocket Socket { get; }

    /// <summary>A check in this client's name.</summary>
    public static byte[] Check(string fragment, string password)
    {
        var datagram = new byte[300];
        var writer = new StunWriter(datagram, StunMessage.BindingRequest, "transaction!"u8);
        writer.Username(Encoding.ASCII.GetBytes(fragment));
        writer.Controlling(42);
        writer.UseCandidate();
        writer.Priority(1845501695);
        return datagram[..writer.Finish(Encoding.ASCII.GetBytes(password))];
    }

    /// <summary>A true check: without one in 30 s the node stops sending (RFC 7675).</summary>
    public void Consent()
    {
        Put(Check($"{Transport.Local.UsernameFragment}:{Transport.Remote.UsernameFragment}", Transport.Local.Password));
        Socket.Flush();
    }

    public void Connect()
    {
        Consent();
        var started = false;
        var until = Environment.TickCount64 + 30_000;
        while (_sender is null)
        {
            if (Environment.TickCount64 > until) throw new InvalidOperationException($"not connected: {_dtls.State} {_dtls.FailureReason}");
            var count = Socket.Receive(20);
            for (var i = 0; i < count; i++)
            {
                var datagram = Socket.Datagram(i, out _);
                if (datagram[0] <= 3 && !started)
                {
                    started = true;
                    _dtls.Start(Put);
                }
                else if (datagram[0] is >= 20 and <= 63) _dtls.Handle(datagram, Put);
            }
            _dtls.Tick(Put);
            Socket.Flush();
            if (_dtls.State is not DtlsState.Connected) continue;
            _sender = new SrtpSender(SrtpCipher.Create(_dtls.SendKeys!));
            _receiver = new SrtpReceiver(SrtpCipher.Create(_dtls.ReceiveKeys!));
        }
    }

    private void Put(ReadOnlySpan<byte> datagram)
    {
        datagram.CopyTo(Socket.Outgoing.NextSlot);
        Socket.Outgoing.Add(_shard, datagram.Length);
    }

    public void Send(ReadOnlySpan<byte> packet)
    {
        packet.CopyTo(Socket.Outgoing.NextSlot);
        Socket.Outgoing.Add(_shard, _sender!.ProtectRtp(Socket.Outgoing.NextSlot, packet.Length));
        Socket.Flush();
    }

    /// <summary>Opens a datagram in place; empty when it is no RTP.</summary>
    public Span<byte> Open(Span<byte> datagram)
    {
        if (datagram.Length < 12 || datagram[0] is < 128 or > 191 || (datagram[1] & 0x7F) is >= 64 and <= 95) return default;
        var length = _receiver!.UnprotectRtp(datagram);
        return length <= 0 ? default : datagram[..length];
    }

    public void Dispose()
    {
        _dtls.Dispose();
        _identity.Dispose();
        _sender?.Dispose();
        _receiver?.Dispose();
        Socket.Dispose();
    }
}
