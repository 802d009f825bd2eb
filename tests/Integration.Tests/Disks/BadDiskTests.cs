using VideoScale.Harness.Disks;
using VideoScale.Harness.Processes;

namespace VideoScale.Integration.Tests.Disks;

/// <summary>A replica whose disk is full or dies: it ends with one line that says what to do, and keeps what it acknowledged.</summary>
[Collection("processes")]
public sealed class BadDiskTests : IDisposable
{
    private const int BasePort = 25_700;
    private const int Stopped = 70, DataDirectory = 74;
    private const int Errno_EIO = 5;
    private const int RoomyMegabytes = 512;
    private readonly string _root = Directory.CreateTempSubdirectory("videoscale-disk-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_full_disk_under_the_replicated_log_loses_nothing_acknowledged()
    {
        using var disk = SmallDisk.Mount(Path.Combine(_root, "disk"), megabytes: 48);
        await using var cluster = await TestCluster.CreateAsync(replicas: 1, media: 0, BasePort, disk.Path);
        await FillsUpAndComesBack(cluster, disk, "log");
    }

    [Fact]
    public async Task A_full_disk_under_the_event_log_loses_nothing_acknowledged()
    {
        await using var cluster = await TestCluster.CreateAsync(replicas: 1, media: 0, BasePort + 10, _root);
        using var disk = SmallDisk.Mount(Path.Combine(cluster.Replicas[0].DataDirectory, "events"), megabytes: 2);
        await FillsUpAndComesBack(cluster, disk, "events");
    }

    [Fact]
    public async Task A_disk_that_is_full_at_the_first_start_is_one_line()
    {
        using var disk = SmallDisk.Mount(Path.Combine(_root, "disk"), megabytes: 8);
        await using var cluster = await TestCluster.CreateAsync(replicas: 1, media: 0, BasePort + 20, disk.Path);
        var replica = cluster.Replicas[0];
        disk.Fill();
        replica.Start();
        await replica.WaitForExitAsync();
        Assert.Equal(DataDirectory, replica.ExitCode);
        RequireOneLine(replica, disk.Path);
        disk.Resize(RoomyMegabytes);
        replica.Start();
        await replica.WaitForReadyAsync();
        await replica.KillAsync();
    }

    [Fact]
    public async Task A_disk_that_filled_up_while_the_replica_was_stopped_is_one_line()
    {
        using var disk = SmallDisk.Mount(Path.Combine(_root, "disk"), megabytes: 48);
        await using var cluster = await TestCluster.CreateAsync(replicas: 1, media: 0, BasePort + 30, disk.Path);
        var replica = cluster.Replicas[0];
        var flood = new RoomFlood(cluster, replica, metadataBytes: 256);
        replica.Start();
        await replica.WaitForReadyAsync();
        await flood.RunAsync(mostRooms: 100);
        Assert.True(await replica.StopAsync() == 0, replica.Log);
        var ballast = disk.Fill();
        replica.Start();
        await flood.RunAsync(); // it may serve for as long as the space that its files hold lasts
        await replica.WaitForExitAsync();
        Assert.Contains(replica.ExitCode, new[] { Stopped, DataDirectory });
        RequireOneLine(replica, disk.Path);
        File.Delete(ballast);
        await ComesBack(replica, flood);
    }

    [Fact]
    public async Task A_failed_sync_of_the_event_log_ends_the_process_and_loses_nothing_acknowledged()
    {
        const int GoodSyncs = 3; // of the file's header, and of what a second or two brought
        await using var cluster = await TestCluster.CreateAsync(replicas: 1, media: 0, BasePort + 40, _root);
        var replica = cluster.Replicas[0];
        var flood = new RoomFlood(cluster, replica, metadataBytes: 256);
        foreach (var (name, value) in FailingSync.Environment(await FailingSync.CompileAsync(_root), GoodSyncs, Errno_EIO,
            only: "/events/")) replica.Environment[name] = value;
        replica.Start();
        await flood.RunAsync();
        await replica.WaitForExitAsync();
        Assert.Equal(Stopped, replica.ExitCode);
        var line = Assert.Single(Lines(replica), l => l.Contains("stops for ever", StringComparison.Ordinal));
        Assert.Contains("fdatasync of ", line, StringComparison.Ordinal);
        Assert.Contains("/events/", line, StringComparison.Ordinal);
        Assert.Contains("Input/output error", line, StringComparison.Ordinal);
        Assert.True(flood.Acknowledged > 0, replica.Log);
        replica.Environment.Clear();
        await ComesBack(replica, flood);
    }

    private static async Task FillsUpAndComesBack(TestCluster cluster, SmallDisk disk, string what)
    {
        var replica = cluster.Replicas[0];
        var flood = new RoomFlood(cluster, replica, metadataBytes: 16 * 1024);
        replica.Start();
        await replica.WaitForReadyAsync();
        await flood.RunAsync();
        await replica.WaitForExitAsync();
        Assert.Equal(Stopped, replica.ExitCode);
        RequireOneLine(replica, Path.Combine(replica.DataDirectory, what));
        Assert.True(flood.Acknowledged > 0, replica.Log);
        disk.Resize(RoomyMegabytes);
        await ComesBack(replica, flood);
    }

    private static async Task ComesBack(ReplicaProcess replica, RoomFlood flood)
    {
        replica.Start();
        await replica.WaitForReadyAsync();
        await flood.RequireAllAsync();
        Assert.True(await replica.StopAsync() == 0, replica.Log);
        var verified = await CliProcess.RunAsync(["audit", "verify", "--data", replica.DataDirectory]);
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Errors);
    }

    /// <summary>What to do stands in one line and names the place; nothing else looks like an accident.</summary>
    private static void RequireOneLine(ReplicaProcess replica, string place)
    {
        var line = Assert.Single(Lines(replica), l => l.Contains("free at least", StringComparison.Ordinal));
        Assert.Contains("the disk is full: free at least 256 MiB for " + place, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", replica.Log, StringComparison.Ordinal);
    }

    private static string[] Lines(ReplicaProcess replica) => replica.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
