using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

/// <summary>A sealed log: whatever stands behind the seal, the state is the one it was sealed with.</summary>
public sealed class SealTests
{
    private static readonly Actor Operator = new("op", ActorKind.Operator, ActorAuthMethod.Token);

    [Fact]
    public void No_command_of_any_type_changes_anything_behind_the_seal_and_time_stands_still()
    {
        var bed = Sealed(out var before);
        foreach (var command in CodecTests.Commands.Where(command => command is not ClusterCommand.RaiseRecoveryGeneration))
        {
            bed.Pass(60 * 60_000);
            var reply = bed.Do(command, new RequestKey("M", $"id-{command.Type}", 1));
            Assert.Equal(FailureCode.Unavailable, reply.Failure?.Code);
            Assert.Contains("sealed at entry 4", reply.Failure!.Message, StringComparison.Ordinal);
            Assert.Equal(before, Picture(bed));
        }
    }

    [Fact]
    public void What_was_answered_before_the_seal_is_answered_so_again()
    {
        var bed = Sealed(out var before);
        var again = bed.Do(new ClusterCommand.SealLog("dotnext"), new RequestKey("SealLog", "seal", 7));
        Assert.True(again is { Failure: null, Replayed: true, Index: 4 });
        Assert.Equal(FailureCode.Unavailable,
            bed.Do(new ClusterCommand.SealLog("etcd"), new RequestKey("SealLog", "other", 7)).Failure?.Code);
        Assert.Equal(before, Picture(bed));
    }

    [Fact]
    public void A_new_generation_ends_it_and_every_later_epoch_is_above()
    {
        var bed = Sealed(out _);
        var last = bed.Get("r").LastEpoch;
        bed.Must(new ClusterCommand.RaiseRecoveryGeneration(0));
        Assert.Null(bed.State.Cluster.Seal);
        Assert.True(bed.Room("q", "n1").Outcome.Epoch > last);
        Assert.Equal(bed.State.StateHash(), Bed.Fold(bed.Events).StateHash());
    }

    [Fact]
    public void What_stands_before_the_seal_in_its_entry_counts_and_what_stands_behind_does_not()
    {
        var bed = new Bed();
        using var replies = new ControlPlane.Canonical.CanonicalWriter();
        var runner = new ControlPlane.Execution.CommandRunner(bed.State, bed.Results, bed);
        CommandEnvelope Of(DomainCommand command) => new(command, Operator);
        runner.Run(new LogEntry(bed.Now, [Of(new ClusterCommand.SetLease(new(2_000, 100, 500))), Of(new ClusterCommand.SealLog("etcd")),
            Of(new ClusterCommand.SetLease(new(3_000, 100, 500)))]), 9, 3, replies);
        Assert.Equal((2_000u, new LogSeal("etcd", 9, 3)), (bed.State.Cluster.Lease.TtlMs, bed.State.Cluster.Seal));
    }

    [Fact]
    public void A_sealed_state_comes_back_from_its_snapshot_and_from_its_events_and_one_that_is_not_has_the_bytes_it_had()
    {
        var bed = new Bed();
        bed.Node("n1");
        var (open, hash) = (Bed.SnapshotOf(bed.State), bed.State.StateHash());
        bed.Must(new ClusterCommand.SealLog("dotnext"));
        Assert.NotEqual(hash, bed.State.StateHash());
        var restored = Bed.Restored(bed.State);
        Assert.Equal((bed.State.Cluster.Seal, bed.State.StateHash()), (restored.Cluster.Seal, restored.StateHash()));
        Assert.Equal(bed.State.StateHash(), Bed.Fold(bed.Events).StateHash());
        Assert.True(Bed.SnapshotOf(bed.State).Length > open.Length);
        bed.Must(new ClusterCommand.RaiseRecoveryGeneration(0));
        Assert.Null(Bed.Restored(bed.State).Cluster.Seal);
        Assert.Equal(open, Bed.SnapshotOf(Bed.Fold(bed.Events.SkipLast(2))));
    }

    /// <summary>Sealed at entry 4.</summary>
    private static Bed Sealed(out object before)
    {
        var bed = new Bed { Term = 3 };
        bed.Node("n1");
        bed.Room("r", "n1");
        bed.Admit("r", "ann");
        Assert.Null(bed.Do(new ClusterCommand.SealLog("dotnext"), new RequestKey("SealLog", "seal", 7)).Failure);
        before = Picture(bed);
        return bed;
    }

    private static object Picture(Bed bed) =>
        (bed.State.StateHash(), bed.State.LastEventSeq, bed.Results.Hash(), bed.Results.Count, bed.Events.Count, bed.State.Cluster.Seal);
}
