using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Leases;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

/// <summary>What is neither room nor node: settings, leaders, checkpoints, generations, rules.</summary>
public sealed class ClusterTests
{
    [Theory]
    [InlineData(999, 100, 100, "lease.ttl_ms: 999")]
    [InlineData(5000, 49, 1000, "lease.margin_ms: 49")]
    [InlineData(5000, 2501, 1000, "lease.margin_ms: 2501")]
    [InlineData(5000, 500, 99, "lease.heartbeat_ms: 99")]
    [InlineData(5000, 500, 1667, "lease.heartbeat_ms: 1667")]
    public void Lease_settings_are_checked(uint ttl, uint margin, uint heartbeat, string starts)
    {
        var message = new Bed().Refused(FailureCode.InvalidArgument, new ClusterCommand.SetLease(new(ttl, margin, heartbeat)));
        Assert.StartsWith(starts, message, StringComparison.Ordinal);
        Assert.Contains("breaks the rule", message, StringComparison.Ordinal);
    }

    [Fact]
    public void After_a_change_the_longest_lease_ever_granted_counts()
    {
        var bed = new Bed();
        bed.Must(new ClusterCommand.SetLease(new(20_000, 1_000, 1_000)));
        bed.Must(new ClusterCommand.SetLease(new(2_000, 100, 500)));
        Assert.Equal(new LeaseRules(new(2_000, 100, 500), 20_000, 1_000), LeaseRules.Of(bed.State.Cluster));
    }

    [Fact]
    public void Checkpoints_leaders_and_generations_only_go_forward()
    {
        var bed = new Bed { Term = 5 };
        bed.Must(new ClusterCommand.RecordLeadership(2));
        bed.Refused(FailureCode.FailedPrecondition, new ClusterCommand.RecordLeadership(3));
        bed.Must(new ClusterCommand.CommitCheckpoint(new(1, 1, 9, new byte[32], new byte[32], [1, 2])));
        bed.Refused(FailureCode.FailedPrecondition, new ClusterCommand.CommitCheckpoint(new(1, 1, 9, new byte[32], new byte[32], [1, 2])));
        bed.Refused(FailureCode.InvalidArgument, new ClusterCommand.CommitCheckpoint(new(99, 1, 9, new byte[32], new byte[32], [1, 2])));
        bed.Refused(FailureCode.InvalidArgument, new ClusterCommand.CommitCheckpoint(new(2, 999, 9, new byte[32], new byte[32], [1, 2])));
        bed.Node("n1");
        var before = bed.Room("r", "n1").Outcome.Epoch;
        bed.Must(new ClusterCommand.RaiseRecoveryGeneration(1));
        bed.Refused(FailureCode.FailedPrecondition, new ClusterCommand.RaiseRecoveryGeneration(1));
        var after = bed.Room("q", "n1").Outcome.Epoch;
        Assert.Equal(((ushort)0, (ushort)1), (before.Generation, after.Generation));
    }

    [Fact]
    public void Rules_this_program_does_not_know_stop_it() =>
        Assert.Throws<UnknownCommandException>(() => new Bed()
            .Do(new ClusterCommand.RaiseRulesVersion(ClusterRecord.KnownRulesVersion + 1)));
}
