using Grpc.Core;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Membership;

/// <summary>
/// A voter comes back under its identity with an empty log: its disk was replaced and the directory of <c>control init</c> copied again, or
/// the log deleted.
/// </summary>
public sealed class LostLogTests : IAsyncLifetime
{
    private const int BasePort = 24_300;
    private TestCluster _cluster = null!;
    private string _made = "";

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(3, 0, BasePort);
        _made = Path.Combine(_cluster.DataRoot, "made");
        foreach (var replica in _cluster.Replicas) Copy(replica.DataDirectory, Path.Combine(_made, replica.Name));
        foreach (var replica in _cluster.Replicas) replica.Start();
        await _cluster.WaitForReadyAsync();
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    /// <summary>The directory as it was when the cluster was made; or all of it but the log.</summary>
    private void Wipe(ReplicaProcess replica, bool whole)
    {
        if (!whole)
        {
            Directory.Delete(Path.Combine(replica.DataDirectory, "log"), recursive: true);
            return;
        }
        Directory.Delete(replica.DataDirectory, recursive: true);
        Copy(Path.Combine(_made, replica.Name), replica.DataDirectory);
    }

    private async Task MakeAsync(string room)
    {
        using var anywhere = new MultiEndpointInvoker(_cluster.Replicas.Where(r => r.IsRunning).Select(r => r.GrpcAddress),
            patience: TimeSpan.FromSeconds(60));
        await new RoomService.RoomServiceClient(anywhere)
            .CreateRoomAsync(new CreateRoomRequest { RequestId = room, RoomId = room }, deadline: DateTime.UtcNow.AddSeconds(60));
    }

    /// <summary>Long: a machine that is busy is no replica that is silent.</summary>
    private async Task<GetStatusReply> StatusAsync(ReplicaProcess replica) =>
        await _cluster.Cluster(replica).GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow.AddSeconds(30));

    /// <summary>All three run, agree, and hold every room.</summary>
    private async Task AllAgreeAsync(IEnumerable<string> rooms)
    {
        await _cluster.WaitForReadyAsync();
        await Eventually.HoldsAsync(async () =>
        {
            var all = await Task.WhenAll(_cluster.Replicas.Select(StatusAsync));
            return all.All(one => one.StateHash == all[0].StateHash && one.ChainHead == all[0].ChainHead && !one.Repairing);
        }, "all three hold the same state", details: () =>
            string.Join(Environment.NewLine, _cluster.Replicas.Select(r => $"{r.Name}: {r.Log}")));
        foreach (var room in rooms)
            await _cluster.Rooms(_cluster.Replicas[0])
                .GetRoomAsync(new GetRoomRequest { RoomId = room }, deadline: DateTime.UtcNow.AddSeconds(10));
    }

    [Fact]
    public async Task It_elects_nobody_with_one_that_was_behind_and_nothing_acknowledged_is_lost()
    {
        var rooms = new List<string>();
        foreach (var (i, whole) in ((int, bool)[])[(0, true), (1, false), (2, true)])
        {
            var (wiped, behind, right) = (_cluster.Replicas[i], _cluster.Replicas[(i + 1) % 3], _cluster.Replicas[(i + 2) % 3]);
            await behind.KillAsync();
            rooms.Add($"kept-{i}");
            await MakeAsync(rooms[^1]);
            await wiped.KillAsync();
            await right.KillAsync();
            Wipe(wiped, whole);
            wiped.Start();
            behind.Start();
            await Eventually.HoldsAsync(async () => !(await StatusAsync(behind)).Repairing && (await StatusAsync(wiped)).Repairing,
                "it knows that its log was lost", details: () => wiped.Log);
            for (var look = 0; look < 20; look++)
            {
                foreach (var replica in (ReplicaProcess[])[wiped, behind])
                    Assert.NotEqual(ReplicaRole.Leader, (await StatusAsync(replica)).Role);
                await Task.Delay(50);
            }
            right.Start();
            await AllAgreeAsync(rooms);
        }
    }

    [Fact]
    public async Task Under_a_leader_that_counts_on_it_it_is_made_whole_and_is_needed_again()
    {
        var rooms = new List<string>();
        foreach (var (wipeLeader, whole) in ((bool, bool)[])[(false, true), (true, false), (false, false)])
        {
            var leader = await _cluster.WaitForLeaderAsync();
            var wiped = wipeLeader ? leader : _cluster.Replicas.First(replica => replica != leader);
            rooms.Add($"before-{rooms.Count}");
            await MakeAsync(rooms[^1]);
            await wiped.KillAsync();
            Wipe(wiped, whole);
            wiped.Start();
            rooms.Add($"while-{rooms.Count}");
            await MakeAsync(rooms[^1]);
            await AllAgreeAsync(rooms);
            await Eventually.HoldsAsync(() => wiped.Log.Contains("is quarantined", StringComparison.Ordinal)
                || wiped.Log.Contains("began with a new log", StringComparison.Ordinal),
                "it says that its log is a new one, whether another member or the leader is first to know", details: () => wiped.Log);
        }
        var other = _cluster.Replicas.First(replica => replica.Index == 0);
        await other.KillAsync(); // from here on those that were wiped are needed for every majority
        rooms.Add("after");
        await MakeAsync("after");
        other.Start();
        await AllAgreeAsync(rooms);
    }

    [Fact]
    public async Task At_the_very_first_start_all_founding_members_are_waited_for_and_named()
    {
        foreach (var replica in _cluster.Replicas)
        {
            await replica.KillAsync();
            Wipe(replica, whole: true); // all of them: a new cluster
        }
        var (late, others) = (_cluster.Replicas[2], _cluster.Replicas.Take(2).ToArray());
        foreach (var replica in others) replica.Start();
        using var http = new HttpClient();
        var id = System.Text.Json.JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(late.DataDirectory, "identity.json")))
            .RootElement.GetProperty("member_id").GetString()!;
        await Eventually.HoldsAsync(async () =>
            (await (await http.GetAsync(new Uri($"http://{others[0].HttpAddress}/readyz"))).Content.ReadAsStringAsync())
            .Contains($"waits for the founding members {id}:", StringComparison.Ordinal), "it says whom it waits for");
        await Eventually.HoldsAsync(() => others.All(replica => replica.Log.Contains($"waits for {id} ({late.RaftAddress})",
            StringComparison.Ordinal)), "the log says it too");
        foreach (var replica in others) Assert.NotEqual(ReplicaRole.Leader, (await StatusAsync(replica)).Role);
        foreach (var replica in others)
        {
            await replica.KillAsync();
            replica.ExtraArguments.AddRange(["--without", id]);
            replica.Start();
        }
        await MakeAsync("without");
        foreach (var replica in others) replica.ExtraArguments.Clear();
        late.Start(); // it never ran: the leader makes it whole
        await AllAgreeAsync(["without"]);
    }
}
