using VideoScale.Bench.PlacementLab.Choosers;
using VideoScale.Bench.PlacementLab.Day;

namespace VideoScale.Bench.PlacementLab.Fleet;

/// <summary>How many nodes there are to be, round by round.</summary>
internal interface IScaler
{
    void Round(LabFleet fleet, IReadOnlyCollection<LabRoom> waiting, long nowMs);
}

/// <summary>Who moves rooms between nodes, round by round.</summary>
internal interface IMover
{
    IEnumerable<(LabRoom Room, LabNode To)> Round(LabFleet fleet, long nowMs);
}

/// <param name="Cores">Of each node at the beginning.</param>
/// <param name="HeartbeatMs">A node says so often how loaded it is.</param>
/// <param name="Deaths">When how many of the fullest nodes die at once; others take their place 10 minutes later.</param>
internal sealed record SimulationSettings(IReadOnlyList<double> Cores, long HeartbeatMs = 2_000,
    IReadOnlyList<(long AtMs, int Nodes)>? Deaths = null)
{
    internal const double NicKbpsOfACore = 3_125_000 / 8.0;
}

/// <summary>A day in virtual time: one step of two seconds after the other, and within it what happens in its order.</summary>
internal sealed class Simulation
{
    private const long StepMs = 2_000, SampleMs = 10_000, ScaleMs = 10_000, MoveMs = 10_000, RetryMs = 4_000, LeaseMs = 6_000;
    private const long ReplacedAfterMs = 600_000;
    private readonly PlannedDay _day;
    private readonly IChooser _chooser;
    private readonly SimulationSettings _settings;
    private readonly IScaler? _scaler;
    private readonly IMover? _mover;
    private readonly LabFleet _fleet;
    private readonly LabRoom?[] _rooms;
    private readonly SortedDictionary<int, LabRoom> _waiting = [];
    private readonly Tally _tally = new();
    private int _next;

    internal Simulation(PlannedDay day, IChooser chooser, SimulationSettings settings, IScaler? scaler = null, IMover? mover = null)
    {
        (_day, _chooser, _settings, _scaler, _mover) = (day, chooser, settings, scaler, mover);
        _fleet = new(chooser);
        _rooms = new LabRoom?[day.Rooms.Length];
        foreach (var cores in settings.Cores) _fleet.Launch(cores, cores * SimulationSettings.NicKbpsOfACore, day.FromMs, 0);
    }

    internal Outcome Run(string name)
    {
        for (var now = _day.FromMs; now < _day.ToMs; now += StepMs)
        {
            _fleet.NowMs = now;
            Happen(now);
            Die(now);
            Boot(now);
            if (now % RetryMs == 0) Retry(now);
            if (_scaler is not null && now % ScaleMs == 0) Scale(now);
            if (_mover is not null && now % MoveMs == 0) foreach (var (room, to) in _mover.Round(_fleet, now)) Move(room, to, now);
            Hear(now);
            if (now % SampleMs == 0) _tally.Take(_fleet, now, SampleMs);
        }
        return _tally.End(name, _day, _waiting.Values.Sum(room => room.Participants));
    }

    private void Happen(long nowMs)
    {
        for (; _next < _day.Happenings.Length && _day.Happenings[_next].AtMs <= nowMs; _next++)
        {
            var happening = _day.Happenings[_next];
            if (happening.IsJoin) Join(happening);
            else Leave(happening);
        }
    }

    private void Join(Happening happening)
    {
        if (_rooms[happening.Room] is not { } room)
        {
            _rooms[happening.Room] = room = new LabRoom(_day.Rooms[happening.Room]);
            if (!TryPlace(room, null, happening.AtMs)) Wait(room, happening.AtMs);
        }
        if (room.Node is { } node)
        {
            if (!_chooser.Admits(room, happening.Person))
            {
                _tally.Rejected++;
                return;
            }
            node.Joins.Enqueue(happening.AtMs);
        }
        _fleet.Count(room, happening.Person, true);
    }

    private void Leave(Happening happening)
    {
        if (_rooms[happening.Room] is not { } room || !room.IsThere[happening.Person]) return;
        _fleet.Count(room, happening.Person, false);
        // Once everybody who was to come has gone the room ends.
        if (room.Participants > 0 || _day.Rooms[happening.Room].People.Any(each => each.JoinMs > happening.AtMs)) return;
        _waiting.Remove(happening.Room);
        if (room.Node is not null) _fleet.Take(room);
    }

    private bool TryPlace(LabRoom room, LabNode? from, long nowMs)
    {
        if (_chooser.Choose(room, from, _fleet.Open, nowMs) is not { } node) return false;
        room.PlacedAtMs = nowMs;
        room.Reserved = room.Peak;
        _fleet.Put(room, node);
        return true;
    }

    private void Wait(LabRoom room, long nowMs)
    {
        room.WaitingSinceMs = nowMs;
        _waiting[room.Plan.Number] = room;
    }

    private void Retry(long nowMs)
    {
        foreach (var room in _waiting.Values.ToArray())
        {
            if (nowMs < room.WaitingSinceMs || !TryPlace(room, null, nowMs)) continue;
            _waiting.Remove(room.Plan.Number);
            _tally.EndWait(room, nowMs);
        }
    }

    private void Die(long nowMs)
    {
        foreach (var (atMs, nodes) in _settings.Deaths ?? [])
        {
            if (atMs != nowMs) continue;
            foreach (var node in _fleet.Open.OrderByDescending(node => node.Participants).ThenBy(node => node.Number).Take(nodes).ToArray())
            {
                foreach (var room in node.Rooms.ToArray())
                {
                    _fleet.Take(room);
                    Wait(room, nowMs + LeaseMs); // nobody may have it before
                }
                _fleet.SetStatus(node, LabNodeStatus.Dead);
                _fleet.SetStatus(node, LabNodeStatus.Gone);
                _fleet.Launch(node.Cores, node.NicKbps, nowMs, ReplacedAfterMs);
            }
        }
    }

    private void Boot(long nowMs)
    {
        foreach (var node in _fleet.Nodes.ToArray())
            if (node.Status == LabNodeStatus.Booting && node.ReadyAtMs <= nowMs) _fleet.SetStatus(node, LabNodeStatus.Open);
            else if (node.Status == LabNodeStatus.Leaving && node.Rooms.Count == 0) _fleet.SetStatus(node, LabNodeStatus.Gone);
            else if (node.Status == LabNodeStatus.Leaving && node.LeavesByMs <= nowMs)
                foreach (var room in node.Rooms.ToArray()) Evict(room, node, nowMs);
    }

    private void Evict(LabRoom room, LabNode from, long nowMs)
    {
        if (_chooser.Choose(room, from, _fleet.Open, nowMs) is not { } to || to == from) return;
        Move(room, to, nowMs);
    }

    private void Move(LabRoom room, LabNode to, long nowMs)
    {
        _tally.Moved(room, nowMs);
        _fleet.Take(room);
        room.MovedAtMs = room.PlacedAtMs = nowMs;
        room.Reserved = room.Peak;
        _fleet.Put(room, to);
    }

    private void Scale(long nowMs) => _scaler!.Round(_fleet, _waiting.Values, nowMs);

    private void Hear(long nowMs)
    {
        var steps = _settings.HeartbeatMs / StepMs;
        foreach (var node in _fleet.Nodes)
        {
            node.Pass(StepMs);
            if (node.Status == LabNodeStatus.Booting || (nowMs / StepMs + node.Number) % steps != 0) continue;
            node.Say();
            _chooser.Heard(node, nowMs);
        }
    }
}
