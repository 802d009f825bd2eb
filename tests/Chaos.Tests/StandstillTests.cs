using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Running;
using VideoScale.Chaos.Scenarios;

namespace VideoScale.Chaos.Tests;

/// <summary>What came too late is the machine's only when processes were seen to stand still.</summary>
public sealed class StandstillTests
{
    [Theory]
    [InlineData(0, true, Verdict.Violation)]
    [InlineData(900, true, Verdict.Violation)]
    [InlineData(1_100, true, Verdict.Invalid)]
    [InlineData(1_100, false, Verdict.Violation)] // no machine is slow enough for that
    public void A_late_answer_is_excused_by_a_standstill_alone(double ms, bool isOfTime, Verdict verdict)
    {
        using var standstills = new Standstills();
        standstills.Add("replica-1", ms);
        var result = new ScenarioResult { Scenario = "scripted", Seed = 1, Standstills = standstills };
        result.Tested(new LawFinding("who reaches a majority is served", 1, ["late"], isOfTime));
        result.Conclude();
        Assert.Equal(verdict, result.Verdict);
        if (verdict == Verdict.Invalid)
            Assert.Contains("replica-1 stood still 1100 ms", Assert.Single(result.Doubts), StringComparison.Ordinal);
    }

    [Fact]
    public void Collections_of_a_server_s_own_are_not_the_machine_s() => Assert.Equal(1_500, Standstills.Of("""
        # TYPE videoscale_process_standstill_ms counter
        videoscale_process_standstill_ms{cause="collections"} 4000
        videoscale_process_standstill_ms{cause="machine"} 1500
        """));
}
