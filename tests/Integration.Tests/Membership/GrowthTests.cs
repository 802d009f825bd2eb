using System.Globalization;
using Grpc.Core;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Membership;

/// <summary>Members come and go on real processes, disks and sockets, while rooms are made.</summary>
public sealed class GrowthTests : IAsyncDisposable
{
    private const int BasePort = 23_000;
    private readonly List<ReplicaProcess> _replicas = [];
    private readonly ChannelPool _channels = new();
    private string _root = "";
    private TestCluster? _founder;

    public async ValueTask DisposeAsync()
    {
        _channels.Dispose();
        foreach (var replica in _replicas.Skip(1)) replica.Dispose();
        if (_founder is not null) await _founder.DisposeAsync();
    }

    private async Task StartFounderAsync(int basePort)
    {
        _founder = await TestCluster.StartAsync(1, 0, basePort);
        _root = _founder.DataRoot;
        _replicas.Add(_founder.Replicas[0]);
    }

    private async Task<ReplicaProcess> JoinAsync(int basePort, string directory)
    {
        var i = _replicas.Count;
        var joiner = new ReplicaProcess(i, Path.Combine(_root, directory), basePort + i, basePort + 100 + i, basePort + 200 + i);
        joiner.ExtraArguments.AddRange(["--join", string.Join(',', _replicas.Where(r => r.IsRunning).Select(r => r.GrpcAddress))]);
        joiner.Start();
        _replicas.Add(joiner);
        await joiner.WaitForReadyAsync();
        return joiner;
    }

