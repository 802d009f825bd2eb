using VideoScale.MediaNode.Host.Load;
using VideoScale.MediaNode.Host.Time;

namespace VideoScale.MediaNode.Tests.Load;

public sealed class ProcessUsageTests
{
    [Fact]
    public void Cpu_time_and_memory_are_found_behind_any_process_name()
    {
        const string Stat =
            "4242 (a ) (b) R 1 4242 4242 0 -1 4194560 1 2 3 4 150 25 7 8 20 0 30 0 99 1000000 2048 18446744073709551615 1 1 0";
        Assert.Equal(new ProcessUsage(CpuMs: 1_750, ResidentBytes: 2048 * 4096), ProcessUsage.Parse(Stat, 4096));
    }

    [Fact]
    public void The_real_process_uses_memory_and_its_cpu_time_only_grows()
    {
        var before = ProcessUsage.Read();
        var after = ProcessUsage.Read();
        Assert.InRange(before.ResidentBytes, 10_000_000, 10_000_000_000);
        Assert.True(after.CpuMs >= before.CpuMs);
    }

    [Fact]
    public void Cpu_is_the_share_of_all_cores_and_its_slope_the_change_per_minute()
    {
        var meter = new CpuMeter(cores: 2);
        long cpuMs = 0;
        for (var second = 0; second <= 30; second++)
        {
            meter.Sample(second * 1_000L, cpuMs);
            cpuMs += 20 * second; // load rises by 10 thousandths of two cores each second
        }
        Assert.InRange(meter.Permille, 260, 300);
        Assert.InRange(meter.SlopePermillePerMinute, 540, 660);
    }

    [Fact]
    public void A_steady_load_has_no_slope_and_more_than_all_cores_is_all_cores()
    {
        var meter = new CpuMeter(cores: 1);
        for (var second = 0; second <= 30; second++) meter.Sample(second * 1_000L, second * 2_000L);
        Assert.Equal(1000, meter.Permille);
        Assert.Equal(0, meter.SlopePermillePerMinute);
    }

    [Fact]
    public void The_boot_clock_is_the_kernels_and_never_goes_back()
    {
        var clock = new BootClock();
        var before = clock.NowNs;
        var upSeconds = double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        var after = clock.NowNs;
        Assert.True(after >= before);
        Assert.InRange(upSeconds, before / 1e9 - 0.02, after / 1e9 + 0.02); // /proc/uptime counts hundredths, on the same clock
    }
}
