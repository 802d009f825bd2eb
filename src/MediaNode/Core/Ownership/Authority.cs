using VideoScale.MediaNode.Seats;
using VideoScale.Model;

namespace VideoScale.MediaNode.Ownership;

/// <summary>
/// What this node may do, and until when: a lease, and rooms held under (room, epoch). Sans-IO: time comes in as nanoseconds
/// of CLOCK_BOOTTIME, messages come in as values, ended sessions and reports go out. One caller at a time.
/// </summary>
/// <remarks>
/// Every grant asks the lease itself, never a timer: a process that was frozen knows at its next instruction that it is over.
/// A lease that lapsed keeps its rooms for reconciliation: a later acknowledgement revives them under the same epoch.
/// </remarks>
public sealed partial class Authority(AuthorityOptions options, ulong incarnation)
{
    private readonly SortedDictionary<RoomId, HeldRoom> _rooms = [];
    private readonly EpochFloors _floors = new();
    private readonly ReportQueue _reports = new();
    private readonly Queue<(ulong Sequence, long SentNs)> _heartbeats = new();
    private Lease _lease;
    private ulong _stream;
    private bool _welcomed;
    private bool _leaving;
    private bool _leavingKnown;
    private ulong _saidLeaving; // the first heartbeat of this stream that said so; 0 before
    private bool _expelled;
    private ulong _lastHeartbeat;
    private ulong _term;
    private ulong _acknowledgedIndex;
    private ulong _carriedOutIndex;
    private uint _joined;
    private uint _joinedPublishers;
    private int _tellings;

    public ulong Incarnation { get; private set; } = incarnation;
    public long LeaseUntilNs => _lease.UntilNs;
    public bool IsExpelled => _expelled;
    public int PendingReports => _reports.Count;
    public bool IsLeaving => _leaving;

    /// <summary>Counts up when a leader comes to want sessions reported: all are told anew then; 0 while none does.</summary>
    public int Telling { get; private set; }

    /// <summary>A leader has acknowledged a heartbeat that said that this node stops.</summary>
    public bool IsLeavingKnown => _leavingKnown;

    /// <summary>A new connection to a leader; everything from older ones is ignored from now on.</summary>
    public StreamStart BeginStream()
    {
        Invariant.Require(!_expelled, "an expelled incarnation never speaks again");
        _stream++;
        _welcomed = false;
        _heartbeats.Clear();
        (_lastHeartbeat, _saidLeaving) = (0, 0);
        _reports.Restart();
        return new StreamStart(_stream, Incarnation, [.. _rooms.Values.Select(room => new Holding(room.Room, room.Epoch))]);
    }

    /// <summary>The leader's first message.</summary>
    /// <returns>A refusal when the leader is behind what this node has already seen acknowledged: it is deposed and does not
    /// know.</returns>
    /// <param name="tellsSessions">Somebody is told of sessions.</param>
    public Failure? Welcome(ulong stream, ulong appliedIndex, ulong term, bool tellsSessions = false)
    {
        if (stream != _stream) return Failure.Precondition($"stream {stream} is over; the current one is {_stream}");
        if (term < _term) return Failure.Precondition($"the leader is in term {term}; this node has been served in term {_term}");
        if (appliedIndex < _acknowledgedIndex)
            return Failure.Precondition(
                $"the leader has applied index {appliedIndex}; this node's lease was granted at index {_acknowledgedIndex}");
        _term = term;
        _welcomed = true;
        if (tellsSessions != Telling > 0) Telling = tellsSessions ? ++_tellings : 0;
        _carriedOutIndex = Math.Max(_carriedOutIndex, appliedIndex);
        return null;
    }

    /// <summary>Numbers and stamps a heartbeat; call before handing it to the network.</summary>
    public HeartbeatStamp SendHeartbeat(ulong stream, long nowNs)
    {
        Invariant.Require(stream == _stream, "heartbeats go into the current stream");
        _heartbeats.Enqueue((++_lastHeartbeat, nowNs));
        if (_leaving && _saidLeaving == 0) _saidLeaving = _lastHeartbeat;
        return new HeartbeatStamp(_lastHeartbeat, _carriedOutIndex, _leaving);
    }

    /// <summary>Gives up what the leader names, then counts the lease as renewed.</summary>
    public void Acknowledge(ulong stream, Acknowledgement acknowledgement, List<EndedSession> ended)
    {
        if (stream != _stream || !_welcomed || _expelled) return;
        foreach (var holding in acknowledgement.GiveUp) GiveUp(holding, ended);
        _reports.Done(acknowledgement.ReportsDone);
        if (acknowledgement.Sequence > _lastHeartbeat) return; // never sent: not ours to count
        _leavingKnown |= _saidLeaving != 0 && acknowledgement.Sequence >= _saidLeaving;
        while (_heartbeats.TryPeek(out var sent) && sent.Sequence <= acknowledgement.Sequence)
        {
            _heartbeats.Dequeue();
            if (sent.Sequence != acknowledgement.Sequence) continue;
            _lease.Renew(sent.SentNs, acknowledgement.LeaseTtlMs);
            _acknowledgedIndex = Math.Max(_acknowledgedIndex, acknowledgement.AppliedIndex);
            _carriedOutIndex = Math.Max(_carriedOutIndex, acknowledgement.AppliedIndex);
        }
    }

    /// <summary>Reports the current stream has not carried yet; they stay pending until acknowledged.</summary>
    public void TakeReports(ulong stream, List<NumberedReport> into)
    {
        if (stream == _stream && _welcomed) _reports.Take(into);
    }

    /// <summary>What happens because time has passed: sessions end when the continuity policy says so.</summary>
    public void Tick(long nowNs, List<EndedSession> ended)
    {
        if (_joined == 0 || _lease.HoldsAt(nowNs)) return;
        var graceNs = options.Continuity == MediaContinuity.Continue ? options.IsolationGraceNs : 0;
        if (nowNs - _lease.UntilNs < graceNs) return;
        foreach (var room in _rooms.Values) EndSessions(room, SessionEnd.Isolated, report: true, ended);
    }

    /// <summary>Shutdown: everything is given up and reported; nothing new is accepted.</summary>
    public void Leave(List<EndedSession> ended)
    {
        _leaving = true;
        foreach (var room in _rooms.Values.ToArray()) GiveUp(new Holding(room.Room, room.Epoch), ended);
    }

    /// <summary>After <see cref="Directive.Expelled"/>: the same process as a new incarnation, which holds nothing.</summary>
    public void BeginIncarnation(ulong incarnation)
    {
        Invariant.Require(_expelled && incarnation != 0 && incarnation != Incarnation, "a new incarnation begins where one was expelled");
        Incarnation = incarnation;
        _expelled = false;
    }

    public AuthorityView View(long nowNs) => new(Incarnation, _lease.LeftMs(nowNs), _lease.HoldsAt(nowNs)
        ? [.. _rooms.Values.Select(room => new RoomAuthorityView(room.Room, room.Epoch, room.Seats.Joined))]
        : []);

    public AuthorityCounts Counts(long nowNs) => new(_lease.HoldsAt(nowNs) ? (uint)_rooms.Count : 0, _joinedPublishers, _joined);

    /// <summary>Whether this node may act for the room now, and under which epoch.</summary>
    public bool HasAuthority(RoomId room, Epoch epoch, long nowNs) =>
        _lease.HoldsAt(nowNs) && _rooms.TryGetValue(room, out var held) && held.Epoch == epoch;
}
