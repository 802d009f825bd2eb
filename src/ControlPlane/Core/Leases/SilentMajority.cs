using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.State;

namespace VideoScale.ControlPlane.Leases;

/// <summary>
/// Whether most media nodes are silent together, as far as replicated state tells: what keeps them from being declared lost.
/// </summary>
public static class SilentMajority
{
    /// <returns>One line for an operator; empty when it is not so.</returns>
    public static string Words(ClusterState state, TimeSpan hold)
    {
        var (silent, known) = (0, 0);
        foreach (var node in state.Nodes.InOrder())
        {
            if (node.Record.IsGone) continue;
            var isSilent = node.Record.Health == NodeHealth.Suspected;
            if (node.Rooms.Count > 0 || !isSilent) known++;
            if (node.Rooms.Count > 0 && isSilent) silent++;
        }
        return silent * 2 <= known ? ""
            : $"{silent} of {known} media nodes that hold rooms or are heard are silent together: the fault is likelier between them and "
                + $"the control plane, so none is declared lost "
              + $"and their rooms stay with them. Look at the network; after {hold.TotalSeconds:0} s of it (SilentMajorityHoldSeconds) "
                  + $"they are declared lost nevertheless";
    }
}
