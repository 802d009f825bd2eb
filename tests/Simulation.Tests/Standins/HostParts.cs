using VideoScale.Consensus;

// What the leader's loops need around them, without threads and sockets. Each has the name and the members of the product's class.
namespace VideoScale.ControlPlane.Host.Observability
{
    /// <summary>Counts nothing.</summary>
    public sealed class ReplicaMetrics
    {
        public void CommandApplied() { }
        public void CommandRefused() { }
        public void CommandRepeated() { }
        public void EntryApplied() { }
        public void EntryProposed() { }
        public void OutcomeUnknown() { }
        public void PlacementFailed() { }
    }
}

namespace VideoScale.ControlPlane.Host.Replication
{
    /// <summary>Knows no address.</summary>
    public sealed class LeaderForwarder
    {
        public string LeaderAddress => "";
    }
}

namespace VideoScale.ControlPlane.Host.Replication
{
    /// <summary>What the log says of leadership, told by the simulator.</summary>
    public sealed class Leadership
    {
        private readonly List<Action<RoleChange>> _listeners = [];

        public RoleChange Now { get; private set; }
        public bool IsMine => Now.Role == ReplicaRole.Leader;
        public ulong Term => Now.Term;

        public void Listen(Action<RoleChange> listener) => _listeners.Add(listener);

        internal void Set(RoleChange role)
        {
            Now = role;
            foreach (var listener in _listeners) listener(role);
        }
    }
}
