using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VideoScale.MediaNode.Ice;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>recvmmsg in, sendmmsg out; datagrams of one size to one destination leave as segments of one (UDP_SEGMENT).</summary>
public sealed unsafe class LinuxDatagramSocket : IDatagramSocket
{
    private const int ReceiveCount = 32;
    private const int ReceiveOctets = 2048;
    private const int MessageCount = 64;
    private const int MaxSegments = 64;             // UDP_MAX_SEGMENTS of older kernels
    private const int MaxSegmentedOctets = 65_000;  // below the largest UDP payload
    private const int ControlOctets = 24;           // CMSG_SPACE of two octets

    private readonly Socket _socket;
    private readonly int _descriptor;
    private readonly int _event;
    private readonly byte[] _memory = GC.AllocateArray<byte>(1 << 18, pinned: true);
    private readonly LinuxCalls.MultiMessage* _receive;
    private readonly LinuxCalls.MultiMessage* _send;
    private readonly LinuxCalls.Vector* _vectors;
    private readonly byte* _received;
    private readonly byte* _names;
    private readonly byte* _controls;
    private readonly int[] _segments = new int[MessageCount];
    private readonly int[] _octets = new int[MessageCount];
    private readonly Destination[] _destinations = new Destination[MessageCount];
    private int _taken;
    private int _messages;
    private int _vectorsUsed;

    public LinuxDatagramSocket(IPEndPoint local, bool segmentation = true)
    {
        Segmentation = segmentation;
        _socket = DatagramSockets.Open(local);
        _descriptor = (int)_socket.Handle;
        _event = LinuxCalls.eventfd(0, LinuxCalls.EventNonBlocking);
        if (_event < 0) throw new SocketException(Marshal.GetLastPInvokeError());
        _receive = (LinuxCalls.MultiMessage*)Take(ReceiveCount * sizeof(LinuxCalls.MultiMessage));
        _send = (LinuxCalls.MultiMessage*)Take(MessageCount * sizeof(LinuxCalls.MultiMessage));
        var receiveVectors = (LinuxCalls.Vector*)Take(ReceiveCount * sizeof(LinuxCalls.Vector));
        _vectors = (LinuxCalls.Vector*)Take(SendBatch.Capacity * sizeof(LinuxCalls.Vector));
        _names = Take(ReceiveCount * 32);
        _controls = Take(MessageCount * 32);
        _received = Take(ReceiveCount * ReceiveOctets);
        for (var i = 0; i < ReceiveCount; i++)
        {
            receiveVectors[i] = new LinuxCalls.Vector { Base = _received + i * ReceiveOctets, Length = ReceiveOctets };
            _receive[i].Header.Vectors = &receiveVectors[i];
            _receive[i].Header.VectorCount = 1;
            _receive[i].Header.Name = _names + i * 32;
        }
    }

    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;
    public AddressFamily Family => _socket.AddressFamily;
    public SendBatch Outgoing { get; } = new();
    public SocketStatistics Statistics { get; } = new();
    public DatagramDropped? Dropped { get; set; }
    /// <summary>Turns itself off where the kernel or the device refuses.</summary>
    public bool Segmentation { get; private set; }

    public int Receive(int timeoutMs)
    {
        var count = TryReceive();
        if (count > 0 || timeoutMs == 0) return count;
        var entries = stackalloc LinuxCalls.PollEntry[2];
        entries[0] = new LinuxCalls.PollEntry { Descriptor = _descriptor, Events = LinuxCalls.PollIn };
        entries[1] = new LinuxCalls.PollEntry { Descriptor = _event, Events = LinuxCalls.PollIn };
        if (LinuxCalls.poll(entries, 2, timeoutMs) <= 0) return 0;
        if (entries[1].Returned != 0)
        {
            ulong drained;
            _ = LinuxCalls.read(_event, &drained, sizeof(ulong));
        }
        return entries[0].Returned != 0 ? TryReceive() : 0;
    }

    private int TryReceive()
    {
        for (var i = 0; i < ReceiveCount; i++) _receive[i].Header.NameLength = Destination.MaxSocketAddress;
        var count = LinuxCalls.recvmmsg(_descriptor, _receive, ReceiveCount, LinuxCalls.DontWait, null);
        Statistics.ReceiveCalls++;
        if (count <= 0) return 0; // nothing there, or an ICMP error of an earlier send: the next call goes on
        Statistics.Received += count;
        return count;
    }

    public Span<byte> Datagram(int index, out TransportAddress from)
    {
        from = Destination.Read(new ReadOnlySpan<byte>(_names + index * 32, Destination.MaxSocketAddress));
        return new Span<byte>(_received + index * ReceiveOctets, (int)_receive[index].Length);
    }

