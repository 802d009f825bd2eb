namespace VideoScale.ControlPlane.Placement;

/// <summary>The caller named a node.</summary>
public sealed class TargetFilter : INodeFilter
{
    public Refusal Refuse(in Candidate candidate, in PlacementRequest request) =>
        request.Target.IsNone || request.Target == candidate.Node.Node ? RejectionReason.None : RejectionReason.NotTarget;
}

/// <summary>The process runs and is heard.</summary>
public sealed class AliveFilter : INodeFilter
{
    public Refusal Refuse(in Candidate candidate, in PlacementRequest request) =>
        candidate.Node.Standing switch
        {
            NodeStanding.Left => RejectionReason.Leaving,
            NodeStanding.Lost => RejectionReason.Lost,
            NodeStanding.Suspected => RejectionReason.Suspected,
            _ when candidate.Node.Load is { Leaving: true } => RejectionReason.Leaving, // however old: it is never taken back
            _ => RejectionReason.None,
        };
}

/// <summary>Operators let rooms go there.</summary>
public sealed class SchedulingFilter : INodeFilter
{
    public Refusal Refuse(in Candidate candidate, in PlacementRequest request) =>
        candidate.Node.Standing switch
        {
            NodeStanding.Cordoned => RejectionReason.Cordoned,
            NodeStanding.Draining => RejectionReason.Draining,
            NodeStanding.Drained => RejectionReason.Drained,
            _ => RejectionReason.None,
        };
}

/// <summary>Where the room is wanted.</summary>
public sealed class RegionFilter : INodeFilter
{
    public Refusal Refuse(in Candidate candidate, in PlacementRequest request) =>
        request.Region.Length == 0 || request.Region == candidate.Node.Region ? RejectionReason.None : RejectionReason.OtherRegion;
}

/// <summary>Not where it is moved away from.</summary>
public sealed class MovedFromFilter : INodeFilter
{
    public Refusal Refuse(in Candidate candidate, in PlacementRequest request) =>
        request.Avoid.IsNone || request.Avoid != candidate.Node.Node ? RejectionReason.None : RejectionReason.MovedFrom;
}

/// <summary>Measured CPU leaves room.</summary>
public sealed class CpuFilter : INodeFilter
{
    public Refusal Refuse(in Candidate candidate, in PlacementRequest request)
    {
        var (limit, use) = (candidate.Settings.CpuPermille, candidate.Use.CpuPermille);
        return use <= limit ? Refusal.None : new(RejectionReason.Cpu, limit, use);
    }
}

/// <summary>The soft limits hold with the room: the rest of the hard ones is for growth beyond the forecast.</summary>
public sealed class SoftLimitFilter : INodeFilter
{
    public Refusal Refuse(in Candidate candidate, in PlacementRequest request)
    {
        var (capacity, used, need) = (candidate.Node.Capacity, candidate.Use.Reserved, request.Need);
        var admit = candidate.Settings.AdmitPermille;
        var publishers = Soft(capacity.Publishers, admit);
        if (used.Publishers + (ulong)need.Publishers > publishers)
            return new(RejectionReason.Publishers, publishers, used.Publishers, need.Publishers);
        var subscribers = Soft(capacity.Subscribers, admit);
        if (used.Subscribers + (ulong)need.Subscribers > subscribers)
            return new(RejectionReason.Subscribers, subscribers, used.Subscribers, need.Subscribers);
        var bitrateKbps = capacity.BitrateKbps * admit / 1000;
        return used.BitrateKbps + need.BitrateKbps > bitrateKbps
            ? new(RejectionReason.Bitrate, bitrateKbps, used.BitrateKbps, need.BitrateKbps) : Refusal.None;
    }

    private static uint Soft(uint hard, uint admitPermille) => (uint)((ulong)hard * admitPermille / 1000);
}
