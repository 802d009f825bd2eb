using VideoScale.ControlPlane.Host.Leases;
using VideoScale.ControlPlane.Nodes;
using VideoScale.Simulation.Checkers;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Workloads.Control;

/// <summary>
/// Watches every acknowledgement of a heartbeat, which is a lease: authority overlaps only when several safeguards fail together, each of
/// these is looked at alone.
/// </summary>
internal sealed class LeaseChecker(Simulated world)
{
    private readonly Dictionary<(AgentSession Session, ulong Sequence), long> _arrivedUs = [];

    public void Arrived(AgentSession session, ulong sequence) => _arrivedUs[(session, sequence)] = world.NowUs;

    public void Acknowledged(ControlReplica by, AgentSession session, ulong sequence)
    {
        if (by.Terms.Current is not { } term || !_arrivedUs.Remove((session, sequence), out var arrivedUs)) return;
        // A quorum that answers in this term after the arrival cannot have elected another before it.
        if (world.Checker.FirstElectedAboveUs(term.Term) is { } electedUs && electedUs < arrivedUs)
            throw new Violation("lease-quorum",
                $"{by.Replica.Id} acknowledged a heartbeat of {session.Node} in term {term.Term}, which came when a later term had its "
                + $"leader");
        if (by.Pipeline.IsUnderWay(command => command is NodeCommand.DeclareLost lost && lost.Node == session.Node
            && lost.Incarnation == session.Incarnation))
            throw new Violation("lease-loss", $"{by.Replica.Id} acknowledged a heartbeat of {session.Node} while its loss was under way");
    }
}
