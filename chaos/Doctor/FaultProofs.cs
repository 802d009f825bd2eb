using System.Diagnostics;
using System.Globalization;
using VideoScale.Harness.Clocks;
using VideoScale.Harness.Disks;
using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Doctor;

/// <summary>All of them. They run in namespaces of their own: see <see cref="Namespaced"/>.</summary>
public static class FaultProofs
{
    private const string Near = "near", Far = "far";
    private const int DiscardPort = 9;

    public static IReadOnlyList<FaultProof> All { get; } =
    [
        new("a cut link loses what is sent, in that direction alone", "leader-cut, split-*, authority",
            "run as root; apt-get install iproute2 nftables", _ => Task.FromResult(CutBites())),
        new("a frozen process does nothing until it goes on", "paused-leader, stall, authority", "run as root",
            _ => Task.FromResult(FreezeBites())),
        new("a disk that loses power forgets what was not synced, and keeps what was", "power-loss",
            "run as root; apt-get install xfsprogs; a kernel with XFS and loop devices", folder => Task.FromResult(PowerLossBites(folder))),
        new("a held disk makes nothing durable, a failing one says so", "lose", "apt-get install gcc libc6-dev", StubbornDiskBitesAsync),
        new("a small disk is full", "tests of full disks", "run as root", folder => Task.FromResult(FullDiskBites(folder))),
        new("a shifted clock is another one for its process alone", "tests of clocks", "apt-get install gcc libc6-dev", ClockBitesAsync),
    ];

    private static string? CutBites()
    {
        var network = Namespaces.Create([Near, Far]);
        bool Arrives(string from, string to)
        {
            var before = Unasked(to);
            Shell.Run("ip", "netns", "exec", from, "bash", "-c", $"echo > /dev/udp/{network.AddressOf(to)}/{DiscardPort}");
            return SpinWait.SpinUntil(() => Unasked(to) > before, TimeSpan.FromMilliseconds(500));
        }
        if (!Arrives(Near, Far) || !Arrives(Far, Near)) return "a packet was lost before any link was cut";
        network.Cut(Near, Far);
        if (Arrives(Near, Far)) return "a packet passed a cut link";
        if (!Arrives(Far, Near)) return "the other direction was cut as well";
        network.Heal();
        return Arrives(Near, Far) ? null : "a healed link still loses packets";
    }

    /// <summary>Datagrams that came to a port where nobody listens, as the kernel of a namespace counts them.</summary>
    private static long Unasked(string name)
    {
        string[][] udp = [.. Shell.Run("ip", "netns", "exec", name, "cat", "/proc/net/snmp").Split('\n')
            .Where(line => line.StartsWith("Udp:", StringComparison.Ordinal)).Select(line => line.Split(' '))];
        return long.Parse(udp[1][Array.IndexOf(udp[0], "NoPorts")], CultureInfo.InvariantCulture);
    }

    private static string? FreezeBites()
    {
        using var process = Process.Start(new ProcessStartInfo("sleep", "60"))!;
        try
        {
            Signals.Freeze(process.Id);
            Signals.SendTo(process.Id, Signals.Continue);
            return SpinWait.SpinUntil(() => !Signals.IsFrozen(process.Id), TimeSpan.FromSeconds(5)) ? null
                : "it does not go on after SIGCONT";
        }
        finally { process.Kill(); }
    }

    private static string? PowerLossBites(string folder)
    {
        using var disk = XfsVolume.Create(folder, "disk");
        string Named(string file) => Path.Combine(disk.Path, file);
        using (var synced = File.Create(Named("synced")))
        {
            synced.WriteByte(1);
            synced.Flush(flushToDisk: true);
        }
        File.WriteAllBytes(Named("unsynced"), [1]);
        disk.LosePower();
        disk.Return();
        if (!File.Exists(Named("synced"))) return "what was synced is gone";
        return File.Exists(Named("unsynced")) && new FileInfo(Named("unsynced")).Length > 0 ? "what was not synced is still there" : null;
    }

    private static async Task<string?> StubbornDiskBitesAsync(string folder)
    {
        var disk = await StubbornDisk.CompileAsync(folder);
        const string name = "doctor";
        var file = Path.Combine(folder, "written");
        Process Write() =>
            Process.Start(Preloaded("dd", disk.Environment(name, "written"), "if=/dev/zero", $"of={file}", "bs=16", "count=1",
            "conv=fdatasync"))!;
        disk.Hold(name);
        using var held = Write();
        if (held.WaitForExit(TimeSpan.FromMilliseconds(500))) return "a write to a held disk ended";
        disk.GoOn(name);
        if (!held.WaitForExit(TimeSpan.FromSeconds(10)) || held.ExitCode != 0) return "it did not go on";
        disk.Fail(name);
        using var failed = Write();
        failed.WaitForExit();
        return failed.ExitCode == 0 ? "a write to a failing disk succeeded" : null;
    }

    private static string? FullDiskBites(string folder)
    {
        using var disk = SmallDisk.Mount(Path.Combine(folder, "small"), megabytes: 1);
        disk.Fill();
        try { File.WriteAllBytes(Path.Combine(disk.Path, "more"), new byte[64 * 1024]); }
        catch (IOException) { return null; }
        return "there was room for more";
    }

    private static async Task<string?> ClockBitesAsync(string folder)
    {
        using var clock = await ShiftedClock.MakeAsync("doctor", folder);
        clock.Off = TimeSpan.FromHours(1);
        using var date = Process.Start(Preloaded("date", clock.Environment, "+%s"))!;
        var there = long.Parse((await date.StandardOutput.ReadToEndAsync()).Trim(), CultureInfo.InvariantCulture);
        await date.WaitForExitAsync();
        var ahead = there - DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return ahead is > 3_500 and < 3_700 ? null : $"a clock shifted by 3,600 s is {ahead} s ahead";
    }

    private static ProcessStartInfo Preloaded(string program, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return start;
    }
}
