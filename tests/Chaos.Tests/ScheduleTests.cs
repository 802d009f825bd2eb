using VideoScale.Chaos.Faults;
using VideoScale.Harness;

namespace VideoScale.Chaos.Tests;

/// <summary>Faults as data: drawn, kept, read again.</summary>
public sealed class ScheduleTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("videoscale-schedule-");

    private string File => Path.Combine(_folder.FullName, Schedule.FileName);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_seed_draws_the_same_each_time_and_comes_back_from_its_file()
    {
        for (var seed = 1; seed <= 100; seed++)
        {
            var drawn = ScheduleDraw.Of(seed, rounds: 2);
            drawn.WriteTo(File);
            var read = Schedule.ReadFrom(File);
            Assert.Equal(drawn.Words, ScheduleDraw.Of(seed, rounds: 2).Words);
            Assert.Equal((drawn.Words, drawn.Replicas, drawn.Media, drawn.Seed), (read.Words, read.Replicas, read.Media, read.Seed));
        }
    }

    [Fact]
    public void A_storm_has_two_or_three_families_and_ends_before_what_lasts()
    {
        for (var seed = 1; seed <= 300; seed++)
        {
            var faults = ScheduleDraw.Of(seed, rounds: 1).Faults;
            var lasting = faults.MaxBy(static fault => fault.AtMs)!;
            var storm = faults.Where(fault => fault != lasting).ToArray();
            Assert.InRange(storm.Select(static fault => fault.Family).Distinct().Count(), 2, 3);
            Assert.All(storm, fault => Assert.True(fault.UntilMs <= lasting.AtMs, fault.Words));
            Assert.True(lasting.ForMs > 10_000, "what lasts lasts longer than service may take to come back");
        }
    }

    [Fact]
    public void Every_kind_of_fault_and_every_size_of_cluster_is_drawn()
    {
        var drawn = Enumerable.Range(1, 300).Select(static seed => ScheduleDraw.Of(seed, rounds: 1)).ToArray();
        var kinds = typeof(ScheduledFault).Assembly.GetTypes().Where(static type => type.IsSubclassOf(typeof(ScheduledFault))).ToHashSet();
        Assert.Equal(kinds, drawn.SelectMany(static one => one.Faults).Select(static fault => fault.GetType()).ToHashSet());
        Assert.Equal([3, 4, 5], drawn.Select(static one => one.Replicas).Distinct().Order());
    }

    [Theory]
    [InlineData("""{"seed":1,"replicas":3,"media":2,"faults":[{"kind":"freeze","at_ms":0,"for_ms":9,"replica":3}]}""", "not there")]
    [InlineData("""{"seed":1,"replicas":3,"media":2,"faults":[{"kind":"freeze-node","at_ms":0,"for_ms":9,"node":2}]}""", "not there")]
    [InlineData("""{"seed":1,"replicas":3,"media":2,"faults":[{"kind":"freeze","at_ms":0,"for_ms":0,"replica":1}]}""", "for 0 ms")]
    [InlineData("""{"seed":1,"replicas":0,"media":2,"faults":[]}""", "0 replicas")]
    [InlineData("""{"seed":1,"replicas":3,"media":2,"faults":[{"kind":"flood"}]}""", "is no schedule")]
    [InlineData("""{"seed":1,"replicas":3,"media":2}""", "is no schedule")]
    [InlineData("no", "is no schedule")]
    public void What_is_no_schedule_is_refused(string text, string why)
    {
        System.IO.File.WriteAllText(File, text);
        Assert.Contains(why, Assert.Throws<FormatException>(() => Schedule.ReadFrom(File)).Message, StringComparison.Ordinal);
    }
}
