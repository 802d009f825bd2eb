using VideoScale.Export.Tests.Databases;
using VideoScale.Harness;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Export.Tests;

/// <summary>Three replicas as processes, whose leader exports.</summary>
public sealed class LeaderExportTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int BasePort = 18_700;

    [Fact]
    public async Task The_leader_exports_and_the_next_one_goes_on_and_what_a_database_that_was_down_missed_comes_later()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var cluster = await TestCluster.CreateAsync(replicas: 3, media: 0, BasePort);
        foreach (var replica in cluster.Replicas) replica.ExtraArguments.AddRange(["--postgres", database.Url]);
        cluster.Start();
        await cluster.WaitForReadyAsync();
        await CreateRoomsAsync(cluster, "a");
        await CaughtUpAsync(cluster, database);

        var (first, refused) = (await cluster.WaitForLeaderAsync(), await CliProcess.RunAsync(
            ["export", "run", "--postgres", database.Url, "--server", cluster.Replicas[0].GrpcAddress]));
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("the leader exports already", refused.Errors, StringComparison.Ordinal);

        await first.KillAsync();
        await cluster.WaitForLeaderAsync(except: first);
        await CreateRoomsAsync(cluster, "b");
        await CaughtUpAsync(cluster, database);
        first.Start();

        await postgres.Server.DisposeAsync();
        await CreateRoomsAsync(cluster, "c"); // nothing waits for the export
        await Eventually.HoldsAsync(async () => (await StatusAsync(cluster)).State == ExportState.Retrying,
            "the export says that it fails");
        Assert.NotEmpty((await StatusAsync(cluster)).Problem);
        await postgres.StartAsync();
        await CaughtUpAsync(cluster, database);

        var servers = string.Join(',', cluster.Replicas.Select(replica => replica.GrpcAddress));
        var rebuilt = await CliProcess.RunAsync(["export", "rebuild", "--yes", "--postgres", database.Url]);
        Assert.Equal(0, rebuilt.ExitCode);
        await Eventually.HoldsAsync(async () => await database.ScalarAsync<long>("select last_seq from videoscale.vs_export_checkpoint")
            == (long)(await StatusAsync(cluster)).LogSeq, "all is written anew, though nothing happens that would be exported");
        await CaughtUpAsync(cluster, database);

        var sound = await CliProcess.RunAsync(["audit", "verify", "--postgres", database.Url, "--server", servers]);
        Assert.True(sound.ExitCode == 0, sound.Output + sound.Errors);
        await database.ExecuteAsync("update videoscale.mt_events set user_name = 'mallory' where seq_id = 5");
        var changed = await CliProcess.RunAsync(["audit", "verify", "--json", "--postgres", database.Url, "--server", servers]);
        Assert.Equal(1, changed.ExitCode);
        Assert.Contains("\"first_bad_seq\":5", changed.Output, StringComparison.Ordinal);

        var told = await CliProcess.RunAsync(["export", "status", "--json", "--server", servers]);
        Assert.Equal(0, told.ExitCode);
        Assert.Contains("\"state\":\"Exporting\"", told.Output, StringComparison.Ordinal);
        await HasTheFiguresOfItsPageAsync(cluster);

        foreach (var replica in cluster.Replicas)
        {
            await replica.StopAsync();
            replica.ExtraArguments.RemoveAll(argument => argument == "--postgres" || argument == database.Url);
        }
        cluster.Start();
        await cluster.WaitForReadyAsync();
        await IsExportedByAProcessAsync(cluster, servers);
    }

    /// <summary>Where no leader exports: what there is, what comes, and from a stopped replica's directory what came meanwhile.</summary>
    private async Task IsExportedByAProcessAsync(TestCluster cluster, string servers)
    {
        await using var database = await postgres.NewDatabaseAsync();
        using (var run = CliProcess.Start(["export", "run", "--postgres", database.Url, "--server", servers]))
        {
            foreach (var names in (string[])["d", "e"])
            {
                await CreateRoomsAsync(cluster, names);
                await Eventually.HoldsAsync(async () => await LastAsync() == (long)(await StatusAsync(cluster)).LogSeq,
                    "the process has caught up", details: () => run.Output + run.Errors);
            }
            run.Terminate();
            await run.WaitForExitAsync(TimeSpan.FromMinutes(1));
        }
        await CreateRoomsAsync(cluster, "f");
        var (replica, last) = (cluster.Replicas[0], (long)(await StatusAsync(cluster)).LogSeq);
        await Eventually.HoldsAsync(async () =>
            (await cluster.Cluster(replica).GetStatusAsync(new GetStatusRequest())).EventSeq >= (ulong)last, "the first replica has all");
        await replica.StopAsync();
        var rest = await CliProcess.RunAsync(["export", "run", "--postgres", database.Url, "--data", replica.DataDirectory]);
        Assert.True(rest.ExitCode == 0, rest.Output + rest.Errors);
        Assert.InRange(await LastAsync(), last, long.MaxValue);
        var sound = await CliProcess.RunAsync(["audit", "verify", "--postgres", database.Url, "--data", replica.DataDirectory]);
        Assert.True(sound.ExitCode == 0, sound.Output + sound.Errors);

        async Task<long> LastAsync() =>
            await database.ScalarAsync<long>("select coalesce(max(last_seq), 0) from videoscale.vs_export_checkpoint");
    }

    private static async Task HasTheFiguresOfItsPageAsync(TestCluster cluster)
    {
        var leader = await cluster.WaitForLeaderAsync();
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri($"http://{leader.HttpAddress}/metrics"));
        var documented = Figures.DocumentedBy("docs/export.md");
        Assert.True(documented.Count > 5, "the page names figures");
        Assert.Empty(documented.Except(Figures.ExportedBy(metrics)));
        Assert.Empty(Figures.ExportedBy(metrics).Where(name => name.StartsWith("videoscale_export_", StringComparison.Ordinal))
            .Except(documented));
    }

    private static async Task CreateRoomsAsync(TestCluster cluster, string names)
    {
        using var anywhere = cluster.Anywhere();
        var rooms = new RoomService.RoomServiceClient(anywhere);
        for (var i = 0; i < 20; i++)
            await rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = $"{names}{i}", RoomId = $"{names}{i}" });
    }

    /// <summary>Everything is there, once and in order.</summary>
    private static async Task CaughtUpAsync(TestCluster cluster, TestDatabase database)
    {
        await Eventually.HoldsAsync(async () => await StatusAsync(cluster) is { State: ExportState.Exporting } status
            && status.ExportedSeq == status.LogSeq, "the export has caught up", details: () => StatusAsync(cluster).Result.ToString());
        var (last, rows) = (await database.ScalarAsync<long>("select max(seq_id) from videoscale.mt_events"),
            await database.ScalarAsync<long>("select count(*) from videoscale.mt_events"));
        Assert.Equal(last, rows);
    }

    private static async Task<ExportStatusReply> StatusAsync(TestCluster cluster)
    {
        using var anywhere = cluster.Anywhere();
        return await new AuditService.AuditServiceClient(anywhere).ExportStatusAsync(new ExportStatusRequest());
    }
}
