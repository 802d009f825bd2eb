using VideoScale.ControlPlane.Host.Replication;

namespace VideoScale.ControlPlane.Host.Checkpoints;

/// <summary>What voters reported for one mark.</summary>
/// <remarks>Any thread.</remarks>
public sealed class CheckpointRound(ulong index, IReadOnlyCollection<ulong> voters)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ulong, MarkedHash> _reports = [];

    public ulong Index { get; } = index;

    public enum Verdict : byte
    {
        /// <summary>Too few have reported to tell.</summary>
        Open = 0,
        /// <summary>A majority of the voters agrees.</summary>
        Agreed = 1,
        /// <summary>No value can reach a majority any more: nobody knows which state is right.</summary>
        NoMajority = 2,
    }

    /// <param name="Value">What the majority has; set when agreed.</param>
    /// <param name="Agreeing">Members that reported it, in order.</param>
    /// <param name="Differing">Members that reported something else, in order.</param>
    public sealed record Tally(Verdict Verdict, MarkedHash? Value, IReadOnlyList<ulong> Agreeing, IReadOnlyList<ulong> Differing);

    public Tally Add(ulong member, MarkedHash hash)
    {
        lock (_gate)
        {
            if (hash.Index == Index && voters.Contains(member)) _reports[member] = hash;
            return Count();
        }
    }

    private Tally Count()
    {
        var majority = voters.Count / 2 + 1;
        var groups = _reports.GroupBy(report => report.Value)
            .Select(group => (group.Key, Members: group.Select(report => report.Key).ToArray())).ToArray();
        var largest = groups.Length == 0 ? 0 : groups.Max(group => group.Members.Length);
        if (largest >= majority)
        {
            var (value, agreeing) = groups.First(group => group.Members.Length == largest);
            return new(Verdict.Agreed, value, agreeing, [.. _reports.Keys.Except(agreeing)]);
        }
        var missing = voters.Count - _reports.Count;
        return new(largest + missing >= majority ? Verdict.Open : Verdict.NoMajority, null, [], [.. _reports.Keys]);
    }
}
