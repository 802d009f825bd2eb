using VideoScale.MediaNode.Seats;
using VideoScale.Model;

namespace VideoScale.MediaNode.Ownership;

/// <summary>What the leader tells this node to do.</summary>
public abstract record Directive
{
    private Directive() { }

    /// <summary>The node owns the room under this epoch; <paramref name="Seats"/> is all there is now, joined or admitted.</summary>
    public sealed record Assign(ulong LogIndex, RoomId Room, Epoch Epoch, SeatCaps Caps, IReadOnlyList<Seat> Seats) : Directive;

    /// <summary>Give the room up and report that.</summary>
    public sealed record Revoke(ulong LogIndex, RoomId Room, Epoch Epoch, string Reason) : Directive;

    /// <summary>A seat was reserved or its role changed.</summary>
    public sealed record Seated(RoomId Room, Epoch Epoch, Seat Seat) : Directive;

    /// <summary>A seat was taken away.</summary>
    public sealed record Evict(RoomId Room, Epoch Epoch, ParticipantIdentity Identity, ulong SeatId) : Directive;

    /// <summary>The lease has expired in the log, or a newer incarnation has the name: everything is over for this incarnation.</summary>
    public sealed record Expelled(string Reason) : Directive;
}

/// <summary>A room and the epoch it is, or was, held under.</summary>
public readonly record struct Holding(RoomId Room, Epoch Epoch);

/// <summary>The leader's answer to a heartbeat.</summary>
/// <param name="LeaseTtlMs">Counted from when the heartbeat was sent.</param>
/// <param name="GiveUp">To be given up before the lease counts as renewed.</param>
/// <param name="ReportsDone">Reports up to this sequence of the stream are in the log, or were refused for good.</param>
public sealed record Acknowledgement(ulong Sequence, ulong AppliedIndex, uint LeaseTtlMs, IReadOnlyList<Holding> GiveUp, ulong ReportsDone);
