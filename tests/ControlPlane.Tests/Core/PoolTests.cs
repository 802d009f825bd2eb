using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class PoolTests
{
    private static readonly PoolPolicy Policy = PoolPolicy.Default with { Min = 1, Max = 3 };
    private static readonly ScalingReason Reason = new(1_500, 1_500, 3, 1, "bitrate");

    private static Bed WithPool(PoolPolicy? policy = null)
    {
        var bed = new Bed();
        bed.Must(new PoolCommand.SetPolicy("eu", policy ?? Policy));
        return bed;
    }

    private static NodeId Launch(Bed bed)
    {
        var key = Next(bed);
        bed.Must(new PoolCommand.RequestLaunch("eu", key, Reason));
        return key;
    }

    private static NodeId Next(Bed bed) => bed.State.FindPool("eu") is { } pool ? pool.KeyOf(pool.Launched + 1) : default;

    private static NodeId Running(Bed bed)
    {
        var key = Launch(bed);
        bed.Must(new PoolCommand.RecordLaunched("eu", key, $"i-{key}"));
        bed.Node(key.Value);
        return key;
    }

    [Theory]
    [InlineData("min", "min: 4")]
    [InlineData("max", "max: 1001")]
    [InlineData("target", "target_permille: 951")]
    [InlineData("hold", "hold_ms: 86400001")]
    [InlineData("boot", "boot_limit_ms: 999")]
    [InlineData("region", "region: ")]
    [InlineData("mode", "mode: 9")]
    public void A_policy_that_makes_no_sense_is_refused_and_says_why(string field, string expected)
    {
        var wrong = field switch
        {
            "min" => Policy with { Min = 4 },
            "max" => Policy with { Max = 1_001 },
            "target" => Policy with { TargetPermille = 951 },
            "hold" => Policy with { HoldMs = 86_400_001 },
            "boot" => Policy with { BootLimitMs = 999 },
            "region" => Policy with { Region = "no such region!" },
            _ => Policy with { Mode = (AutomationMode)9 },
        };
        Assert.StartsWith(expected, new Bed().Refused(FailureCode.InvalidArgument, new PoolCommand.SetPolicy("eu", wrong)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Never_more_instances_than_the_policy_allows_whatever_a_scaler_thinks()
    {
        var bed = WithPool();
        for (var i = 1; i <= 3; i++) Assert.Equal($"eu-{i}", Launch(bed).Value);
        Assert.Contains("3 instances of at most 3",
            bed.Refused(FailureCode.ResourceExhausted, new PoolCommand.RequestLaunch("eu", new("eu-4"), Reason)), StringComparison.Ordinal);
        bed.Must(new PoolCommand.RequestTermination("eu", new("eu-2"), TerminationReason.NotNeeded));
        Assert.Equal("eu-4", Launch(bed).Value);
        // a key is never used again, and nobody picks another than the next
        bed.Must(new PoolCommand.RequestTermination("eu", new("eu-3"), TerminationReason.NotNeeded));
        bed.Refused(FailureCode.FailedPrecondition, new PoolCommand.RequestLaunch("eu", new("eu-2"), Reason));
        foreach (var odd in (string[])["eu-05", "eu-", "us-5", "eu-x", "eu-18446744073709551615"])
            bed.Refused(FailureCode.FailedPrecondition, new PoolCommand.RequestLaunch("eu", new(odd), Reason));
        bed.Must(new PoolCommand.RequestLaunch("eu", new("eu-9"), Reason)); // a node of a name in between may be there by hand
    }

    [Fact]
    public void Whoever_is_being_ended_or_is_over_registers_no_more()
    {
        var bed = WithPool();
        var key = Launch(bed);
        bed.Must(new PoolCommand.RequestTermination("eu", key, TerminationReason.NotNeeded));
        Assert.Contains("is over", bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.Register(Bed.Describe(key.Value))),
            StringComparison.Ordinal);
        bed.Must(new PoolCommand.RecordTerminated("eu", key));
        bed.Refused(FailureCode.FailedPrecondition, new NodeCommand.Register(Bed.Describe(key.Value)));
        bed.Node("eu-east"); // no key of the pool's
        bed.Node("eu-7"); // not given yet
    }

    [Theory]
    [InlineData(AutomationMode.Off)]
    [InlineData(AutomationMode.DryRun)]
    public void A_pool_that_is_not_on_launches_and_releases_nothing(AutomationMode mode)
    {
        var bed = WithPool();
        var key = Running(bed);
        Running(bed);
        bed.Must(new PoolCommand.SetPolicy("eu", Policy with { Mode = mode }));
        bed.Refused(FailureCode.FailedPrecondition, new PoolCommand.RequestLaunch("eu", new("eu-3"), Reason));
        bed.Refused(FailureCode.FailedPrecondition, new PoolCommand.ReleaseNode("eu", key, Reason));
    }

    [Fact]
    public void Nobody_is_terminated_with_rooms()
    {
        var bed = WithPool();
        var (key, other) = (Running(bed), Running(bed));
        bed.Room("r", key.Value);
        foreach (var reason in Enum.GetValues<TerminationReason>().Skip(1))
            Assert.Contains("holds 1 rooms", bed.Refused(FailureCode.FailedPrecondition,
                new PoolCommand.RequestTermination("eu", key, reason)), StringComparison.Ordinal);
        Assert.Contains("not drained", bed.Refused(FailureCode.FailedPrecondition,
            new PoolCommand.RequestTermination("eu", other, TerminationReason.Drained)), StringComparison.Ordinal);
        bed.Must(new PoolCommand.ReleaseNode("eu", key, Reason));
        Assert.Equal(["NodeReleased", "DrainStarted"], bed.EventNames(bed.Events.Count - 2));
        Assert.Equal(bed.Events[^2].Context.Seq, bed.Events[^1].Cause.Seq);
        Assert.Contains("holds 1 rooms", bed.Refused(FailureCode.FailedPrecondition,
            new PoolCommand.RequestTermination("eu", key, TerminationReason.Drained)), StringComparison.Ordinal);
        bed.Must(new RoomCommand.Close(new("r"), Epoch.None));
        bed.Must(new RoomCommand.Release(new("r"), bed.Get("r").LastEpoch, key, 1));
        bed.Must(new DrainCommand.Complete(key));
        bed.Must(new PoolCommand.RequestTermination("eu", key, TerminationReason.Drained));
        bed.Must(new PoolCommand.RecordTerminated("eu", key));
        Assert.Null(bed.State.FindNode(key));
        Assert.Equal(["InstanceTerminated", "MediaNodeDeregistered"], bed.EventNames(bed.Events.Count - 2));
    }

    [Fact]
    public void What_its_provider_does_not_show_is_gone_only_when_its_node_is()
    {
        var bed = WithPool();
        var key = Running(bed);
        Assert.Contains("it runs", bed.Refused(FailureCode.FailedPrecondition, new PoolCommand.RecordTerminated("eu", key)),
            StringComparison.Ordinal);
        bed.Must(new NodeCommand.DeclareLost(key, 1, LossReason.LeaseEnded));
        bed.Must(new PoolCommand.RecordTerminated("eu", key));
        Assert.Empty(bed.State.FindPool("eu")!.Instances);
        bed.Must(new PoolCommand.RecordTerminated("eu", key)); // again: nothing
    }

    [Fact]
    public void A_pool_never_lets_more_leave_than_it_must_keep()
    {
        var bed = WithPool(Policy with { Min = 2 });
        var keys = new[] { Running(bed), Running(bed), Running(bed) };
        bed.Must(new PoolCommand.ReleaseNode("eu", keys[0], Reason));
        Assert.Contains("keeps 2 nodes of at least 2",
            bed.Refused(FailureCode.FailedPrecondition, new PoolCommand.ReleaseNode("eu", keys[1], Reason)), StringComparison.Ordinal);
        bed.Must(new PoolCommand.KeepNode("eu", keys[0], Reason));
        Assert.Equal(["NodeKept", "DrainCancelled"], bed.EventNames(bed.Events.Count - 2));
        Assert.True(bed.GetNode(keys[0].Value).Record.TakesRooms);
        bed.Must(new PoolCommand.ReleaseNode("eu", keys[1], Reason));
        bed.Must(new DrainCommand.Complete(keys[1]));
        bed.Must(new PoolCommand.KeepNode("eu", keys[1], Reason)); // drained, and not gone yet
        Assert.Equal(["NodeKept", "MediaNodeUncordoned"], bed.EventNames(bed.Events.Count - 2));
    }

    [Fact]
    public void A_drain_that_an_operator_began_is_not_taken_back()
    {
        var bed = WithPool();
        var key = Running(bed);
        bed.Must(new DrainCommand.Begin(key, 0));
        Assert.Contains("operator", bed.Refused(FailureCode.FailedPrecondition, new PoolCommand.KeepNode("eu", key, Reason)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Launches_that_fail_wait_longer_and_then_suspend_the_pool_until_somebody_resumes_it()
    {
        var bed = WithPool();
        for (var i = 1; i <= 3; i++)
        {
            var key = Launch(bed);
            bed.Must(new PoolCommand.RecordLaunchFailed("eu", key, "no_capacity", 10_000, false));
            if (i < 3) Assert.Contains("10000 ms more", bed.Refused(FailureCode.FailedPrecondition,
                new PoolCommand.RequestLaunch("eu", Next(bed), Reason)), StringComparison.Ordinal);
            bed.Pass(10_000);
        }
        Assert.Contains("3 launches failed in a row", bed.State.FindPool("eu")!.Suspended, StringComparison.Ordinal);
        Assert.Contains("suspended", bed.Refused(FailureCode.FailedPrecondition,
            new PoolCommand.RequestLaunch("eu", new("eu-4"), Reason)), StringComparison.Ordinal);
        bed.Must(new PoolCommand.Resume("eu"));
        Assert.Equal("eu-4", Launch(bed).Value);
    }

    [Fact]
    public void An_instance_that_registers_shows_that_launches_work()
    {
        var bed = WithPool();
        bed.Must(new PoolCommand.RecordLaunchFailed("eu", Launch(bed), "no_capacity", 0, false));
        bed.Must(new PoolCommand.RecordLaunchFailed("eu", Launch(bed), "no_capacity", 0, false));
        Running(bed);
        Assert.Equal(0u, bed.State.FindPool("eu")!.Failures);
    }

    [Fact]
    public void Who_never_registers_is_terminated_after_its_time_and_counts_as_a_failed_launch()
    {
        var bed = WithPool();
        for (var i = 1; i <= 3; i++)
        {
            var key = Launch(bed);
            bed.Must(new PoolCommand.RecordLaunched("eu", key, "i"));
            bed.Refused(FailureCode.FailedPrecondition, new PoolCommand.RequestTermination("eu", key, TerminationReason.NeverRegistered));
            bed.Pass((long)Policy.BootLimitMs);
            bed.Must(new PoolCommand.RequestTermination("eu", key, TerminationReason.NeverRegistered));
            bed.Must(new PoolCommand.RecordTerminated("eu", key));
        }
        Assert.Contains("did not register", bed.State.FindPool("eu")!.Suspended, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pool_is_removed_only_when_it_is_empty()
    {
        var bed = WithPool();
        var key = Launch(bed);
        bed.Refused(FailureCode.FailedPrecondition, new PoolCommand.Remove("eu"));
        bed.Must(new PoolCommand.RequestTermination("eu", key, TerminationReason.NotNeeded));
        bed.Must(new PoolCommand.RecordTerminated("eu", key));
        bed.Must(new PoolCommand.Remove("eu"));
        Assert.Empty(bed.State.Pools);
        bed.Refused(FailureCode.NotFound, new PoolCommand.Resume("eu"));
    }

    [Fact]
    public void Pools_come_back_from_a_snapshot_with_the_same_hash_and_states_without_pools_are_written_as_before()
    {
        var bed = WithPool();
        bed.Node("media-1");
        Running(bed);
        Launch(bed);
        bed.Must(new PoolCommand.SetPolicy("us", Policy));
        var restored = Restored(bed.State);
        Assert.Equal(bed.State.StateHash(), restored.StateHash());
        Assert.Equal(bed.State.Pools.Select(pool => pool.Pool), restored.Pools.Select(pool => pool.Pool));
        Assert.Equal(bed.State.FindPool("eu")!.Instances.AsEnumerable(), restored.FindPool("eu")!.Instances.AsEnumerable());
        bed.Must(new Cluster.ClusterCommand.SealLog("etcd"));
        Assert.Equal(bed.State.StateHash(), Restored(bed.State).StateHash());

        static ClusterState Restored(ClusterState state)
        {
            using var stream = new MemoryStream();
            state.Capture().WriteTo(stream);
            stream.Position = 0;
            return CapturedState.Restore(stream);
        }
    }


    [Fact]
    public void Only_a_leader_decides_what_comes_and_goes()
    {
        foreach (var command in CodecTests.Commands.OfType<PoolCommand>())
            Assert.Equal(command is not (PoolCommand.SetPolicy or PoolCommand.Resume or PoolCommand.Remove),
                Decisions.Deciders.MustBeDecidedByLeader(command));
    }
}
