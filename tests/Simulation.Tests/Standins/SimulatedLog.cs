using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Standins;

/// <summary>The seam of consensus over a simulated replica, for the parts of the control plane that read and post through it.</summary>
/// <param name="timeout">Plans that a read has waited for too long.</param>
internal sealed class SimulatedLog(Replica replica, Action<ulong> timeout) : IReplicatedLog
{
    private readonly SortedDictionary<ulong, TaskCompletionSource<ReadFence>> _fences = [];

    public void Post(IApplyWork work) => work.Run(replica.Applied);

    public ValueTask<ReadFence> ReadFenceAsync(ReadMode mode, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<ReadFence>();
        _fences[replica.NextReadContext] = done;
        timeout(replica.NextReadContext);
        replica.Read();
        return new(done.Task);
    }

    /// <returns>Whether a fence waited for it.</returns>
    internal bool ReadDone(ulong context, bool ok)
    {
        if (!_fences.Remove(context, out var done)) return false;
        done.SetResult(new ReadFence(ok, replica.Applied));
        return true;
    }

    public ReplicaStatus Status =>
        new(replica.Id, (ReplicaRole)replica.Core!.Role, replica.Core.Term, replica.Core.Leader, replica.Core.CommitIndex, replica.Applied,
        replica.Core.DurableIndex, replica.Core.Log.FirstIndex, replica.Core.Log.LastIndex, replica.Core.Snapshot.Index,
            replica.Core.Membership, replica.Core.MembershipIndex, []);

    public LogCapabilities Capabilities => LogCapabilities.LinearizableReads;
    public string EngineName => "native";
    public Task<Exception> Fatal { get; } = new TaskCompletionSource<Exception>().Task;

    public ValueTask<ProposeResult> ProposeAsync(ProposalId id, ReadOnlyMemory<byte> command, CancellationToken cancellationToken) =>
        throw new NotSupportedException("commands go through the pipeline");
    public ValueTask<MembershipResult> ChangeMembershipAsync(MembershipChange change, ulong expectedConfigIndex,
        CancellationToken cancellationToken) => throw new NotSupportedException("the operator asks the core");
    public ValueTask TransferLeadershipAsync(MemberId to, CancellationToken cancellationToken) =>
        throw new NotSupportedException("faults ask the core");
    public ValueTask<SnapshotInfo> CreateSnapshotAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException("the plan says when");
    public IAsyncEnumerable<RoleChange> Roles(CancellationToken cancellationToken) =>
        throw new NotSupportedException("told by the simulator");
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A replica's boot clock, as leases count.</summary>
internal sealed class SimulatedLeaseClock(Replica replica, Simulated world) : LeaseClock
{
    public override long NowMs =>
        Seams.Planted.Is(Seams.Bug.LeaseOnWallClock) ? replica.Clock.WallMs(world.NowUs) : replica.Clock.BootMs(world.NowUs);
}

/// <summary>A replica's boot clock, which no planted bug takes for another.</summary>
internal sealed class SimulatedBootClock(Replica replica, Simulated world) : LeaseClock
{
    public override long NowMs => replica.Clock.BootMs(world.NowUs);
}

/// <summary>Other replicas' wall clocks, as long as they run and nothing lies between.</summary>
internal sealed class SimulatedMemberClocks(Replica self, Simulated world) : IMemberClocks
{
    public Task<ClockAnswer> AskAsync(MemberId member, CancellationToken cancellationToken)
    {
        foreach (var other in world.Replicas)
            if (other.Id == member && other.Runs && !world.IsCut(self.Slot, other.Slot) && !world.IsCut(other.Slot, self.Slot))
                return Task.FromResult(new ClockAnswer(other.Clock.WallMs(world.NowUs)));
        return Task.FromResult(default(ClockAnswer));
    }
}

/// <summary>A replica's wall clock, and its boot clock for elapsed time.</summary>
internal sealed class SimulatedTime(ProcessClock clock, Simulated world) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(clock.WallMs(world.NowUs));
    public override long GetTimestamp() => clock.BootNs(world.NowUs);
    public override long TimestampFrequency => 1_000_000_000;
}
