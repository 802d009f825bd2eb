using VideoScale.MediaNode.Seats;
using VideoScale.Model;

namespace VideoScale.MediaNode.Ownership;

/// <param name="IsolationGraceNs">With <see cref="MediaContinuity.Continue"/>: how long sessions outlive the lease.</param>
/// <param name="NodeCaps">What the whole node takes at once.</param>
/// <param name="MaxPendingReports">Beyond this many unacknowledged reports no seat is granted, so memory stays bounded.</param>
public sealed record AuthorityOptions(MediaContinuity Continuity, long IsolationGraceNs, NodeSeatCaps NodeCaps,
    int MaxPendingReports = 100_000);

/// <summary>What the node holds, as seen from outside.</summary>
/// <param name="Rooms">Rooms it has authority over, in order of their names; empty when the lease has ended.</param>
public sealed record AuthorityView(ulong Incarnation, uint LeaseLeftMs, IReadOnlyList<RoomAuthorityView> Rooms);

public readonly record struct RoomAuthorityView(RoomId Room, Epoch Epoch, uint Participants);

/// <summary>How much the node holds now: rooms under authority and participants who have joined.</summary>
public readonly record struct AuthorityCounts(uint Rooms, uint Publishers, uint Subscribers);

/// <summary>The number and time of a heartbeat that is about to be sent.</summary>
/// <param name="Leaving">The node is on its way out and must get no new rooms.</param>
public readonly record struct HeartbeatStamp(ulong Sequence, ulong AppliedIndex, bool Leaving);

/// <summary>A new stream to a leader and what to say in its first message.</summary>
public sealed record StreamStart(ulong Stream, ulong Incarnation, IReadOnlyList<Holding> Held);
