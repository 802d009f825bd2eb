using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.Gateway.Ports;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>What the gateway of this process asks before it takes a client on.</summary>
internal sealed class GatewayHealth(ServingGate gate, LeaderAbsence absence) : IReplicaHealth
{
    public bool IsServing => gate.IsOpen;
    public Failure? Leaderless => absence.IsLong ? absence.Refusal(mayBeDone: false) : null;
}
