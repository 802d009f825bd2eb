using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>New rooms get their nodes in a step of the pipeline, before their entry is encoded.</summary>
public sealed class PlacementStepTests : IAsyncDisposable
{
    private const int Rooms = 40;
    private readonly ManualResetEventSlim _mayPlace = new();
    private readonly LoneLeader _leader;

    public PlacementStepTests()
    {
        var limits = new PipelineLimits(CommandsPerEntry: 16, EntryBytes: 4_096, EntriesInFlight: 2, Waiting: 1_000, WaitingBytes: 1 << 20);
        _leader = new(limits, fleet => new Held(fleet, _mayPlace));
    }

    [Fact]
    public async Task Rooms_that_come_together_go_where_they_would_go_one_after_the_other_whatever_fits_into_an_entry()
    {
        await NodesAsync(200_000, 300_000, 500_000);
        var expected = OneAfterTheOther();
        var creating = CreateTogether(_ => CancellationToken.None);
        var replies = await Task.WhenAll(creating);
        Assert.Equal(expected, replies.Select(result => result.Reply!.Outcome.Node.Value));
        Assert.True(expected.Distinct().Count() > 2, $"several nodes are chosen, and in the end none: {string.Join(' ', expected)}");
        Assert.Equal(0, _leader.Fleet.PendingCount);
    }

    /// <summary>Placed, left over by an entry that was full, and given up by its caller: its room is charged to nobody.</summary>
    [Fact]
    public async Task Whoever_gives_up_after_the_room_was_placed_leaves_nothing_charged()
    {
        await NodesAsync(10_000_000);
        _leader.Log.LoseQuorum();
        using var gone = new CancellationTokenSource();
        var creating = CreateTogether(i => i % 2 == 0 ? CancellationToken.None : gone.Token);
        await Eventually.HoldsAsync(() => _leader.Fleet.PendingCount >= 16, "more are placed than the entries on their way carry");
        await gone.CancelAsync();
        _leader.Log.RegainQuorum();
        var replies = await Task.WhenAll(creating);
        Assert.All(replies.Where((_, i) => i % 2 == 0), result => Assert.Equal(SubmitStatus.Applied, result.Status));
        await _leader.Pipeline.DrainAsync(CancellationToken.None);
        Assert.Equal(0, _leader.Fleet.PendingCount);
    }

    /// <summary>The first is placed once all have come.</summary>
    private Task<SubmitResult>[] CreateTogether(Func<int, CancellationToken> until)
    {
        _mayPlace.Reset();
        var creating = Enumerable.Range(0, Rooms).Select(i => CreateAsync(i, until(i))).ToArray();
        _mayPlace.Set();
        return creating;
    }

    private async Task<SubmitResult> CreateAsync(int number, CancellationToken cancellationToken) =>
        await _leader.Pipeline.SubmitAsync(new(CommandOf(number), new Actor("op", ActorKind.Operator, ActorAuthMethod.Token)),
            cancellationToken);

    private static RoomCommand.Create CommandOf(int number) =>
        new(new($"room-{number:00}"), RoomSettings.Default with { Metadata = new byte[900] });

    private async Task NodesAsync(params ulong[] bitratesKbps)
    {
        await _leader.LeadsAsync();
        _mayPlace.Set();
        for (var i = 0; i < bitratesKbps.Length; i++) await _leader.RegisterAsync($"media-{i}", bitratesKbps[i]);
    }

    private List<string> OneAfterTheOther()
    {
        var view = new FleetView();
        view.Refresh(_leader.Machine.State, 0);
        var nodes = new List<string>();
        for (var i = 0; i < Rooms; i++)
        {
            var request = PlacementInputs.For(CommandOf(i).Settings);
            var decision = PlacementPolicy.Forecast.Decide(view, request, PlacementSettings.Default, nowMs: 0);
            if (decision.Found) view.Charge(new($"room-{i:00}"), decision.Node, decision.Need);
            nodes.Add(decision.Node.Value);
        }
        return nodes;
    }

    public async ValueTask DisposeAsync()
    {
        await _leader.DisposeAsync();
        _mayPlace.Dispose();
    }

    private sealed class Held(IRoomPlacer placer, ManualResetEventSlim mayPlace) : IRoomPlacer
    {
        public CommandEnvelope Place(CommandEnvelope envelope, out Failure? refusal)
        {
            mayPlace.Wait();
            return placer.Place(envelope, out refusal);
        }

        public void Done(CommandEnvelope envelope) => placer.Done(envelope);
    }
}
