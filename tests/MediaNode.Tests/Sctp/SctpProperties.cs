using System.Buffers.Binary;
using VideoScale.Harness;
using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.Tests.Sctp;

/// <summary>What an association promises over a link of any kind.</summary>
public sealed class SctpProperties
{
    private const uint Binary = 53;
    private static readonly int[] Sizes = [1, 2, 100, 1_119, 1_120, 1_121, 1_200, 15_000, 65_535];

    private static SctpPair Draw(Random random) => new(random, numbers: random.Next(2) == 0 ? null
        : () => new SctpPair.LateNumbers(uint.MaxValue - (uint)random.Next(2_000)))
    {
        Loss = random.NextDouble() * 0.3,
        Repeats = random.NextDouble() * 0.2,
        DelayUs = random.Next(100, 50_000),
        JitterUs = random.Next(3) == 0 ? 0 : random.Next(1, 30_000),
    };

    /// <summary>Says its number, and is filled with what follows from it.</summary>
    private static byte[] Message(int number, int size)
    {
        var message = new byte[size];
        new Random(number).NextBytes(message);
        if (size >= sizeof(int)) BinaryPrimitives.WriteInt32BigEndian(message, number);
        return message;
    }

    [Fact]
    public void Reliable_messages_arrive_once_and_whole_and_ordered_ones_in_order() => Seeds.Run(40, random =>
    {
        var pair = Draw(random);
        pair.Connect(both: random.Next(2) == 0);
        var expected = new Dictionary<(int To, int Stream), List<byte[]>>();
        var (total, sent) = (random.Next(20, 150), 0);
        pair.Run(() =>
        {
            for (; sent < total && random.Next(4) > 0; sent++)
            {
                var (to, stream, payload) = (random.Next(2), random.Next(4), Message(sent, Sizes[random.Next(Sizes.Length)]));
                var delivery = new Delivery(IsUnordered: stream == 3);
                if (!pair.Ends[1 - to].Send((ushort)stream, Binary, payload, delivery, pair.NowUs)) break;
                if (!expected.TryGetValue((to, stream), out var list)) expected[(to, stream)] = list = [];
                list.Add(payload);
            }
            return sent == total && pair.Got[0].Count + pair.Got[1].Count >= total && pair.Ends.All(end => end.BufferedOctets == 0);
        }, "all arrive");
        foreach (var ((to, stream), messages) in expected)
        {
            var got = pair.Got[to].Where(message => message.Stream == stream).Select(message => message.Payload);
            if (stream != 3) Assert.Equal(messages, got);
            else Assert.Equal(messages.Select(Convert.ToHexString).Order(), got.Select(Convert.ToHexString).Order());
        }
        Assert.Equal(total, pair.Got.Sum(got => got.Count));
    });

    [Fact]
    public void Messages_that_may_be_lost_come_at_most_once_and_never_hold_anything_up() => Seeds.Run(40, random =>
    {
        var pair = Draw(random);
        pair.Connect();
        Delivery[] deliveries =
            [new(true, 0), new(false, 0), new(false, 2), new(true, null, 100_000), new(false, null, 50_000), new()];
        var sent = new List<(int Stream, string Payload)>();
        var total = random.Next(20, 300);
        pair.Run(() =>
        {
            while (sent.Count < total && random.Next(5) > 0)
            {
                var stream = random.Next(deliveries.Length);
                var payload = Message(sent.Count, 4 + random.Next(4_000));
                if (!pair.Ends[0].Send((ushort)stream, Binary, payload, deliveries[stream], pair.NowUs)) break;
                sent.Add((stream, Convert.ToHexString(payload)));
            }
            return sent.Count == total && pair.Ends[0].BufferedOctets == 0;
        }, "nothing is kept for ever");
        pair.RunFor(1_000_000);
        for (var stream = 0; stream < deliveries.Length; stream++)
        {
            var of = sent.Where(one => one.Stream == stream).Select(one => one.Payload).ToList();
            var got = pair.Got[1].Where(one => one.Stream == stream).Select(one => Convert.ToHexString(one.Payload)).ToList();
            Assert.Equal(got.Distinct(), got);
            Assert.Subset(of.ToHashSet(StringComparer.Ordinal), got.ToHashSet(StringComparer.Ordinal));
            if (!deliveries[stream].IsUnordered) Assert.Equal(got.OrderBy(of.IndexOf), got);
            if (deliveries[stream].IsReliable) Assert.Equal(of, got);
        }
        // Once the link is well again everything passes, also where something was lost before.
        (pair.Loss, pair.Repeats, pair.JitterUs) = (0, 0, 0);
        pair.Got[1].Clear();
        for (var stream = 0; stream < deliveries.Length; stream++)
            Assert.True(pair.Ends[0].Send((ushort)stream, Binary, Message(stream, 100), new Delivery(deliveries[stream].IsUnordered),
                pair.NowUs));
        pair.Run(() => pair.Got[1].Count == deliveries.Length, "each stream goes on");
    });

