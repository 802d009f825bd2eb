using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Checkpoints;
using VideoScale.ControlPlane.Host.Leader;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class CheckpointLoopTests
{
    [Fact]
    public async Task A_mark_is_committed_once_and_who_differs_is_recorded_once_however_many_report_after_the_majority()
    {
        await using var leader = new LoneLeader();
        await leader.LeadsAsync();
        await leader.RegisterAsync("media-0");
        MemberId[] voters = [new(1), new(2), new(3), new(4), new(5)];
        await leader.Log.ChangeMembershipAsync(new MembershipChange(voters, []), leader.Log.Status.MembershipIndex, CancellationToken.None);
        var loop = new CheckpointLoop(leader.Terms, leader.Queries, new LoopCommands(leader.Pipeline), leader.Log, leader.Machine, _ => { },
            TimeProvider.System, NullLogger<CheckpointLoop>.Instance);
        await loop.MarkAsync(CancellationToken.None);
        var mark = leader.Machine.Marks.Last!;
        foreach (var member in new[] { 4ul, 2ul, 3ul, 5ul, 4ul })
            await loop.ReportAsync(member, member == 4 ? mark with { StateHash = 7 } : mark, CancellationToken.None);
        Assert.Single(leader.Happened, e => e is ClusterEvent.CheckpointCommitted);
        Assert.Equal(4ul, Assert.Single(leader.Happened.OfType<ClusterEvent.ReplicaDiverged>()).Member);
    }
}
