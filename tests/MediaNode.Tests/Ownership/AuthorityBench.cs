using VideoScale.MediaNode.Ownership;
using VideoScale.MediaNode.Seats;
using VideoScale.Model;

namespace VideoScale.MediaNode.Tests.Ownership;

/// <summary>One node's authority with a hand on its clock and its leader.</summary>
internal sealed class AuthorityBench
{
    internal const long Ms = 1_000_000;
    internal const uint TtlMs = 5_000;
    internal static readonly RoomId Room = new("standup");
    internal static readonly ParticipantIdentity Ann = new("ann"), Ben = new("ben");

    internal Authority Authority { get; }
    internal List<EndedSession> Ended { get; } = [];
    internal long NowNs { get; set; } = 1_000 * Ms;
    internal ulong Stream { get; private set; }
    internal ulong Index { get; set; } = 10;

    internal AuthorityBench(MediaContinuity continuity = MediaContinuity.Continue, long graceMs = 600_000, NodeSeatCaps? caps = null,
        int maxPendingReports = 100_000)
    {
        Authority = new Authority(new AuthorityOptions(continuity, graceMs * Ms, caps ?? new NodeSeatCaps(100, 100), maxPendingReports),
            incarnation: 7);
        Attach();
    }

    internal StreamStart Attach(ulong? index = null, ulong term = 1)
    {
        var start = Authority.BeginStream();
        Stream = start.Stream;
        Assert.Null(Authority.Welcome(Stream, index ?? Index, term));
        return start;
    }

    internal ulong Beat() => Authority.SendHeartbeat(Stream, NowNs).Sequence;

    internal void Ack(ulong sequence, ulong reportsDone = 0, uint ttlMs = TtlMs, params Holding[] giveUp) =>
        Authority.Acknowledge(Stream, new Acknowledgement(sequence, Index, ttlMs, giveUp, reportsDone), Ended);

    internal void Renew() => Ack(Beat());

    internal void Apply(Directive directive) => Authority.Apply(Stream, directive, Ended);

    internal void Assign(ulong epoch, RoomId? room = null, SeatCaps caps = default, params Seat[] seats) =>
        Apply(new Directive.Assign(++Index, room ?? Room, new Epoch(epoch), caps, seats));

    internal void Revoke(ulong epoch, RoomId? room = null) => Apply(new Directive.Revoke(++Index, room ?? Room, new Epoch(epoch), "moved"));

    internal static Seat Seat(ParticipantIdentity identity, ulong id, SeatRole role = SeatRole.Publisher) => new(identity, id, role);

    internal SeatDecision Take(ParticipantIdentity identity, ulong seatId, ulong epoch, RoomId? room = null) =>
        Authority.TakeSeat(NowNs, room ?? Room, new Epoch(epoch), identity, seatId);

    internal bool Holds(ulong epoch, RoomId? room = null) => Authority.HasAuthority(room ?? Room, new Epoch(epoch), NowNs);

    internal void Pass(long ms) => NowNs += ms * Ms;

    internal NumberedReport[] TakeReports()
    {
        var reports = new List<NumberedReport>();
        Authority.TakeReports(Stream, reports);
        return [.. reports];
    }
}
