using VideoScale.Harness.Processes;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Membership;

/// <summary>A replica's data directory is copied and both run; later it is set back to an old copy.</summary>
public sealed class CopiedDirectoryTests
{
    private const int BasePort = 24_600;

    private static void Copy(string from, string to)
    {
        foreach (var directory in Directory.GetDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, directory)));
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static async Task MakeAsync(TestCluster cluster, string room)
    {
        using var anywhere = new MultiEndpointInvoker(cluster.Replicas.Where(r => r.IsRunning).Select(r => r.GrpcAddress),
            patience: TimeSpan.FromSeconds(60));
        await new RoomService.RoomServiceClient(anywhere)
            .CreateRoomAsync(new CreateRoomRequest { RequestId = room, RoomId = room }, deadline: DateTime.UtcNow.AddSeconds(60));
    }

    [Fact]
    public async Task A_copy_that_runs_beside_its_original_takes_no_part_and_a_directory_that_was_set_back_is_made_whole_before_it_decides()
    {
        await using var cluster = await TestCluster.StartAsync(3, 0, BasePort);
        await MakeAsync(cluster, "before");
        var leader = await cluster.WaitForLeaderAsync();
        var original = cluster.Replicas.First(replica => replica != leader);
        var third = cluster.Replicas.First(replica => replica != leader && replica != original);
        await original.StopAsync();
        var (copied, backup) = (Path.Combine(cluster.DataRoot, "copied"), Path.Combine(cluster.DataRoot, "backup"));
        Copy(original.DataDirectory, copied);
        Copy(original.DataDirectory, backup);
        original.Start();
        await original.WaitForReadyAsync();
        using (var copy = new ReplicaProcess(9, copied, BasePort + 90, BasePort + 91, BasePort + 92))
        {
            copy.Start();
            using var http = new HttpClient();
            await Eventually.HoldsAsync(async () =>
                (await (await http.GetAsync(new Uri($"http://{copy.HttpAddress}/readyz"))).Content.ReadAsStringAsync())
                .Contains("another process runs under this replica's identity", StringComparison.Ordinal),
                    "the copy says why it is not ready", details: () => copy.Log);
            await Eventually.HoldsAsync(() => copy.Log.Contains("Stop one of the two", StringComparison.Ordinal),
                "its log says what to do");
            await MakeAsync(cluster, "beside");
            await original.WaitForReadyAsync();
            await Eventually.HoldsAsync(async () =>
                (await cluster.Cluster(leader).GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow.AddSeconds(10)))
                .Notices.Any(notice => notice.Contains("runs twice", StringComparison.Ordinal)), "the leader's status says so",
                    details: () => leader.Log);
            Assert.DoesNotContain("another process runs under", original.Log, StringComparison.Ordinal);
        }

        // Acknowledged by the original and the leader alone; then the original's directory is set back, and the leader is gone.
        await third.KillAsync();
        await MakeAsync(cluster, "acknowledged");
        await leader.KillAsync();
        await original.KillAsync();
        Directory.Delete(original.DataDirectory, recursive: true);
        Copy(backup, original.DataDirectory);
        original.Start();
        third.Start();
        await Eventually.HoldsAsync(() => original.Log.Contains("was set back to an older copy of itself", StringComparison.Ordinal),
            "it is told that it was set back", details: () => original.Log);
        leader.Start();
        await cluster.WaitForReadyAsync();
        await cluster.Rooms(original)
            .GetRoomAsync(new GetRoomRequest { RoomId = "acknowledged" }, deadline: DateTime.UtcNow.AddSeconds(30));
    }
}
