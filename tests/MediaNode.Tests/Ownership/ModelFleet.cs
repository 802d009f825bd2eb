using VideoScale.MediaNode.Ownership;
using VideoScale.MediaNode.Seats;
using VideoScale.Model;

namespace VideoScale.MediaNode.Tests.Ownership;

/// <summary>A leader that follows the rules of ownership, two nodes, one room, and a network without mercy.</summary>
internal sealed class ModelFleet
{
    private const long Ms = 1_000_000;
    private const long TtlMs = 5_000;
    private const long MarginMs = 500;
    private static readonly RoomId Room = new("standup");

    private readonly Random _random;
    private readonly ModelNode[] _nodes;
    private ulong _epoch = 1;
    private int _owner = -1;          // as the leader has it
    private ulong _ownerEpoch;
    private bool _revoked;
    private long _barrierMs;          // a revoked owner's authority has surely ended by then
    private ulong _index = 10;

    internal ModelFleet(Random random)
    {
        _random = random;
        _nodes = [new ModelNode(this, 1 + (random.NextDouble() - 0.5) * 0.08), new ModelNode(this, 1 + (random.NextDouble() - 0.5) * 0.08)];
    }

    internal long NowMs { get; private set; } = 1_000;
    internal int HandOvers { get; private set; }

    internal int Owners() => _nodes.Count(node => node.HasAuthority(Room));

    internal string Describe() => string.Join("; ", _nodes.Select(node => node.Describe(Room)));

    internal void Step()
    {
        NowMs += _random.Next(0, 120);
        foreach (var node in _nodes) node.Deliver();
        var which = _random.Next(_nodes.Length);
        var one = _nodes[which];
        switch (_random.Next(24))
        {
            case 0: one.FrozenUntilMs = NowMs + _random.Next(0, 9_000); break;
            case 1: one.Reconnect(_owner == which && !_revoked ? _ownerEpoch : 0); break;
            case 2 when _owner >= 0 && !_revoked: Revoke(); break;
            case 3 or 4 when _owner < 0: Assign(which); break;
            case 5 when _owner >= 0 && _revoked && NowMs >= _barrierMs: Ended(); break; // by its lease
            default: one.Beat(); break;
        }
    }

    private void Assign(int which)
    {
        (_owner, _ownerEpoch, _revoked) = (which, ++_epoch, false);
        _index++;
        _nodes[which].Tell(new Directive.Assign(_index, Room, new Epoch(_ownerEpoch), default, []));
    }

    private void Revoke()
    {
        _revoked = true;
        _index++;
        _barrierMs = _nodes[_owner].LeaseAtLeaderMs; // as acknowledged before the revoke
        _nodes[_owner].Tell(new Directive.Revoke(_index, Room, new Epoch(_ownerEpoch), "moved"));
    }

    private void Ended()
    {
        _owner = -1;
        HandOvers++;
    }

    private sealed class ModelNode(ModelFleet fleet, double clockRate)
    {
        private readonly Authority _authority = new(new AuthorityOptions(MediaContinuity.Continue, 0, new NodeSeatCaps(10, 10)), 1);
        private readonly Queue<(long AtMs, Action Act)> _toNode = new();
        private readonly Queue<(long AtMs, Action Act)> _toLeader = new();
        private ulong _stream;
        private ulong _reportsSeen;

        internal long FrozenUntilMs { get; set; }
        internal long LeaseAtLeaderMs { get; private set; }

        private long ClockNs => (long)(fleet.NowMs * clockRate) * Ms;

        internal bool HasAuthority(RoomId room) => _authority.View(ClockNs).Rooms.Any(r => r.Room == room);

        internal string Describe(RoomId room) =>
            $"lease left {_authority.View(ClockNs).LeaseLeftMs} ms, holds "
            + $"{string.Join(",", _authority.View(ClockNs).Rooms.Where(r => r.Room == room).Select(r => r.Epoch.Value))}";

        internal void Deliver()
        {
            while (_toLeader.TryPeek(out var up) && up.AtMs <= fleet.NowMs) _toLeader.Dequeue().Act();
            if (fleet.NowMs < FrozenUntilMs) return;
            while (_toNode.TryPeek(out var down) && down.AtMs <= fleet.NowMs) _toNode.Dequeue().Act();
            SendReports();
        }

        internal void Tell(Directive directive)
        {
            var stream = _stream;
            Send(_toNode, () => { if (stream != 0) _authority.Apply(stream, directive, []); });
        }

        /// <summary>The stream breaks: what is under way is lost, and the leader says what it knows.</summary>
        internal void Reconnect(ulong ownedEpoch)
        {
            if (fleet.NowMs < FrozenUntilMs) return;
            _toNode.Clear();
            _toLeader.Clear();
            _stream = _authority.BeginStream().Stream;
            _reportsSeen = 0;
            Assert.Null(_authority.Welcome(_stream, fleet._index, 1));
            if (ownedEpoch != 0) Tell(new Directive.Assign(fleet._index, Room, new Epoch(ownedEpoch), default, []));
        }

        internal void Beat()
        {
            if (fleet.NowMs < FrozenUntilMs) return;
            if (_stream == 0) Reconnect(0);
            var (stream, sequence) = (_stream, _authority.SendHeartbeat(_stream, ClockNs).Sequence);
            Send(_toLeader, () =>
            {
                // The leader: acknowledged after a quorum round, counted from receipt, with what must be given up as of now.
                var receivedMs = fleet.NowMs;
                LeaseAtLeaderMs = Math.Max(LeaseAtLeaderMs, receivedMs + TtlMs + MarginMs);
                var self = Array.IndexOf(fleet._nodes, this);
                Holding[] giveUp = fleet._owner == self && fleet._revoked ? [new(Room, new Epoch(fleet._ownerEpoch))]
                    : fleet._owner != self && fleet._epoch > 0 ? [new(Room, new Epoch(fleet._epoch - (fleet._owner >= 0 ? 1ul : 0)))] : [];
                var ack = new Acknowledgement(sequence, fleet._index, (uint)TtlMs, giveUp, _reportsSeen);
                Send(_toNode, () => _authority.Acknowledge(stream, ack, []));
            });
        }

        private void SendReports()
        {
            var reports = new List<NumberedReport>();
            _authority.TakeReports(_stream, reports);
            foreach (var report in reports)
                Send(_toLeader, () =>
                {
                    _reportsSeen = report.Sequence;
                    if (report.Report is Report.Released && fleet._owner == Array.IndexOf(fleet._nodes, this)
                        && report.Report.Epoch.Value == fleet._ownerEpoch) fleet.Ended();
                });
        }

        /// <summary>In order, with a delay of its own.</summary>
        private void Send(Queue<(long AtMs, Action Act)> queue, Action act)
        {
            var at = fleet.NowMs + fleet._random.Next(0, 1_500);
            queue.Enqueue((Math.Max(at, queue.Count > 0 ? queue.Max(m => m.AtMs) : 0), act));
        }
    }
}
