using VideoScale.Consensus;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Host.Leases;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Plans;
using VideoScale.Simulation.Seams;
using VideoScale.Simulation.World;
using VideoScale.V1;
using Replica = VideoScale.Simulation.World.Replica;
using ReplicaRole = VideoScale.Consensus.ReplicaRole;

namespace VideoScale.Simulation.Workloads.Control;

internal sealed partial class ControlWorkload
{
    public override void Inject(Fault fault)
    {
        var agent = _agents[fault.Where % _agents.Length];
        switch (fault.Kind)
        {
            case FaultKind.NodeCut: CutNode(agent, fault, up: true, down: true); Marks.Hit(Mark.NodeCutOff); break;
            case FaultKind.NodeDeaf: CutNode(agent, fault, up: false, down: true); Marks.Hit(Mark.NodeDeaf); break;
            case FaultKind.NodeMute: CutNode(agent, fault, up: true, down: false); Marks.Hit(Mark.NodeMute); break;
            case FaultKind.NodeSlow:
                for (var slot = 0; slot < World.Replicas.Length; slot++)
                {
                    World.Slow(agent.End, slot, fault.Amount, fault.ForMs);
                    World.Slow(slot, agent.End, fault.Amount, fault.ForMs);
                }
                break;
            case FaultKind.NodePause:
                agent.PausedUntilUs = Math.Max(agent.PausedUntilUs, World.NowUs + fault.ForMs * 1000);
                Marks.Hit(Mark.NodePaused);
                break;
            case FaultKind.NodeCrash: agent.Crash(fault.ForMs); break;
            case FaultKind.NodeClockStep: agent.Clock.WallStepMs += fault.Amount; Marks.Hit(Mark.NodeClockStepped); break;
            default: _clients.Operate(agent, fault); break;
        }
    }

    private void CutNode(MediaAgent agent, Fault fault, bool up, bool down)
    {
        var links = new List<(int, int)>();
        for (var slot = 0; slot < World.Replicas.Length; slot++)
        {
            if (up) links.Add((agent.End, slot));
            if (down) links.Add((slot, agent.End));
        }
        World.CutLinks(links, fault.ForMs);
    }

    public override void Heal()
    {
        foreach (var agent in _agents)
        {
            agent.StartNow();
        }
        _clients.Heal();
    }
}
