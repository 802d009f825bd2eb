using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Plans;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Workloads;

/// <summary>What runs above the log and around it. Called back from inside a replica's step: only plans, never steps.</summary>
internal abstract class Workload(Simulated world)
{
    protected Simulated World { get; } = world;

    /// <summary>Grows with everything that was acknowledged.</summary>
    public ulong Progress { get; protected set; }

    public abstract IMachine MachineFor(Replica replica);
    public abstract void Begin();

    /// <summary>Something that this workload planned is due.</summary>
    public abstract void Happen(in Due due);

    /// <summary>What a replica was asked to propose has been applied there.</summary>
    public abstract void Proposed(Replica replica, object waiter, ulong index, object? reply);

    /// <summary>The reply of a proposal that was applied before, from the session table.</summary>
    public abstract object? Repeated(ReadOnlyMemory<byte> reply);
    public abstract void ReadDone(Replica replica, ulong context, ulong index, bool ok);

    public virtual void Started(Replica replica) { }
    public virtual void Stopped(Replica replica) { }
    public virtual void RoleChanged(Replica replica) { }
    public virtual void Inject(Fault fault) { }
    public virtual void Heal() { }
    public virtual string? NotConverged(Replica leader) => null;

    /// <summary>The run is over and all is still: the last look.</summary>
    public virtual void Finish() { }
}
