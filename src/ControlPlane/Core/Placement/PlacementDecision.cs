using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Placement;

/// <summary>Why a room needed a node.</summary>
public enum PlacementReason : byte { None = 0, Created = 1, NodeLost = 2, MoveRequested = 3, Drain = 4, Released = 5 }

/// <summary>Why a node may not host a room.</summary>
public enum RejectionReason : byte
{
    None = 0, Suspected = 1, Lost = 2, Cordoned = 3, Draining = 4, Drained = 5, OtherRegion = 6,
    /// <summary>Soft admission limit on publishers.</summary>
    Publishers = 7,
    Subscribers = 8,
    Bitrate = 9,
    /// <summary>Measured CPU over the limit, in permille.</summary>
    Cpu = 10,
    /// <summary>The room is being moved away from it.</summary>
    MovedFrom = 11,
    /// <summary>The caller named another node.</summary>
    NotTarget = 12,
    /// <summary>Its process is stopping and gives its rooms up.</summary>
    Leaving = 13,
}

public static class PlacementWords
{
    public static string Words(this PlacementReason reason) => reason switch
    {
        PlacementReason.Created => "created",
        PlacementReason.NodeLost => "node lost",
        PlacementReason.MoveRequested => "move requested",
        PlacementReason.Drain => "drain",
        PlacementReason.Released => "released by its owner",
        _ => "unknown",
    };
}

/// <param name="ScorePermille">Share of the node left after measured and reserved load and this room, in the tightest dimension; more is
/// better.</param>
public readonly record struct PlacementCandidate(NodeId Node, int ScorePermille);

/// <param name="Limit">What may be used (the soft limit); 0 where no amount is concerned.</param>
/// <param name="InUse">What is used or reserved already.</param>
/// <param name="Need">What the room needs.</param>
public readonly record struct PlacementRejection(NodeId Node, RejectionReason Reason, ulong Limit, ulong InUse, ulong Need)
{
    /// <summary>Names the dimension and by how much.</summary>
    public string Words => Reason switch
    {
        RejectionReason.Suspected => "suspected: silent for a while",
        RejectionReason.Lost => "lost",
        RejectionReason.Cordoned => "cordoned",
        RejectionReason.Draining => "draining",
        RejectionReason.Drained => "drained",
        RejectionReason.OtherRegion => "in another region",
        RejectionReason.MovedFrom => "the room is being moved away from it",
        RejectionReason.NotTarget => "another node was asked for",
        RejectionReason.Leaving => "its process is stopping",
        RejectionReason.Publishers => Over("publishers", ""),
        RejectionReason.Subscribers => Over("subscribers", ""),
        RejectionReason.Bitrate => Over("bitrate", " kbit/s"),
        RejectionReason.Cpu => $"cpu: {InUse} of {Limit} permille in use, {(InUse > Limit ? InUse - Limit : 0)} too much",
        _ => "unknown",
    };

    private string Over(string dimension, string unit) =>
        $"{dimension}: {InUse} of {Limit}{unit} in use, {Need} more needed, {(InUse + Need > Limit ? InUse + Need - Limit : 0)}{unit} "
            + $"too much";
}

/// <param name="Count">Nodes rejected for that reason.</param>
public readonly record struct RejectionCount(RejectionReason Reason, uint Count);

