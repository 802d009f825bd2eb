using VideoScale.ControlPlane.Clocks;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class LogClockTests
{
    private const long Second = 1_000;
    private const long Hour = 3_600 * Second;
    private const long Week = 168 * Hour;
    private const long Start = 1_700_000_000_000; // true time when the boot clocks stood at 0

    /// <summary>
    /// One replica: its boot clock is true, its wall clock is off by what a test says, the others' clocks are asked each second.
    /// </summary>
    private sealed class Node(int voters = 3)
    {
        public LogClock Log { get; } = new();
        public long Boot { get; set; }
        public long WallOffMs { get; set; }
        public long? OthersOffMs { get; set; } = 0;
        public long True => Start + Boot;
        public long Wall => True + WallOffMs;
        public long NowOffMs => Log.Now(Boot, Wall).UnixMs - True;

        public EntryStamp Stamp() => Log.Stamp(Boot, Wall);

        public void Exchange()
        {
            List<ClockReading> readings = [new(1, Wall - Boot, 0)];
            if (OthersOffMs is { } off)
                for (var i = 2; i <= voters; i++) readings.Add(new((ulong)i, Start + off, 5));
            Log.Agreed(ClockAgreement.Of(voters, readings), Boot, Wall);
        }

        public void Pass(long milliseconds, Action<EntryStamp>? each = null)
        {
            for (var until = Boot + milliseconds; Boot < until;)
            {
                Boot = Math.Min(until, Boot + Second);
                Exchange();
                var stamp = Stamp();
                Log.Observed(stamp.Time, Boot, Wall);
                each?.Invoke(stamp);
            }
        }
    }

    [Theory]
    [InlineData(25 * Hour)]
    [InlineData(Hour)]
    [InlineData(10 * Second)]
    [InlineData(-10 * Second)]
    [InlineData(-Hour)]
    [InlineData(-25 * Hour)]
    public void A_leaders_clock_that_jumps_moves_log_time_by_nothing_and_request_ids_go_by_log_time(long jump)
    {
        var node = new Node();
        node.Pass(30 * Second);
        node.WallOffMs = jump;
        node.Pass(600 * Second, stamp => Assert.True(stamp.IsPlain && stamp.Time.UnixMs == node.True));
        node.WallOffMs = 0;
        node.Pass(600 * Second, stamp => Assert.True(stamp.IsPlain && stamp.Time.UnixMs == node.True));
    }

    [Fact]
    public void Log_time_never_goes_back_and_keeps_to_true_time_while_a_majority_of_clocks_is_right() => Seeds.Run(200, random =>
    {
        var node = new Node();
        node.Pass(10 * Second);
        var last = 0L;
        for (var i = 0; i < 60; i++)
        {
            if (random.Next(3) == 0)
                node.WallOffMs = random.Next(3) switch
                {
                    0 => 0,
                    1 => random.NextInt64(-30 * Second, 30 * Second),
                    _ => random.NextInt64(-30 * Hour, 30 * Hour)
                };
            node.OthersOffMs = random.Next(4) == 0 ? null : random.Next(-500, 500);
            node.Pass(random.Next(1, 20_000), stamp =>
            {
                Assert.True(stamp.Time.UnixMs >= last);
                last = stamp.Time.UnixMs;
            });
            // without the others only a clock that is near draws it
            Assert.InRange(node.NowOffMs, -LogClock.NearMs - Second, LogClock.NearMs + Second);
        }
    });

    [Fact]
    public void A_voter_alone_is_not_moved_by_a_jump_and_believes_its_clock_about_request_ids_only_when_it_stays()
    {
        var node = new Node(voters: 1);
        node.Pass(10 * Second);
        node.WallOffMs = 25 * Hour;
        node.Pass(LogClock.BelievedAfterMs - Second, stamp => Assert.True(stamp.IsPlain));
        Assert.InRange(node.NowOffMs, 0, 60 * Second / LogClock.SlewPart);
        EntryStamp last = default;
        node.Pass(5 * Second, stamp => last = stamp);
        Assert.Equal(node.Wall, last.RequestTime!.Value.UnixMs);
        node.WallOffMs = 0;
        node.Pass(Second, stamp => Assert.True(stamp.IsPlain)); // the damage ends with the correction
    }

    [Fact]
    public void A_cluster_that_was_stopped_for_a_week_goes_on_with_the_right_time_and_a_leader_that_saw_time_pass_does_not_jump()
    {
        var node = new Node { OthersOffMs = null };
        node.Log.Observed(new(Start - Week), node.Boot, node.Wall); // from the snapshot
        Assert.Equal(new(new(Start - Week)), node.Stamp()); // nobody to ask yet
        node.OthersOffMs = 0;
        node.Exchange();
        Assert.Equal(new(node.True), node.Log.Now(node.Boot, node.Wall)); // deadlines already count it
        var stamp = node.Stamp();
        Assert.Equal((node.True, new TimeStep(new(Start - Week), new(Start))), (stamp.Time.UnixMs, stamp.Step));
        Assert.Equal(stamp.Step, node.Stamp().Step); // until one of them is known to be in the log
        node.Log.Observed(stamp.Time, node.Boot, node.Wall);
        Assert.True(node.Stamp().IsPlain);
        node.OthersOffMs = Week; // now even a majority is not followed by a jump
        node.WallOffMs = Week;
        node.Pass(30 * Second);
        Assert.InRange(node.NowOffMs, 0, Second);
    }

    [Fact]
    public void A_new_leader_goes_on_from_what_it_saw_elapse_whatever_its_own_clock_says()
    {
        var node = new Node { WallOffMs = 25 * Hour, OthersOffMs = null };
        node.Log.Observed(new(node.True), node.Boot, node.Wall);
        node.Boot += 10 * Hour; // an idle log
        Assert.Equal(0, node.NowOffMs);
        node.Pass(60 * Second, stamp => Assert.Equal(node.True, stamp.Time.UnixMs)); // no agreement: two clocks differ
        node.OthersOffMs = 0;
        node.Pass(60 * Second, stamp => Assert.Equal(node.True, stamp.Time.UnixMs));
    }

    [Fact]
    public void A_log_that_is_ahead_of_all_clocks_goes_on_and_request_ids_go_by_the_clocks_at_once()
    {
        var node = new Node();
        node.Log.Observed(new(node.True + 25 * Hour), node.Boot, node.Wall);
        node.Exchange();
        var stamp = node.Stamp();
        Assert.Equal((node.True + 25 * Hour, node.True), (stamp.Time.UnixMs, stamp.RequestTime!.Value.UnixMs));
        node.Log.MayExtend = false; // a member that would stop at such an entry
        Assert.True(node.Stamp().IsPlain);
        node.Log.MayExtend = true;
        node.Pass(100 * Second);
        Assert.InRange(node.NowOffMs, 25 * Hour - 2 * Second, 25 * Hour); // slowly, and never by standing still
    }

    [Fact]
    public void An_empty_log_begins_with_the_agreed_time()
    {
        var node = new Node { WallOffMs = Hour };
        node.Exchange();
        Assert.Equal(node.True, node.Stamp().Time.UnixMs);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Entries_without_a_time_do_not_begin_the_log(bool agreed)
    {
        var node = new Node { OthersOffMs = agreed ? 0 : null };
        node.Log.Observed(default, node.Boot, node.Wall); // an election and the members are applied, no command is
        node.Exchange();
        Assert.Equal(0, node.NowOffMs);
        var stamp = node.Stamp();
        Assert.Equal((node.True, true), (stamp.Time.UnixMs, stamp.IsPlain)); // nothing was stepped over
        Assert.Equal(TimeStep.None, node.Log.LastStep);
    }

    [Fact]
    public void The_agreed_time_is_the_middle_of_the_closest_majority()
    {
        Assert.Null(ClockAgreement.Of(3, [new(1, 0, 0)]));
        Assert.Null(ClockAgreement.Of(3, [new(1, 0, 0), new(2, 5_000, 0)]));
        Assert.Equal(5_010, ClockAgreement.Of(3, [new(1, 0, 0), new(2, 5_000, 0), new(3, 5_010, 0)]));
        Assert.Equal(20, ClockAgreement.Of(5, [new(1, 90_000, 0), new(2, 20, 0), new(3, 0, 0), new(4, 40, 0), new(5, -90_000, 0)]));
        Assert.Equal(3_000, ClockAgreement.Of(2, [new(1, 0, 0), new(2, 3_000, 1_000)])); // as close as the reading tells
        Assert.Equal(7, ClockAgreement.Of(1, [new(1, 7, 0)]));
    }
}
