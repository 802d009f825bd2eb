using VideoScale.Bench.PlacementLab.Day;

namespace VideoScale.Bench.PlacementLab.Fleet;

/// <summary>Counts what happened to people.</summary>
internal sealed class Tally
{
    /// <summary>Above this share of a node people on it are not served well.</summary>
    internal const double Overload = 0.85;
    private const double CarriesSomething = 0.2;
    private const long WaitedMs = 5_000, DrawnMs = 120_000, TenMinutesMs = 600_000;
    private readonly List<Sample> _samples = [];
    private readonly Dictionary<int, List<long>> _movesOf = [];
    private double _participantMs, _overMs, _ratios, _nodeMs, _peak;
    private int _rated, _moves, _movedPeople, _waited, _mostMoves;

    internal int Rejected { get; set; }

    internal void Take(LabFleet fleet, long nowMs, long forMs)
    {
        double sum = 0, most = 0, load = 0;
        foreach (var node in fleet.Nodes)
        {
            _nodeMs += forMs;
            if (node.Status == LabNodeStatus.Booting) continue;
            var use = node.Use;
            (sum, most, load) = (sum + use, Math.Max(most, use), load + node.Load.Cores);
            _participantMs += node.Participants * forMs;
            if (use > Overload) _overMs += node.Participants * forMs;
        }
        var mean = sum / Math.Max(1, fleet.Nodes.Count(node => node.Status != LabNodeStatus.Booting));
        _peak = Math.Max(_peak, mean);
        if (mean > CarriesSomething) (_ratios, _rated) = (_ratios + most / mean, _rated + 1);
        if (nowMs % DrawnMs == 0) _samples.Add(new(nowMs / 3_600_000.0, mean, most, fleet.Nodes.Count, load));
    }

    internal void Moved(LabRoom room, long nowMs)
    {
        _moves++;
        _movedPeople += room.Participants;
        if (!_movesOf.TryGetValue(room.Plan.Number, out var moves)) _movesOf[room.Plan.Number] = moves = [];
        moves.Add(nowMs);
        _mostMoves = Math.Max(_mostMoves, moves.Count(at => nowMs - at < TenMinutesMs));
    }

    internal void EndWait(LabRoom room, long nowMs)
    {
        for (var person = 0; person < room.IsThere.Length; person++)
            if (room.IsThere[person] && nowMs - Math.Max(room.WaitingSinceMs, room.Plan.People[person].JoinMs) > WaitedMs) _waited++;
    }

    internal Outcome End(string name, PlannedDay day, int stillWaiting)
    {
        var people = day.Rooms.Sum(room => room.People.Length);
        return new(name, _participantMs == 0 ? 0 : _overMs / _participantMs, _rated == 0 ? 0 : _ratios / _rated, _nodeMs / 3_600_000,
            (double)_movedPeople / Math.Max(1, people), _moves, _waited + stillWaiting, Rejected, people, _peak, _mostMoves, _samples);
    }
}
