using VideoScale.Harness;
using VideoScale.MediaNode.Recovery;

namespace VideoScale.MediaNode.Tests.Recovery;

public class RecoveryTests
{
    [Fact]
    public void Renumbering_closes_every_gap_made_on_purpose_and_no_other() => Seeds.Run(300, random =>
    {
        var map = new ContinuousMap();
        long input = random.Next(1, 1000) + 65536, output = random.Next(1, 1000) + 65536;
        map.Restart(input, output);
        var given = new Dictionary<long, long>();
        var late = new List<long>();
        for (var i = 0; i < 500; i++, input++)
        {
            switch (random.Next(6))
            {
                case 0: map.Drop(input); break;
                case 1: late.Add(input); output++; break; // lost for now: its number stays reserved
                case 2 when late.Count > 0 && input - late[0] < 20:
                    Assert.True(map.TryMap(late[0], out var reserved));
                    Assert.DoesNotContain(reserved, given.Values);
                    given[late[0]] = reserved;
                    late.RemoveAt(0);
                    goto default;
                case 3 when random.Next(10) == 0:
                    input += random.Next(1000); // another source
                    late.Clear();
                    map.Restart(input, 0);
                    output = map.HighestOutput + 1;
                    goto default;
                default:
                    Assert.True(map.TryMap(input, out var mapped));
                    Assert.Equal(output++, mapped);
                    given[input] = mapped;
                    break;
            }
        }
        Assert.Equal(given.Count, given.Values.Distinct().Count());
    });

    [Fact]
    public void What_is_missing_is_asked_for_until_it_comes_or_the_tries_are_spent() => Seeds.Run(200, random =>
    {
        var nacks = new NackGenerator();
        var missing = new HashSet<ushort>();
        long now = 1_000_000, sequence = 65536 + random.Next(65000, 65536);
        nacks.Received(sequence, now);
        for (var i = 0; i < 100; i++)
        {
            var lost = random.Next(3) == 0;
            sequence++;
            if (lost) missing.Add((ushort)sequence);
            else nacks.Received(sequence, now);
        }
        nacks.Received(++sequence, now);
        Span<ushort> asked = stackalloc ushort[256];
        Assert.Equal(0, nacks.Collect(now + NackGenerator.FirstDelayUs - 1, asked, out _));
        var count = nacks.Collect(now + NackGenerator.FirstDelayUs, asked, out _);
        Assert.Equal(missing.Order(), asked[..count].ToArray().Order());
        foreach (var one in asked[..count].ToArray().Where(_ => random.Next(2) == 0))
        {
            var extended = sequence - (ushort)(sequence - one);
            Assert.False(nacks.Received(extended, now + 30_000));
            missing.Remove(one);
        }
        Assert.Equal(missing.Count, nacks.Count);
        var tries = 1;
        for (long at = now + NackGenerator.FirstDelayUs; nacks.Count > 0; at += NackGenerator.RepeatUs)
        {
            Assert.Equal(0, nacks.Collect(at + NackGenerator.RepeatUs - 1, asked, out _));
            var again = nacks.Collect(at + NackGenerator.RepeatUs, asked, out var gaveUp);
            if (again > 0) { Assert.Equal(missing.Count, again); tries++; }
            Assert.Equal(again == 0 && missing.Count > 0, gaveUp);
        }
        if (missing.Count > 0) Assert.Equal(NackGenerator.MaxTries, tries);
        Assert.Equal(missing.Count, nacks.GivenUp);
    });

    [Theory]
    [InlineData(5_000)]
    [InlineData(100_000)]
    [InlineData(240_000)]
    public void However_long_the_way_it_is_learned_and_then_each_packet_is_asked_for_once(long roundTripUs)
    {
        var nacks = new NackGenerator();
        var answers = new PriorityQueue<long, long>();
        long now = 1_000_000, sequence = 70_000, askedBefore = 0, lostBefore = 0, lost = 0;
        Span<ushort> asked = stackalloc ushort[256];
        for (var step = 0; step < 3_000; step++, now += 10_000)
        {
            if (step == 1_500) (askedBefore, lostBefore) = (nacks.Asked, lost);
            if (step % 10 == 0) (sequence, lost) = (sequence + 1, lost + 1);
            nacks.Received(++sequence, now);
            while (answers.TryPeek(out var answer, out var at) && at <= now) { answers.Dequeue(); nacks.Received(answer, now); }
            var count = nacks.Collect(now, asked, out _);
            for (var i = 0; i < count; i++) answers.Enqueue(sequence - (ushort)(sequence - asked[i]), now + roundTripUs);
        }
        Assert.InRange(nacks.RoundTripUs, roundTripUs, roundTripUs + 10_000);
        Assert.InRange(nacks.Asked - askedBefore, lost - lostBefore - 2, lost - lostBefore + 2);
        Assert.Equal(0, nacks.GivenUp);
    }

    [Fact]
    public void A_hole_too_wide_is_a_break()
    {
        var nacks = new NackGenerator();
        Assert.False(nacks.Received(70_000, 1));
        Assert.True(nacks.Received(70_000 + NackGenerator.MaxMissing + 2, 2));
        Assert.Equal(0, nacks.Count);
        Assert.Equal(NackGenerator.MaxMissing + 1, nacks.GivenUp);
    }

    [Fact]
    public void Key_frames_are_asked_for_once_in_half_a_second()
    {
        var requester = new KeyframeRequester();
        var asked = 0;
        for (long now = 1; now < 10_000_000; now += 1000)
        {
            requester.Want();
            if (requester.TakeDue(now)) asked++;
        }
        Assert.Equal(20, asked);
        requester.Want();
        requester.Arrived();
        Assert.False(requester.TakeDue(30_000_000));
    }
}