    [Fact]
    public void Ten_thousand_ordered_messages_come_over_a_link_that_loses_one_in_twenty()
    {
        var pair = new SctpPair(new Random(7)) { Loss = 0.05, JitterUs = 2_000 };
        pair.Connect();
        var sent = 0;
        pair.Run(() =>
        {
            while (sent < 10_000 && pair.Ends[0].Send(1, Binary, Message(sent, 8), new Delivery(), pair.NowUs)) sent++;
            return pair.Got[1].Count == 10_000;
        }, "all arrive");
        Assert.Equal(Enumerable.Range(0, 10_000), pair.Got[1].Select(message => BinaryPrimitives.ReadInt32BigEndian(message.Payload)));
    }

    [Fact]
    public void The_numbers_of_a_streams_messages_begin_anew_after_their_largest()
    {
        const int Total = 70_000;
        var pair = new SctpPair(new Random(8), numbers: () => new SctpPair.LateNumbers(uint.MaxValue - 40_000)) { Loss = 0.01 };
        pair.Connect();
        var sent = 0;
        pair.Run(() =>
        {
            while (sent < Total && pair.Ends[0].Send(1, Binary, BitConverter.GetBytes(sent), new Delivery(), pair.NowUs)) sent++;
            return pair.Got[1].Count == Total;
        }, "all arrive");
        Assert.Equal(Enumerable.Range(0, Total), pair.Got[1].Select(message => BitConverter.ToInt32(message.Payload)));
    }

    [Fact]
    public void Of_what_may_be_lost_most_arrives_though_one_in_ten_packets_does_not()
    {
        var pair = new SctpPair(new Random(9)) { Loss = 0.1, DelayUs = 20_000 };
        pair.Connect();
        var sentAtUs = new List<long>();
        var delaysUs = new List<long>();
        var next = pair.NowUs;
        pair.Run(() =>
        {
            for (; next <= pair.NowUs && sentAtUs.Count < 3_000; next += 10_000, sentAtUs.Add(pair.NowUs))
                Assert.True(pair.Ends[0].Send(2, Binary, Message(sentAtUs.Count, 200), new Delivery(true, 0), pair.NowUs));
            foreach (var message in pair.Got[1])
                delaysUs.Add(pair.NowUs - sentAtUs[BinaryPrimitives.ReadInt32BigEndian(message.Payload)]);
            pair.Got[1].Clear();
            return sentAtUs.Count == 3_000 && pair.Ends[0].BufferedOctets == 0;
        }, "all were sent");
        delaysUs.Sort();
        Assert.InRange(delaysUs.Count, 2_640, 2_999); // 88 %: nine in ten, and chance
        Assert.InRange(delaysUs[delaysUs.Count * 99 / 100], 20_000, 50_000); // of the link's own clock
    }
}
