using VideoScale.Chaos.Faults;
using VideoScale.Harness;

namespace VideoScale.Chaos.Tests;

/// <summary>What is done to a cluster ends with the schedule, however the schedule ends.</summary>
public sealed class FaultRunnerTests
{
    private readonly RecordingCluster _cluster = new(replicas: 3);

    [Fact]
    public Task Any_schedule_leaves_nothing_in_force() => AfterAnySchedule(static (_, _) => Task.CompletedTask);

    [Fact]
    public Task Nor_does_one_that_is_stopped_in_the_middle() => AfterAnySchedule(static (step, _) =>
        step == 5 ? throw new OperationCanceledException() : Task.CompletedTask);

    [Fact]
    public async Task Nor_does_one_of_which_a_fault_fails()
    {
        _cluster.Broken = nameof(IFaultyCluster.FillDisk);
        var failed = await Assert.ThrowsAsync<IOException>(() => RunAsync(new HoldDisk(0, 90, 0), new CutLinks(10, 90, "x", [[0, 1]]),
            new FillDisk(20, 90, 1)));
        Assert.Equal(nameof(IFaultyCluster.FillDisk), failed.Message);
        Assert.Equal("", _cluster.InForce);
    }

    [Fact]
    public async Task An_end_that_fails_keeps_no_other_from_ending()
    {
        _cluster.Broken = nameof(IFaultyCluster.ReturnDisk);
        await Assert.ThrowsAsync<IOException>(() => RunAsync(new LosePower(0, 90, [1]), new Freeze(10, 200, 2)));
        Assert.Equal("power:1", _cluster.InForce);
    }

    [Fact]
    public async Task The_end_of_one_cut_is_not_that_of_another()
    {
        await RunAsync(new CutLinks(0, 100, "x", [[0, 1], [1, 2]]), new CutNode(20, 200, 0, [1], ToNode: true, FromNode: false),
            new CutLinks(50, 100, "y", [[1, 2]]));
        Assert.Equal(["0>1 1>2", "0>1 1>2 1>n0", "0>1 1>2 1>n0", "1>2 1>n0", "1>n0", ""], _cluster.Cuts);
    }

    [Fact]
    public async Task Who_is_frozen_twice_goes_on_after_the_second_and_who_is_killed_twice_comes_back_after_the_second()
    {
        await RunAsync(new Freeze(0, 100, 1), new Freeze(50, 100, 1), new Kill(200, 100, 2), new LosePower(250, 100, [2]));
        Assert.Equal(["freeze:1", "freeze:1", "resume:1", "kill:2", "power:2", "return:2", "start:2"], _cluster.Done);
    }

    [Fact]
    public async Task A_disk_is_as_slow_as_the_slowest_and_held_when_anything_holds_it()
    {
        await RunAsync(new SlowDisk(0, 100, 1, 5), new SlowDisk(10, 50, 1, 9), new HoldDisk(20, 20, 1));
        Assert.Equal(["slow 5", "slow 9", "hold", "slow 9", "slow 5", "-"], _cluster.Disks);
    }

    [Fact]
    public async Task Shifts_of_one_clock_add_up()
    {
        await RunAsync(new ShiftClock(0, 100, 1, 1_000), new ShiftClock(50, 100, 1, -3_000));
        Assert.Equal([1_000, -2_000, -3_000, 0], _cluster.Clocks);
    }

    [Fact]
    public async Task Rank_0_is_who_leads_when_it_strikes()
    {
        _cluster.Leader = 2;
        await RunAsync(new Freeze(0, 10, 0), new Freeze(20, 10, 1), new Freeze(40, 10, 2));
        Assert.Equal(["freeze:2", "resume:2", "freeze:0", "resume:0", "freeze:1", "resume:1"], _cluster.Done);
    }

    private Task<IReadOnlyList<StruckFault>> RunAsync(params ScheduledFault[] faults) =>
        RunAsync(new Schedule(1, 3, 2, faults), static (_, _) => Task.CompletedTask);

    private async Task<IReadOnlyList<StruckFault>> RunAsync(Schedule schedule, Func<int, CancellationToken, Task> wait)
    {
        var step = 0;
        var runner = new FaultRunner(_cluster, (_, stopped) => wait(step++, stopped));
        await runner.RunAsync(schedule, CancellationToken.None);
        return runner.Struck;
    }