/// <summary>What the leader's placement came to and why: travels in the command, is kept in the event.</summary>
/// <param name="Node">None when no node can take the room.</param>
/// <param name="Incarnation">Process of that node the decision saw.</param>
/// <param name="Need">What is reserved.</param>
/// <param name="ViewIndex">Log index the leader's view of the fleet was true at.</param>
/// <param name="Candidates">The best, best first.</param>
/// <param name="Rejections">The first few rejected, in order of node names.</param>
/// <param name="RejectionCounts">All rejected, counted by reason.</param>
public sealed record PlacementDecision(
    NodeId Node, ulong Incarnation, Reservation Need, PlacementReason Reason, ulong ViewIndex, uint PolicyVersion,
    ImmutableArray<PlacementCandidate> Candidates, ImmutableArray<PlacementRejection> Rejections,
        ImmutableArray<RejectionCount> RejectionCounts)
{
    /// <summary>Nobody decided.</summary>
    public static readonly PlacementDecision None = new(new(""), 0, Reservation.Nothing, PlacementReason.None, 0, 0, [], [], []);

    public const int MaxCandidates = 8;
    public const int MaxRejections = 8;

    public bool Found => !Node.IsNone;

    public string Words
    {
        get
        {
            var candidates = string.Join(", ", Candidates.Select(c => $"{c.Node} {c.ScorePermille}‰ left"));
            var rejections = string.Join("; ", Rejections.Select(r => $"{r.Node} {r.Words}"));
            return (candidates.Length > 0 ? $"candidates {candidates}" : "no candidates")
                + (rejections.Length > 0 ? $"; rejected: {rejections}" : "");
        }
    }

    public void Describe(FieldSink sink)
    {
        sink.Node(Node);
        sink.Number("incarnation", Incarnation);
        Need.Describe(sink);
        sink.Choice("reason", Reason);
        sink.Number("view_index", ViewIndex);
        sink.Number("policy_version", PolicyVersion);
        sink.BeginList("candidates", Candidates.Length);
        foreach (var candidate in Candidates)
        {
            sink.BeginItem();
            sink.Node(candidate.Node);
            sink.Signed("score_permille", candidate.ScorePermille);
            sink.EndItem();
        }
        sink.EndList();
        DescribeRejections(sink);
    }

    private void DescribeRejections(FieldSink sink)
    {
        sink.BeginList("rejections", Rejections.Length);
        foreach (var rejection in Rejections)
        {
            sink.BeginItem();
            sink.Node(rejection.Node);
            sink.Choice("reason", rejection.Reason);
            sink.Number("limit", rejection.Limit);
            sink.Number("in_use", rejection.InUse);
            sink.Number("need", rejection.Need);
            sink.EndItem();
        }
        sink.EndList();
        sink.BeginList("rejection_counts", RejectionCounts.Length);
        foreach (var count in RejectionCounts)
        {
            sink.BeginItem();
            sink.Choice("reason", count.Reason);
            sink.Number("nodes", count.Count);
            sink.EndItem();
        }
        sink.EndList();
    }

    public static PlacementDecision Read(ref CanonicalReader reader)
    {
        var node = reader.ReadNode();
        var incarnation = reader.ReadUInt64();
        var need = Reservation.Read(ref reader);
        var reason = (PlacementReason)reader.ReadByte();
        var viewIndex = reader.ReadUInt64();
        var policy = reader.ReadUInt32();
        var candidates = new PlacementCandidate[reader.ReadCount()];
        for (var i = 0; i < candidates.Length; i++) candidates[i] = new(reader.ReadNode(), reader.ReadInt32());
        var rejections = new PlacementRejection[reader.ReadCount()];
        for (var i = 0; i < rejections.Length; i++)
            rejections[i] = new(reader.ReadNode(), (RejectionReason)reader.ReadByte(), reader.ReadUInt64(), reader.ReadUInt64(),
                reader.ReadUInt64());
        var counts = new RejectionCount[reader.ReadCount()];
        for (var i = 0; i < counts.Length; i++) counts[i] = new((RejectionReason)reader.ReadByte(), reader.ReadUInt32());
        return new(node, incarnation, need, reason, viewIndex, policy,
            Frozen(candidates), Frozen(rejections), Frozen(counts));
    }

    private static ImmutableArray<T> Frozen<T>(T[] array) =>
        System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(array);

    public bool Equals(PlacementDecision? other) =>
        other is not null && Node == other.Node && Incarnation == other.Incarnation && Need == other.Need && Reason == other.Reason
        && ViewIndex == other.ViewIndex && PolicyVersion == other.PolicyVersion
            && Candidates.AsSpan().SequenceEqual(other.Candidates.AsSpan())
        && Rejections.AsSpan().SequenceEqual(other.Rejections.AsSpan())
            && RejectionCounts.AsSpan().SequenceEqual(other.RejectionCounts.AsSpan());

    public override int GetHashCode() => unchecked((int)(Incarnation ^ ViewIndex) * 31 + Candidates.Length);
}
