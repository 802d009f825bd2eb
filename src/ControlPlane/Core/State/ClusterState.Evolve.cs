using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Keys;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    /// <summary>Folds one event in. Never refuses: an event is a fact. A gap in the numbers is our own bug.</summary>
    public void Evolve(DomainEvent happened, in EventContext context)
    {
        Invariant.Require(context.Seq == LastEventSeq + 1, "events are folded without gaps");
        LastEventSeq = context.Seq;
        LastEventIndex = context.Index;
        LastTime = LogTime.Max(LastTime, context.Time);
        switch (happened)
        {
            case ParticipantEvent participant: EvolveParticipant(participant, context); break;
            case RoomEvent room: EvolveRoom(room, context); break;
            case NodeEvent node: EvolveNode(node, context); break;
            case DrainEvent drain: EvolveDrain(drain, context); break;
            case PoolEvent pool: EvolvePool(pool, context); break;
            case ClusterEvent cluster: EvolveCluster(cluster, context); break;
            case RebalanceEvent rebalance: EvolveRebalancing(rebalance, context); break;
            case KeyEvent key: EvolveKeys(key, context); break;
            case WebhookEvent webhook: EvolveWebhook(webhook, context); break;
            default: Invariant.Require(false, "every kind of event has a fold"); break;
        }
    }

    private void EvolveCluster(ClusterEvent happened, in EventContext context)
    {
        switch (happened)
        {
            case ClusterEvent.LeadershipRecorded e: Cluster = Cluster with { Term = e.Term, Leader = e.Member }; break;
            case ClusterEvent.CheckpointCommitted e: Cluster = Cluster with { Checkpoint = e.Checkpoint }; break;
            case ClusterEvent.LeaseSettingsChanged e:
                Cluster = Cluster with
                {
                    Lease = e.Lease,
                    LongestTtlMs = Math.Max(Cluster.LongestTtlMs, e.Lease.TtlMs),
                    LongestMarginMs = Math.Max(Cluster.LongestMarginMs, e.Lease.MarginMs),
                };
                break;
            case ClusterEvent.RulesVersionRaised e: Cluster = Cluster with { RulesVersion = e.Version }; break;
            case ClusterEvent.RecoveryGenerationRaised e: Cluster = Cluster with { Generation = e.Generation, Seal = null }; break;
            case ClusterEvent.LogSealed e: Cluster = Cluster with { Seal = new(e.Engine, context.Index, context.Term) }; break;
            // remembered by the log alone
            case ClusterEvent.ReplicaDiverged or ClusterEvent.CommandRejected or ClusterEvent.MemberChangeRequested: break;
            default: Invariant.Require(false, "every cluster event has a fold"); break;
        }
    }
}
