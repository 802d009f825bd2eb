using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Nodes;

/// <summary>A node as the fold of its events. Immutable: a change replaces it.</summary>
/// <param name="LostCause">MediaNodeLost of the present incarnation; none while it is not lost.</param>
/// <param name="BeforeDrain">What a cancelled drain goes back to.</param>
/// <param name="Drain">DrainStarted of the running (or completed) drain.</param>
/// <param name="DrainDeadlineMs">Log time at which its rooms begin to be moved; 0 without a drain.</param>
/// <param name="FencedIncarnations">Processes that held this name before and may never come back, latest last.</param>
public sealed record NodeRecord(
    NodeDescription Description, NodeHealth Health, NodeScheduling Scheduling, long RegisteredAtMs, EventRef LostCause,
    NodeScheduling BeforeDrain, EventRef Drain, long DrainDeadlineMs, bool DrainTimedOut, ImmutableArray<ulong> FencedIncarnations)
{
    /// <summary>So many are remembered.</summary>
    public const int MaxFenced = 32;

    public NodeId Id => Description.Node;
    public ulong Incarnation => Description.Incarnation;
    public Capacity Capacity => Description.Capacity;

    /// <summary>The incarnation is over: it never comes back.</summary>
    public bool IsGone => Health is NodeHealth.Lost or NodeHealth.Left;
    public bool TakesRooms => Health == NodeHealth.Healthy && Scheduling == NodeScheduling.Active;

    public void Describe(FieldSink sink)
    {
        Description.Describe(sink);
        sink.Choice("health", Health);
        sink.Choice("scheduling", Scheduling);
        sink.Signed("registered_at_ms", RegisteredAtMs);
        LostCause.Describe(sink, "lost");
        sink.Choice("before_drain", BeforeDrain);
        Drain.Describe(sink, "drain");
        sink.Signed("drain_deadline_ms", DrainDeadlineMs);
        sink.Flag("drain_timed_out", DrainTimedOut);
        sink.BeginList("fenced_incarnations", FencedIncarnations.Length);
        foreach (var incarnation in FencedIncarnations)
        {
            sink.BeginItem();
            sink.Number("incarnation", incarnation);
            sink.EndItem();
        }
        sink.EndList();
    }

    public static NodeRecord Read(ref CanonicalReader r)
    {
        var description = NodeDescription.Read(ref r);
        var (health, scheduling, registered) = ((NodeHealth)r.ReadByte(), (NodeScheduling)r.ReadByte(), r.ReadInt64());
        var (lost, before, drain) = (EventRef.Read(ref r), (NodeScheduling)r.ReadByte(), EventRef.Read(ref r));
        var (deadline, timedOut) = (r.ReadInt64(), r.ReadBool());
        var fenced = new ulong[r.ReadCount()];
        for (var i = 0; i < fenced.Length; i++) fenced[i] = r.ReadUInt64();
        return new(description, health, scheduling, registered, lost, before, drain, deadline, timedOut, [.. fenced]);
    }
}