    private static async Task AfterAnySchedule(Func<int, CancellationToken, Task> wait)
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            var test = new FaultRunnerTests();
            var schedule = ScheduleDraw.Of(seed, rounds: 2);
            var cluster = new RecordingCluster(schedule.Replicas);
            var step = 0;
            var runner = new FaultRunner(cluster, (_, stopped) => wait(step++, stopped));
            try { await runner.RunAsync(schedule, CancellationToken.None); }
            catch (OperationCanceledException) { }
            Assert.True(cluster.InForce.Length == 0, $"seed {seed}: {cluster.InForce}");
            Assert.All(runner.Struck, static struck => Assert.True(struck.BeganNs <= struck.InForceNs
                && struck.InForceNs <= struck.EndBeganNs
                && struck.EndBeganNs <= struck.EndedNs && struck.EndedNs < long.MaxValue));
        }
    }

    /// <summary>A cluster that only remembers what was done to it.</summary>
    private sealed class RecordingCluster(int replicas) : IFaultyCluster
    {
        private readonly HashSet<string> _inForce = [];
        private string _cuts = "";

        public string? Broken { get; set; }
        public int Leader { get; set; }
        public int Replicas => replicas;
        public List<string> Done { get; } = [];
        public List<string> Cuts { get; } = [];
        public List<string> Disks { get; } = [];
        public List<int> Clocks { get; } = [];

        /// <summary>All that has not ended.</summary>
        public string InForce => string.Join(' ', _inForce.Order(StringComparer.Ordinal).Append(_cuts)).Trim();

        public void Cut(IReadOnlyCollection<LinkEnds> links)
        {
            _cuts = string.Join(' ', links.Select(static link => $"{Of(link.From)}>{Of(link.To)}").Order(StringComparer.Ordinal));
            Cuts.Add(_cuts);
        }

        public void Freeze(End end) => Note("freeze", end, begins: true);
        public void Resume(End end) => Note("resume", end, begins: false, of: "freeze");

        public Task KillAsync(End end)
        {
            Note("kill", end, begins: true, of: "down");
            return Task.CompletedTask;
        }

        public void Start(End end)
        {
            if (_inForce.Contains($"down:{Of(end)}")) Note("start", end, begins: false, of: "down");
        }

        public Task AwaitUpAsync(End end, Func<bool> mayStart, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task LosePowerAsync(IReadOnlyCollection<int> replicas)
        {
            foreach (var replica in replicas)
            {
                Note("power", End.Replica(replica), begins: true);
                _inForce.Add($"down:{replica}");
            }
            return Task.CompletedTask;
        }

        public void ReturnDisk(int replica)
        {
            if (Broken == nameof(ReturnDisk)) { _inForce.Remove($"down:{replica}"); throw new IOException(Broken); }
            Note("return", End.Replica(replica), begins: false, of: "power");
        }

        public void TellDisk(int replica, string? word)
        {
            Disks.Add(word ?? "-");
            if (word is null) _inForce.Remove($"disk:{replica}");
            else _inForce.Add($"disk:{replica}");
        }

        public void FillDisk(int replica)
        {
            if (Broken == nameof(FillDisk)) throw new IOException(Broken);
            Note("fill", End.Replica(replica), begins: true);
        }

        public void FreeDisk(int replica) => Note("free", End.Replica(replica), begins: false, of: "fill");

        public void ShiftClock(End end, TimeSpan by)
        {
            Clocks.Add((int)by.TotalMilliseconds);
            if (by == TimeSpan.Zero) _inForce.Remove($"clock:{Of(end)}");
            else _inForce.Add($"clock:{Of(end)}");
        }

        private void Note(string word, End end, bool begins, string? of = null)
        {
            Done.Add($"{word}:{Of(end)}");
            if (begins) _inForce.Add($"{of ?? word}:{Of(end)}");
            else _inForce.Remove($"{of ?? word}:{Of(end)}");
        }

        private static string Of(End end) => end.IsNode ? $"n{end.Number}" : $"{end.Number}";
    }
}