    private async Task<GetStatusReply> StatusAsync(ServerProcess replica) =>
        await new ClusterService.ClusterServiceClient(_channels.Get(replica.GrpcAddress))
            .GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow.AddSeconds(5));

    private async Task<string> MemberOf(ReplicaProcess replica) =>
        (await StatusAsync(replica)).MemberId.ToString("x", CultureInfo.InvariantCulture);

    private async Task<CliResult> CtlAsync(params string[] arguments)
    {
        var result = await CliProcess.RunAsync(["ctl", "cluster", .. arguments, "--timeout", "30", "--server",
            string.Join(',', _replicas.Where(r => r.IsRunning).Select(r => r.GrpcAddress))],
            limit: TimeSpan.FromSeconds(120));
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result.Errors}{result.Output}");
        return result;
    }

    [Fact]
    public async Task A_cluster_grows_from_one_to_three_to_five_and_shrinks_to_three_under_load_and_loses_nothing()
    {
        await StartFounderAsync(BasePort);
        using var stop = new CancellationTokenSource();
        var made = new List<string>();
        var load = Task.Run(() => MakeRoomsAsync(made, stop.Token));

        var first = new List<string> { await MemberOf(await JoinAsync(BasePort, "second")),
            await MemberOf(await JoinAsync(BasePort, "third")) };
        Assert.Matches("learner", (await CtlAsync("status")).Output);
        // three voters are no reason to warn
        Assert.DoesNotContain("survive", (await CtlAsync(["promote", .. first])).Errors, StringComparison.Ordinal);
        await Eventually.HoldsAsync(async () => Voters(await StatusAsync(_replicas[0])) == 3, "three vote");

        var second = new List<string> { await MemberOf(await JoinAsync(BasePort, "fourth")),
            await MemberOf(await JoinAsync(BasePort, "fifth")) };
        Assert.Contains("4 voters survive one failure", (await CtlAsync("promote", second[0])).Errors, StringComparison.Ordinal);
        await CtlAsync("promote", second[1], "--request-id", "fifth");
        await CtlAsync("promote", second[1], "--request-id", "fifth"); // a repeat changes nothing
        await Eventually.HoldsAsync(async () => Voters(await StatusAsync(_replicas[0])) == 5, "five vote");

        // The founder leads perhaps, and leaves with one more: both processes end by themselves, and say why.
        await CtlAsync(["set", first[1], .. second]);
        await Eventually.HoldsAsync(() => !_replicas[0].IsRunning && !_replicas[1].IsRunning, "the removed replicas end",
            TimeSpan.FromSeconds(60), () => _replicas[0].Log);
        Assert.Contains("was removed from the cluster", _replicas[0].Log, StringComparison.Ordinal);
        await Task.Delay(TimeSpan.FromSeconds(1));
        await stop.CancelAsync();
        await load;

        Assert.True(made.Count > 20, $"only {made.Count} rooms were made: too few to mean anything");
        var left = _replicas.Skip(2).ToArray();
        await Eventually.HoldsAsync(async () =>
        {
            var all = await Task.WhenAll(left.Select(StatusAsync));
            return all.Select(s => (s.StateHash, s.ChainHead, s.EventSeq, s.AppliedIndex)).Distinct().Count() == 1
                && all.All(s => Voters(s) == 3);
        }, "the three that are left hold the same state", TimeSpan.FromSeconds(60));
        var listed = await ListRoomsAsync(left[1]);
        Assert.Empty(made.Except(listed));
        // What came before a replica joined is fetched from the others: each answers for the whole history.
        await Eventually.HoldsAsync(async () => (await Task.WhenAll(left.Select(StatusAsync))).All(s => s.EventFloor == 1),
            "every replica holds all events", TimeSpan.FromSeconds(60));

        // A single voter is asked about, or said to be meant.
        var asked = await CliProcess.RunAsync(["ctl", "cluster", "set", second[0], "--server", left[1].GrpcAddress, "--timeout", "30"]);
        Assert.True(asked.ExitCode == 2 && asked.Errors.Contains("one voter would stay of 3", StringComparison.Ordinal),
            asked.Output + asked.Errors);
        Assert.Equal(3, Voters(await StatusAsync(left[1])));
        await CtlAsync("set", second[0], "--yes");
        await Eventually.HoldsAsync(async () => Voters(await StatusAsync(left[1])) == 1, "one votes");
    }

    [Fact]
    public async Task A_wiped_member_comes_back_only_as_somebody_else()
    {
        const int Ports = BasePort + 20;
        await StartFounderAsync(Ports);
        var joiner = await JoinAsync(Ports, "second");
        var before = await MemberOf(joiner);
        await joiner.KillAsync();
        Directory.Delete(joiner.DataDirectory, recursive: true);
        joiner.Start();
        await joiner.WaitForReadyAsync();
        var after = await MemberOf(joiner);
        Assert.NotEqual(before, after);
        var status = await StatusAsync(_replicas[0]);
        Assert.Equal(2, status.Replicas.Count(r => r.Role == MemberRole.Learner)); // the old one stays on the books until it is removed
        await CtlAsync("remove", before);
        await Eventually.HoldsAsync(async () => (await StatusAsync(joiner)).Replicas.Count(r => r.Role == MemberRole.Learner) == 1,
            "the old identity is gone");
    }

    [Fact]
    public async Task After_the_loss_of_a_majority_a_survivor_goes_on_under_a_new_generation()
    {
        const int Ports = BasePort + 40;
        await StartFounderAsync(Ports);
        var others = new[] { await JoinAsync(Ports, "second"), await JoinAsync(Ports, "third") };
        await CtlAsync("promote", await MemberOf(others[0]), await MemberOf(others[1]));
        using (var anywhere = new MultiEndpointInvoker(_replicas.Select(r => r.GrpcAddress)))
            await new RoomService.RoomServiceClient(anywhere)
                .CreateRoomAsync(new CreateRoomRequest { RequestId = "kept", RoomId = "kept" }, deadline: DateTime.UtcNow.AddSeconds(30));
        foreach (var replica in _replicas) await replica.KillAsync();
        Directory.Delete(_replicas[0].DataDirectory, recursive: true);
        Directory.Delete(others[0].DataDirectory, recursive: true);

        var survivor = others[1];
        var looked = await CliProcess.RunAsync(["control", "recover", "--data", survivor.DataDirectory]);
        Assert.Equal(1, looked.ExitCode);
        Assert.Contains("nothing was changed", looked.Errors, StringComparison.Ordinal);
        var recovered = await CliProcess.RunAsync(["control", "recover", "--data", survivor.DataDirectory, "--yes"]);
        Assert.True(recovered.ExitCode == 0, recovered.Errors);
        survivor.ExtraArguments.Clear();
        survivor.Start();
        await survivor.WaitForReadyAsync();
        await Eventually.HoldsAsync(async () => await StatusAsync(survivor) is { Role: ReplicaRole.Leader, Generation: 1 },
            "it leads under the next generation", null, () => survivor.Log);
        Assert.Contains("kept", await ListRoomsAsync(survivor));
        Assert.Equal(1, Voters(await StatusAsync(survivor)));
    }

    private static int Voters(GetStatusReply status) => status.Joint ? 0 : status.Replicas.Count(r => r.Role == MemberRole.Voter);

    private async Task MakeRoomsAsync(List<string> made, CancellationToken cancellationToken)
    {
        for (var i = 0; !cancellationToken.IsCancellationRequested; i++)
        {
            var name = $"room-{i}";
            var running = _replicas.ToArray().Where(r => r.IsRunning).Select(r => r.GrpcAddress).ToArray();
            using var anywhere = new MultiEndpointInvoker(running, patience: TimeSpan.FromSeconds(60));
            await new RoomService.RoomServiceClient(anywhere).CreateRoomAsync(new CreateRoomRequest { RequestId = name, RoomId = name },
                deadline: DateTime.UtcNow.AddSeconds(60), cancellationToken: CancellationToken.None);
            made.Add(name);
            await Task.Delay(20, CancellationToken.None);
        }
    }

    private async Task<List<string>> ListRoomsAsync(ServerProcess replica)
    {
        var rooms = new RoomService.RoomServiceClient(_channels.Get(replica.GrpcAddress));
        var listed = new List<string>();
        for (var token = ""; ;)
        {
            var page = await rooms.ListRoomsAsync(new ListRoomsRequest { PageToken = token, PageSize = 500, IncludeClosed = true },
                deadline: DateTime.UtcNow.AddSeconds(30));
            listed.AddRange(page.Rooms.Select(room => room.RoomId));
            if (page.NextPageToken.Length == 0) return listed;
            token = page.NextPageToken;
        }
    }
}
