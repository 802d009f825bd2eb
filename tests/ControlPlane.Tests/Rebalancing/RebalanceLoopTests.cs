using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Rebalancing;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Tests.HostTests;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Rebalancing;

/// <summary>Rounds of the leader's loop, from what nodes measure to what is in the log.</summary>
public sealed class RebalanceLoopTests : IAsyncDisposable
{
    private readonly LoneLeader _leader = new();
    private readonly RebalancePlan _plan = new(TimeProvider.System);
    private readonly RebalanceLoop _loop;

    public RebalanceLoopTests() => _loop = new(_leader.Terms, _leader.Queries, new LoopCommands(_leader.Pipeline), _leader.Fleet,
        _leader.Time, _plan, TimeProvider.System, NullLogger<RebalanceLoop>.Instance);

    [Fact]
    public async Task A_crowded_node_gives_a_room_away_when_rebalancing_is_on()
    {
        await CrowdedAsync(AutomationMode.On);
        await _loop.RunOnceAsync(CancellationToken.None);
        var chosen = _leader.Happened.OfType<RebalanceEvent.RoomChosen>().ToList();
        Assert.NotEmpty(chosen);
        Assert.All(chosen, each => Assert.Equal(("a", "b"), (each.Move.From.Value, each.Move.To.Value)));
        Assert.Equal(chosen.Select(each => each.Move.Room), _leader.Happened.OfType<RoomEvent.Revoked>().Select(each => each.Room));
        Assert.Equal(chosen.Select(each => each.Move), _plan.Last!.Value.Moves);
        await _loop.RunOnceAsync(CancellationToken.None); // those on their way are not chosen again
        Assert.Distinct(_leader.Happened.OfType<RebalanceEvent.RoomChosen>().Select(each => each.Move.Room));
    }

    [Theory]
    [InlineData(AutomationMode.DryRun, true)]
    [InlineData(AutomationMode.Off, false)]
    public async Task It_tells_in_dry_run_and_is_silent_when_off(AutomationMode mode, bool tells)
    {
        await CrowdedAsync(mode);
        await _loop.RunOnceAsync(CancellationToken.None);
        Assert.Empty(_leader.Happened.OfType<RebalanceEvent.RoomChosen>());
        Assert.Equal(tells, _plan.Last is { Moves.Count: > 0 });
    }

    /// <summary>Rooms on node a, which says that its processors are nearly all in use; then a node b that has nothing to do.</summary>
    private async Task CrowdedAsync(AutomationMode mode)
    {
        await _leader.LeadsAsync();
        _leader.Time.Programs(everyMemberKnows: true);
        await _leader.RegisterAsync("a", 2_000_000);
        for (var room = 0; room < 6; room++)
        {
            await MustAsync(new RoomCommand.Create(new($"r{room}"), RoomSettings.Default));
            for (var person = 0; person < 5; person++)
                await MustAsync(new ParticipantCommand.Admit(new($"r{room}"), new($"p{person}"), ParticipantRole.Publisher));
        }
        await _leader.RegisterAsync("b", 2_000_000);
        await MustAsync(new RebalanceCommand.Set(RebalanceSettings.Default with { Mode = mode }));
        _leader.Fleet.Measured(new("a"), 1, new V1.Load { CpuPermille = 950, IngressKbps = 100_000 }, leaving: false);
        _leader.Fleet.Measured(new("b"), 1, new V1.Load { CpuPermille = 20 }, leaving: false);
    }

    private async Task MustAsync(DomainCommand command) => Assert.Null((await _leader.Pipeline.SubmitAsync(
        new(command, new Actor("op", ActorKind.Operator, ActorAuthMethod.Token)), CancellationToken.None)).Reply!.Failure);

    public ValueTask DisposeAsync() => _leader.DisposeAsync();
}
