using System.Text.Json;
using System.Text.Json.Serialization;
using VideoScale.Chaos.Faults;
using VideoScale.Chaos.Partitions;
using VideoScale.Chaos.Report;
using VideoScale.Chaos.Scenarios;
using VideoScale.Chaos.Workloads;
using VideoScale.Harness.Results;

namespace VideoScale.Chaos.Timelines;

/// <summary>A fault on the time axis; times are milliseconds since the run began.</summary>
/// <param name="Cuts">Pairs of replicas: the second does not hear the first.</param>
/// <param name="Must">Replicas that had to serve.</param>
/// <param name="Cannot">Replicas that could not.</param>
/// <param name="Struck">The replicas that it strikes; null: it is between them.</param>
/// <param name="StruckNodes">The media nodes that it strikes.</param>
public sealed record FaultBand(string Name, double FromMs, double ToMs, IReadOnlyList<int[]> Cuts, IReadOnlyList<int> Must,
    IReadOnlyList<int> Cannot, IReadOnlyList<int>? Struck = null, IReadOnlyList<int>? StruckNodes = null);

/// <summary>From then on one replica said the same of itself.</summary>
public sealed record RoleChange(double AtMs, string Role, ulong Term, int? Leader);

/// <summary>A call at one replica: served, told that nobody leads, or failed otherwise.</summary>
public sealed record CallMark(double AtMs, double Ms, bool IsRead, string Outcome, string? Detail);

/// <summary>What the load's clients, which go to any replica, had answered in a quarter of a second.</summary>
public sealed record LoadStep(double AtMs, int Ok, int Refused, int Unknown, double P50Ms, double P99Ms);

/// <summary>One run as it is drawn; kept as timeline.json.</summary>
public sealed record TimelineData(ScenarioResult Result, string Replay, double Ms, IReadOnlyList<FaultBand> Faults,
    IReadOnlyList<IReadOnlyList<RoleChange>> Replicas, IReadOnlyList<IReadOnlyList<CallMark>> Calls, IReadOnlyList<LoadStep> Load,
    IReadOnlyList<NodeLane> Nodes)
{
    public static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter() },
    };
}

/// <summary>Puts what is seen from outside on one time axis, and keeps it with the page that draws it. Made when a run begins.</summary>
public sealed class Timeline(int replicas, IReadOnlyList<Fault> faults, IReadOnlyCollection<ReplicaView> views,
    IReadOnlyCollection<PinnedCall> calls, IReadOnlyCollection<Operation> operations, IReadOnlyList<StruckFault> struck)
{
    public const string DataName = "timeline.json", PageName = "report.html";
    private const double StepMs = 250;
    private readonly long _beganNs = History.NowNs;

    /// <summary>Media nodes, where somebody asks them.</summary>
    public NodeLanes? Nodes { get; init; }

    /// <summary>As far as the run came.</summary>
    public void Keep(ScenarioOptions options, ScenarioResult result)
    {
        var data = new TimelineData(result, result.Replay, At(History.NowNs), [.. faults.Select(Band), .. struck.Select(Band)],
            [.. Everyone.Select(replica => Changes([.. views.Where(view => view.Replica == replica).OrderBy(view => view.AtNs)]))],
            [.. Everyone.Select(replica => (IReadOnlyList<CallMark>)[.. calls.Where(call => call.Replica == replica)
                .OrderBy(call => call.BeganNs).Select(Mark)])],
            Steps(), Nodes?.Drawn(At) ?? []);
        File.WriteAllText(Path.Combine(options.Out, DataName), JsonSerializer.Serialize(data, TimelineData.Json));
        File.WriteAllText(Path.Combine(options.Out, PageName), ReportPage.Of(data));
    }

    private IEnumerable<int> Everyone => Enumerable.Range(0, replicas);

    private double At(long ns) => Math.Round((ns - _beganNs) / 1e6, 1);

    private FaultBand Band(Fault fault) => new(fault.Partition.Name, At(fault.BeganNs), At(fault.HealedNs),
        [.. fault.Partition.Cuts.OrderBy(cut => (cut.From, cut.To)).Select(cut => (int[])[cut.From, cut.To])],
        [.. Everyone.Where(fault.Partition.MustServe)], [.. Everyone.Where(fault.Partition.CannotServe)]);

    private FaultBand Band(StruckFault one) => new(one.Fault.Words, At(one.BeganNs), At(Math.Min(one.EndedNs, History.NowNs)),
        one.Fault is CutLinks cut ? [.. cut.Links.Select(link => (int[])[one.Number(link[0]), one.Number(link[1])])] : [], [], [],
        one.Fault is CutLinks ? null : one.Fault is CutNode ? [] : [.. one.Replicas], [.. one.Fault.Nodes]);

    private List<RoleChange> Changes(ReplicaView[] views)
    {
        var changes = new List<RoleChange>();
        foreach (var view in views)
        {
            var now = new RoleChange(At(view.AtNs), view.Role.ToString().ToLowerInvariant(), view.Term, view.Leader);
            if (changes.Count == 0 || changes[^1] with { AtMs = now.AtMs } != now) changes.Add(now);
        }
        return changes;
    }

    private CallMark Mark(PinnedCall call) => new(At(call.BeganNs), Math.Round((call.EndedNs - call.BeganNs) / 1e6, 1), call.IsRead,
        call.Succeeded ? "served" : call.SaysNobodyLeads ? "told" : "failed", call.Succeeded ? null : $"{call.Status}: {call.Detail}");

    private List<LoadStep> Steps()
    {
        var open = new Dictionary<(int, string, string), long>();
        var ended = new List<(double AtMs, OperationType Type, double TookMs)>();
        foreach (var operation in operations)
        {
            var key = (operation.Process, operation.F, operation.Key);
            if (operation.Type == OperationType.Invoke) open[key] = operation.Time;
            else if (open.Remove(key, out var began)) ended.Add((At(operation.Time), operation.Type, (operation.Time - began) / 1e6));
        }
        return [.. from end in ended
                   group end by Math.Floor(end.AtMs / StepMs) into step
                   orderby step.Key
                   let took = step.Select(end => end.TookMs).ToArray()
                   select new LoadStep(step.Key * StepMs, Count(step, OperationType.Ok), Count(step, OperationType.Fail),
                       Count(step, OperationType.Info), Math.Round(Percentiles.At(took, 0.5), 1),
                           Math.Round(Percentiles.At(took, 0.99), 1))];

        static int Count(IEnumerable<(double AtMs, OperationType Type, double TookMs)> step, OperationType type) =>
            step.Count(end => end.Type == type);
    }
}
