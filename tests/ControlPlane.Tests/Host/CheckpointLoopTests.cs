using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.StateMachine;

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
        var loop = new CheckpointLoop(leader.Terms, leader.Queries, new LoopCommands(leader.Pipeline), leader.Log, leader.Machine, _ => { }, TimeProvider.System, NullLogger<CheckpointLoop>.Instance);
        await loop.MarkAsync(CancellationToken.None);
        var mark = leader.Machine.Marks.Last!;
        foreach (var (member, hash) in new[] { (4ul, mark with { StateHash = 7 }), (2ul, mark), (3ul, mark), (5ul, mark), (4ul, mark with { StateHash = 7 }) })
            await loop.ReportAsync(member, hash, CancellationToken.None);
        Assert.Single(leader.Happened, e => e is ClusterEvent.CheckpointCommitted);
        Assert.Equal(4ul, Assert.IsType<ClusterEvent.ReplicaDiverged>(Assert.Single(leader.Happened, e => e is ClusterEvent.ReplicaDiverged)).Member);
    }
}