    public void Flush()
    {
        if (Outgoing.Count == 0) return;
        for (var i = 0; i < Outgoing.DestinationCount; i++)
        {
            var destination = Outgoing.DestinationAt(i);
            for (var slot = destination.First; slot >= 0;) slot = AddMessage(destination, slot);
        }
        SendMessages();
        Outgoing.Clear();
    }

    /// <summary>
    /// One message of as many datagrams as may leave together: equal in size, the last at most shorter. Returns the slot after them.
    /// </summary>
    private int AddMessage(Destination destination, int slot)
    {
        if (_messages == MessageCount) SendMessages();
        var size = Outgoing.Length(slot);
        var total = 0;
        var segments = 0;
        ref var header = ref _send[_messages].Header;
        header.Vectors = _vectors + _vectorsUsed;
        while (slot >= 0)
        {
            var length = Outgoing.Length(slot);
            if (segments > 0 && (!Segmentation || length > size || segments == MaxSegments || total + length > MaxSegmentedOctets)) break;
            _vectors[_vectorsUsed++] = new LinuxCalls.Vector { Base = Outgoing.Pointer(slot), Length = (nuint)length };
            total += length;
            segments++;
            slot = Outgoing.Next(slot);
            if (length < size) break; // a shorter one ends the group
        }
        header.VectorCount = (nuint)segments;
        header.Name = (byte*)Unsafe.AsPointer(ref destination.Octets[0]);
        header.NameLength = (uint)destination.OctetsLength;
        header.Control = null;
        header.ControlLength = 0;
        if (segments > 1) SetSegment(ref header, size);
        _destinations[_messages] = destination;
        _octets[_messages] = total;
        _segments[_messages++] = segments;
        return slot;
    }

    private void SetSegment(ref LinuxCalls.Message header, int size)
    {
        var control = _controls + _messages * 32;
        *(ulong*)control = 18; // CMSG_LEN of two octets
        *(int*)(control + 8) = LinuxCalls.SolUdp;
        *(int*)(control + 12) = LinuxCalls.UdpSegment;
        *(ulong*)(control + 16) = (ulong)size; // little-endian, as both architectures here are
        header.Control = control;
        header.ControlLength = ControlOctets;
    }

    private void SendMessages()
    {
        for (var at = 0; at < _messages;)
        {
            Statistics.SendCalls++;
            var sent = LinuxCalls.sendmmsg(_descriptor, _send + at, (uint)(_messages - at), LinuxCalls.DontWait);
            for (var i = 0; i < sent; i++)
            {
                Statistics.Sent += _segments[at + i];
                Statistics.SentOctets += _octets[at + i];
                if (_segments[at + i] > 1) Statistics.Segmented += _segments[at + i];
            }
            if (sent > 0)
            {
                at += sent;
                continue;
            }
            var error = Marshal.GetLastPInvokeError();
            if (error == LinuxCalls.Interrupted) continue;
            if (_segments[at] > 1 && error != LinuxCalls.Again)
            {
                Segmentation = false;
                SendApart(at);
            }
            else
            {
                // No room, or nobody there: the others still go.
                for (nuint i = 0; i < _send[at].Header.VectorCount; i++) Drop(at, _send[at].Header.Vectors[i]);
            }
            at++;
        }
        _messages = 0;
        _vectorsUsed = 0;
    }

    private void SendApart(int message)
    {
        var whole = _send[message].Header;
        for (nuint i = 0; i < whole.VectorCount; i++)
        {
            LinuxCalls.MultiMessage one = default;
            one.Header = whole with { Vectors = whole.Vectors + i, VectorCount = 1, Control = null, ControlLength = 0 };
            if (LinuxCalls.sendmmsg(_descriptor, &one, 1, LinuxCalls.DontWait) == 1)
            {
                Statistics.Sent++;
                Statistics.SentOctets += (int)whole.Vectors[i].Length;
            }
            else Drop(message, whole.Vectors[i]);
        }
    }

    private void Drop(int message, in LinuxCalls.Vector datagram)
    {
        Statistics.Dropped++;
        Dropped?.Invoke(_destinations[message], new ReadOnlySpan<byte>(datagram.Base, (int)datagram.Length));
    }

    public void Wake()
    {
        ulong one = 1;
        _ = LinuxCalls.write(_event, &one, sizeof(ulong));
    }

    public void Dispose()
    {
        _socket.Dispose();
        _ = LinuxCalls.close(_event);
    }

    private byte* Take(int octets)
    {
        var at = (byte*)Unsafe.AsPointer(ref _memory[_taken]);
        _taken = checked(_taken + ((octets + 63) & ~63));
        if (_taken > _memory.Length) throw new InvalidOperationException("the socket's tables outgrew their memory");
        return at;
    }
}
