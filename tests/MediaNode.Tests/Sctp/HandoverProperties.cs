using VideoScale.Harness;
using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.Tests.Sctp;

public sealed class HandoverProperties
{
    private const uint Binary = 53;

    [Fact]
    public void An_association_goes_on_in_another_place_and_nothing_is_lost_or_comes_twice() => Seeds.Run(60, random =>
    {
        var pair = new SctpPair(random, numbers: random.Next(2) == 0 ? null
            : () => new SctpPair.LateNumbers(uint.MaxValue - (uint)random.Next(100)))
        {
            Loss = random.NextDouble() * 0.2,
            JitterUs = random.Next(10_000),
        };
        pair.Connect();
        var sent = (int[])[0, 0];
        var (moves, stopped) = (0, false);
        pair.Run(() =>
        {
            // The end that moves says no more while it is about to; the other goes on.
            for (var from = 0; from < 2; from++)
                if ((from == 0 || !stopped) && sent[from] < 300 && random.Next(3) == 0
                    && pair.Ends[from].Send((ushort)(sent[from] % 3), Binary, (byte[])[.. BitConverter.GetBytes(sent[from]), .. new byte[random.Next(3_000)]],
                        new Delivery(), pair.NowUs)) sent[from]++;
            stopped |= random.Next(50) == 0;
            if (stopped && pair.Ends[1].TryHandOver() is { } state)
            {
                pair.Ends[1] = new SctpAssociation(pair.Secret(), state);
                (moves, stopped) = (moves + 1, false);
            }
            return sent[0] == 300 && sent[1] == 300 && pair.Got[0].Count >= 300 && pair.Got[1].Count >= 300;
        }, "all arrive");
        Assert.True(moves > 0);
        Assert.Equal(1, pair.Ends[0].Beginnings);
        foreach (var got in pair.Got)
            for (var stream = 0; stream < 3; stream++)
                Assert.Equal(Enumerable.Range(0, 300).Where(number => number % 3 == stream),
                    got.Where(message => message.Stream == stream).Select(message => BitConverter.ToInt32(message.Payload)));
    });

    [Fact]
    public void What_was_not_acknowledged_is_known()
    {
        var pair = new SctpPair(new Random(3));
        pair.Connect();
        pair.Loss = 1;
        for (byte i = 0; i < 30; i++) Assert.True(pair.Ends[0].Send(1, Binary, new byte[3_000].Select(_ => i).ToArray(), new Delivery(), pair.NowUs));
        Assert.True(pair.Ends[0].Send(2, Binary, new byte[] { 99 }, new Delivery(true, 0), pair.NowUs));
        pair.RunFor(100_000);
        Assert.Null(pair.Ends[0].TryHandOver());
        Assert.Equal(Enumerable.Range(0, 30), pair.Ends[0].Unacknowledged().Select(message => (int)message.Payload[2_999]));
    }
}
