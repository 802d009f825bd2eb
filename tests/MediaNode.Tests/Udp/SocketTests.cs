using System.Net;
using VideoScale.Harness;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ice;

namespace VideoScale.MediaNode.Tests.Udp;

public class SocketTests
{
    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public void Batches_arrive_whole_and_in_order_at_each_destination(bool managed, bool segmentation) => Seeds.Run(10, random =>
    {
        using var sender = DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), segmentation, managed);
        var receivers = Enumerable.Range(0, 3).Select(_ => DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), managed: managed))
            .ToList();
        var destinations = receivers.Select(receiver =>
            new Destination(sender.Family, TransportAddress.V4(0x7F000001, (ushort)receiver.LocalEndPoint.Port))).ToList();
        var expected = receivers.Select(_ => new List<byte[]>()).ToList();
        for (var i = random.Next(1, 150); i > 0; i--)
        {
            var to = random.Next(3);
            var datagram = new byte[random.Next(3) == 0 ? random.Next(1, 1400) : 1100];
            random.NextBytes(datagram);
            datagram.CopyTo(sender.Outgoing.NextSlot);
            sender.Outgoing.Add(destinations[to], datagram.Length);
            expected[to].Add(datagram);
        }
        sender.Flush();
        for (var i = 0; i < receivers.Count; i++)
        {
            var got = new List<byte[]>();
            for (var deadline = DateTime.UtcNow.AddSeconds(20); got.Count < expected[i].Count && DateTime.UtcNow < deadline;)
            {
                var count = receivers[i].Receive(50);
                for (var j = 0; j < count; j++)
                {
                    got.Add(receivers[i].Datagram(j, out var from).ToArray());
                    Assert.Equal(sender.LocalEndPoint.Port, from.Port);
                }
            }
            Assert.Equal(expected[i], got);
            receivers[i].Dispose();
        }
        Assert.Equal(expected.Sum(list => list.Count), sender.Statistics.Sent);
        Assert.Equal(0, sender.Outgoing.Count);
        if (!segmentation) Assert.Equal(0, sender.Statistics.Segmented);
    });

    /// <summary>A destination that the kernel refuses stands for a queue that is full.</summary>
    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public void What_is_not_sent_is_told_datagram_by_datagram_and_the_rest_goes(bool managed, bool segmentation)
    {
        using var sender = DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), segmentation, managed);
        using var receiver = DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var good = new Destination(sender.Family, TransportAddress.V4(0x7F000001, (ushort)receiver.LocalEndPoint.Port));
        var bad = new Destination(sender.Family, TransportAddress.V4(0x7F000001, 0)); // port 0 is nobody's
        var told = new List<byte[]>();
        sender.Dropped = (destination, datagram) =>
        {
            Assert.Same(bad, destination);
            told.Add(datagram.ToArray());
        };
        var lost = new List<byte[]>();
        for (var i = 0; i < 12; i++)
        {
            var datagram = Enumerable.Repeat((byte)i, i == 11 ? 70 : 100).ToArray();
            datagram.CopyTo(sender.Outgoing.NextSlot);
            if (i % 2 == 1) lost.Add(datagram);
            sender.Outgoing.Add(i % 2 == 1 ? bad : good, datagram.Length);
        }
        sender.Flush();
        Assert.Equal(lost, told);
        Assert.Equal((6, 6, 600), (sender.Statistics.Sent, sender.Statistics.Dropped, sender.Statistics.SentOctets));
        var received = 0;
        for (var deadline = DateTime.UtcNow.AddSeconds(20); received < 6 && DateTime.UtcNow < deadline;) received += receiver.Receive(50);
        Assert.Equal(6, received);
    }

    [Fact]
    public void Equal_datagrams_to_one_peer_leave_as_one()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var sender = new LinuxDatagramSocket(new IPEndPoint(IPAddress.Loopback, 0));
        using var receiver = DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var destination = new Destination(sender.Family, TransportAddress.V4(0x7F000001, (ushort)receiver.LocalEndPoint.Port));
        for (var i = 0; i < 20; i++)
        {
            sender.Outgoing.NextSlot[..1000].Fill((byte)i);
            sender.Outgoing.Add(destination, i == 19 ? 500 : 1000);
        }
        sender.Flush();
        Assert.Equal((1, 20, 20), (sender.Statistics.SendCalls, sender.Statistics.Sent, sender.Statistics.Segmented));
        var sizes = new List<int>();
        for (var deadline = DateTime.UtcNow.AddSeconds(20); sizes.Count < 20 && DateTime.UtcNow < deadline;)
            for (int i = 0, count = receiver.Receive(50); i < count; i++) sizes.Add(receiver.Datagram(i, out _).Length);
        Assert.Equal([.. Enumerable.Repeat(1000, 19), 500], sizes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_waiting_receive_is_woken(bool managed)
    {
        using var socket = DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), managed: managed);
        var waiting = Task.Run(() => socket.Receive(120_000));
        await Task.Delay(50);
        socket.Wake();
        Assert.Equal(0, await waiting.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void Ipv6_and_mapped_addresses_reach_a_dual_stack_socket()
    {
        if (!System.Net.Sockets.Socket.OSSupportsIPv6) return;
        using var socket = DatagramSockets.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        using var sender = DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = (ushort)socket.LocalEndPoint.Port;
        sender.Outgoing.NextSlot[0] = 7;
        sender.Outgoing.Add(new Destination(sender.Family, TransportAddress.V4(0x7F000001, port)), 1);
        sender.Flush();
        var count = 0;
        for (var deadline = DateTime.UtcNow.AddSeconds(20); count == 0 && DateTime.UtcNow < deadline;) count = socket.Receive(50);
        Assert.Equal(1, count);
        socket.Datagram(0, out var from);
        Assert.Equal(TransportAddress.V4(0x7F000001, (ushort)sender.LocalEndPoint.Port), from);
        socket.Outgoing.NextSlot[0] = 8;
        socket.Outgoing.Add(new Destination(socket.Family, from), 1);
        socket.Flush();
        for (var deadline = DateTime.UtcNow.AddSeconds(20); sender.Receive(50) == 0;) Assert.True(DateTime.UtcNow < deadline);
    }

    [Fact]
    public void A_ring_carries_everything_in_order_between_two_threads()
    {
        var ring = new SpscRing(64, 16);
        const int messages = 200_000;
        var writer = new Thread(() =>
        {
            for (var i = 0; i < messages; i++)
            {
                Span<byte> slot;
                while (!ring.TryReserve(out slot)) Thread.Yield();
                BitConverter.TryWriteBytes(slot, i);
                ring.Commit(4 + i % 13);
            }
        });
        writer.Start();
        for (var i = 0; i < messages; i++)
        {
            Span<byte> message;
            while (!ring.TryPeek(out message)) Thread.Yield();
            Assert.Equal((i, 4 + i % 13), (BitConverter.ToInt32(message), message.Length));
            ring.Release();
        }
        writer.Join();
        Assert.True(ring.IsEmpty);
    }
}
