using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Members;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class VoterLivenessTests
{
    private static readonly MemberId[] All = [StubLog.One, StubLog.Two, StubLog.Three];

    [Theory]
    [InlineData(false, true)] // growing from one: the others are heard, and catch up before they vote
    [InlineData(true, false)] // who votes already and lost entries does not count, however often it is heard
    public async Task Whoever_is_under_repair_is_silent_only_if_it_votes_already(bool votes, bool accepted)
    {
        var membership = votes ? Membership.Of(All) : Membership.Of(StubLog.One) with { Learners = [StubLog.Two, StubLog.Three] };
        var heard = 0u;
        var log = new StubLog(StubLog.StatusOf(membership));
        log.Show(() => StubLog.StatusOf(membership,
            [.. All.Skip(1).Select(member => new MemberProgress(member, 0, default, votes, Repairing: true, Heard: heard++))]));
        var book = new MemberBook(new ClusterFiles("c1", StubLog.One, []), log);
        var refused = await new VoterLiveness(log, book, new ElectionTiming()).CheckAsync(All, CancellationToken.None);
        Assert.Equal(accepted, refused is null);
    }

    [Fact]
    public void Patience_goes_by_ticks_and_is_never_shorter_than_with_the_standard_ones()
    {
        foreach (var ticks in (int[])[10, 50])
        {
            var timing = new ElectionTiming(ticks);
            Assert.Equal((1_750, 1_000, 3_000, 2_000),
                (timing.CallPatience.TotalMilliseconds, timing.Silence.TotalMilliseconds, timing.StreamPatience.TotalMilliseconds,
                    timing.VoterPatience.TotalMilliseconds));
        }
        var slow = new ElectionTiming(5_000);
        Assert.True(slow.CallPatience > TimeSpan.FromMilliseconds(12 * 5_000), "an election takes 6 to 12 ticks");
        Assert.True(slow.VoterPatience > TimeSpan.FromMilliseconds(2 * 3 * 5_000), "a voter is heard 3 times in 6 ticks");
    }
}
