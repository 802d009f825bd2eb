using System.Collections.Immutable;
using VideoScale.ControlPlane.Pools;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Scaling;

/// <summary>What a round of the scaler comes to.</summary>
/// <param name="Reason">The figures, which each decision puts on record.</param>
/// <param name="Launch">So many more instances.</param>
/// <param name="Keep">Nodes that were to leave and are wanted again.</param>
/// <param name="Release">Nodes that are to leave.</param>
/// <param name="Terminate">Instances that may go now.</param>
/// <param name="Held">Why nothing leaves although less would do; empty when nothing is held back.</param>
public sealed record ScalingPlan(
    ScalingReason Reason, uint Launch, ImmutableArray<NodeId> Keep, ImmutableArray<NodeId> Release,
    ImmutableArray<(NodeId Key, TerminationReason Reason)> Terminate, string Held)
{
    public bool IsNothing => Launch == 0 && Keep.IsEmpty && Release.IsEmpty && Terminate.IsEmpty;

    public string Words
    {
        get
        {
            var parts = new List<string>();
            if (!Keep.IsEmpty) parts.Add($"keep {string.Join(", ", Keep)}");
            if (Launch > 0) parts.Add($"launch {Launch}");
            if (!Release.IsEmpty) parts.Add($"drain {string.Join(", ", Release)}");
            if (!Terminate.IsEmpty) parts.Add($"terminate {string.Join(", ", Terminate.Select(each => each.Key))}");
            if (Held.Length > 0) parts.Add(Held);
            return parts.Count == 0 ? "nothing to do" : string.Join("; ", parts);
        }
    }
}
