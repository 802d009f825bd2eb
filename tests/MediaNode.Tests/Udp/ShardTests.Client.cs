using System.Collections.Concurrent;
using System.Net;
using System.Text;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Srtp;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Tests.Forwarding;
using VideoScale.MediaNode.Tests.Fuzzing;

namespace VideoScale.MediaNode.Tests.Udp;

public sealed partial class ShardTests
{
    /// <summary>A client of our own making on one socket at a time.</summary>
    private sealed class Client : IDisposable
    {
        private const int WaitsPerCheck = 10;
        private readonly List<IDatagramSocket> _sockets = [];
        private IDatagramSocket _socket;
        private readonly DtlsIdentity _identity;
        private readonly DtlsSession _dtls;
        private readonly Destination _shard;
        private readonly IceLiteAgent _names;
        private readonly ConcurrentQueue<TransportState> _states = new();
        private SrtpSender? _sender;
        private SrtpReceiver? _receiver;

        /// <param name="socket">The client's from now on; null for one of UDP.</param>
        public Client(int peer, MediaShard shard, DtlsFingerprint node, string profiles, IDatagramSocket? socket = null)
        {
            _socket = socket ?? DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _sockets.Add(_socket);
            _identity = new DtlsIdentity(TimeProvider.System, profiles);
            _dtls = new DtlsSession(_identity, node, client: true);
            _shard = new Destination(_socket.Family, TransportAddress.V4(0x7F000001, (ushort)shard.LocalEndPoint.Port));
            Transport = new TransportOptions(peer, new($"node{peer}", "a password of enough letters"),
                new($"client{peer}", "another password, as long"), _identity.Fingerprint);
            _names = new IceLiteAgent(Transport.Local, Transport.Remote);
            shard.TransportChanged += (id, state) => { if (id == peer) _states.Enqueue(state); };
        }

        public TransportOptions Transport { get; }
        public bool HeardTransportFeedback { get; private set; }
        public IReadOnlyCollection<TransportState> States => _states;
        public TransportAddress From => TransportAddress.V4(0x7F000001, (ushort)_socket.LocalEndPoint.Port);

        public void Connect()
        {
            var answered = false;
            var (waits, until) = (0, DateTime.UtcNow + Patience);
            while (_sender is null || !_states.Contains(TransportState.Connected))
            {
                Assert.True(DateTime.UtcNow < until, $"not connected: check answered {answered}, {_dtls.State} {_dtls.FailureReason}");
                // as every client does: what floods the socket may cost a check
                if (!answered && waits++ % WaitsPerCheck == 0) Put(Samples.Check(_names, useCandidate: true));
                _socket.Flush();
                var count = _socket.Receive(20);
                for (var i = 0; i < count; i++)
                {
                    var datagram = _socket.Datagram(i, out _);
                    if (datagram[0] <= 3 && !answered)
                    {
                        Assert.True(StunMessage.TryParse(datagram, out var message)
                            && message.Verify(Encoding.UTF8.GetBytes(Transport.Local.Password)));
                        answered = true;
                        _dtls.Start(Put);
                    }
                    else if (datagram[0] is >= 20 and <= 63) _dtls.Handle(datagram, Put);
                }
                _dtls.Tick(Put);
                _socket.Flush();
                if (_dtls.State is not DtlsState.Connected || _sender is not null) continue;
                _sender = new SrtpSender(SrtpCipher.Create(_dtls.SendKeys!));
                _receiver = new SrtpReceiver(SrtpCipher.Create(_dtls.ReceiveKeys!));
            }
        }

        /// <summary>Nominates a path over another socket, and goes on there.</summary>
        public void Switch(IDatagramSocket socket)
        {
            if (!_sockets.Contains(socket)) _sockets.Add(socket);
            _socket = socket;
            var until = DateTime.UtcNow + Patience;
            for (var answered = false; !answered;)
            {
                Assert.True(DateTime.UtcNow < until, "the other path is answered");
                Put(Samples.Check(_names, useCandidate: true));
                _socket.Flush();
                var count = _socket.Receive(200);
                for (var i = 0; i < count; i++) answered |= _socket.Datagram(i, out _)[0] <= 3;
            }
        }

        private void Put(ReadOnlySpan<byte> datagram)
        {
            datagram.CopyTo(_socket.Outgoing.NextSlot);
            _socket.Outgoing.Add(_shard, datagram.Length);
        }

        public void Send(byte[] packet)
        {
            packet.CopyTo(_socket.Outgoing.NextSlot);
            _socket.Outgoing.Add(_shard, _sender!.ProtectRtp(_socket.Outgoing.NextSlot, packet.Length));
            _socket.Flush();
        }

        public (List<byte[]> Rtp, List<byte[]> Rtcp) Receive(int waitMs = 0)
        {
            var rtp = new List<byte[]>();
            var rtcp = new List<byte[]>();
            for (var count = _socket.Receive(waitMs); count > 0; count = _socket.Receive(0))
            {
                for (var i = 0; i < count; i++)
                {
                    var datagram = _socket.Datagram(i, out _);
                    if (datagram[0] is < 128 or > 191) continue;
                    var isRtcp = (datagram[1] & 0x7F) is >= 64 and <= 95;
                    var length = isRtcp ? _receiver!.UnprotectRtcp(datagram) : _receiver!.UnprotectRtp(datagram);
                    Assert.True(length > 0, "what the node sends is authentic");
                    (isRtcp ? rtcp : rtp).Add(datagram[..length].ToArray());
                    if (isRtcp && datagram[1] == 205 && (datagram[0] & 31) == 15) HeardTransportFeedback = true;
                }
            }
            return (rtp, rtcp);
        }

        public void Dispose()
        {
            _dtls.Dispose();
            _identity.Dispose();
            _sender?.Dispose();
            _receiver?.Dispose();
            foreach (var socket in _sockets) socket.Dispose();
        }
    }
}
