using System.Text.Json.Serialization;

namespace VideoScale.Chaos.Faults;

/// <summary>
/// One thing that is done to a cluster for a while. Replicas are named by rank: 0 is the one that leads when the fault strikes, 1 and up
/// are
/// the others in the order of their numbers. Media nodes are named by number, from 0.
/// </summary>
/// <param name="AtMs">Since the schedule began.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(CutLinks), "cut-links")]
[JsonDerivedType(typeof(Freeze), "freeze")]
[JsonDerivedType(typeof(Kill), "kill")]
[JsonDerivedType(typeof(LosePower), "lose-power")]
[JsonDerivedType(typeof(HoldDisk), "hold-disk")]
[JsonDerivedType(typeof(SlowDisk), "slow-disk")]
[JsonDerivedType(typeof(FillDisk), "fill-disk")]
[JsonDerivedType(typeof(ShiftClock), "shift-clock")]
[JsonDerivedType(typeof(CutNode), "cut-node")]
[JsonDerivedType(typeof(FreezeNode), "freeze-node")]
[JsonDerivedType(typeof(KillNode), "kill-node")]
[JsonDerivedType(typeof(ShiftNodeClock), "shift-node-clock")]
public abstract record ScheduledFault(int AtMs, int ForMs)
{
    /// <summary>What it is drawn with.</summary>
    [JsonIgnore]
    public abstract FaultFamily Family { get; }

    /// <summary>For those who read a schedule.</summary>
    [JsonIgnore]
    public abstract string Words { get; }

    [JsonIgnore]
    public int UntilMs => AtMs + ForMs;

    /// <summary>Ranks that it names.</summary>
    [JsonIgnore]
    public virtual IEnumerable<int> Ranks => [];

    /// <summary>Numbers of media nodes that it names.</summary>
    [JsonIgnore]
    public virtual IEnumerable<int> Nodes => [];

    protected static string Name(int rank) => rank == 0 ? "the leader" : $"follower {rank}";
}

/// <summary>What faults are drawn by: a seed takes two or three of them together.</summary>
public enum FaultFamily { Links, Processes, Disks, Power, Clocks, Nodes }

/// <summary>All at one moment: the second of each pair does not hear the first.</summary>
/// <param name="Shape">How the partition is called that they make.</param>
public sealed record CutLinks(int AtMs, int ForMs, string Shape, IReadOnlyList<int[]> Links) : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Links;
    public override string Words => $"{Shape}: cut {string.Join(' ', Links.Select(link => $"{link[0]}→{link[1]}"))}";
    public override IEnumerable<int> Ranks => Links.SelectMany(static link => link).Distinct();
}

/// <summary>SIGSTOP, then SIGCONT.</summary>
public sealed record Freeze(int AtMs, int ForMs, int Replica) : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Processes;
    public override string Words => $"freeze {Name(Replica)}";
    public override IEnumerable<int> Ranks => [Replica];
}

/// <summary>kill -9; it is started again at the end.</summary>
public sealed record Kill(int AtMs, int ForMs, int Replica) : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Processes;
    public override string Words => $"kill -9 {Name(Replica)}";
    public override IEnumerable<int> Ranks => [Replica];
}

/// <summary>What was not synced on their disks is gone; they are started again at the end.</summary>
public sealed record LosePower(int AtMs, int ForMs, IReadOnlyList<int> Replicas) : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Power;
    public override string Words => $"power loss of {string.Join(", ", Replicas.Select(Name))}";
    public override IEnumerable<int> Ranks => Replicas;
}

/// <summary>Nothing that it writes becomes durable, or fails, until the end.</summary>
public sealed record HoldDisk(int AtMs, int ForMs, int Replica) : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Disks;
    public override string Words => $"hold the disk of {Name(Replica)}";
    public override IEnumerable<int> Ranks => [Replica];
}

/// <param name="EachMs">By so much each write and each sync takes longer.</param>
public sealed record SlowDisk(int AtMs, int ForMs, int Replica, int EachMs) : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Disks;
    public override string Words => $"slow the disk of {Name(Replica)} by {EachMs} ms";
    public override IEnumerable<int> Ranks => [Replica];
}

/// <summary>No byte is left on its disk; at the end there is room again, and it is started if it had ended.</summary>
public sealed record FillDisk(int AtMs, int ForMs, int Replica) : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Disks;
    public override string Words => $"fill the disk of {Name(Replica)}";
    public override IEnumerable<int> Ranks => [Replica];
}

/// <summary>Its wall clock is that much ahead; elapsed time goes on as it does.</summary>
public sealed record ShiftClock(int AtMs, int ForMs, int Replica, int ByMs) : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Clocks;
    public override string Words => $"shift the clock of {Name(Replica)} by {ByMs / 1e3:+0.0;-0.0} s";
    public override IEnumerable<int> Ranks => [Replica];
}

/// <summary>A media node and those replicas do not hear each other, both ways or one.</summary>
public sealed record CutNode(int AtMs, int ForMs, int Node, IReadOnlyList<int> Replicas, bool ToNode, bool FromNode)
    : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Nodes;
    public override string Words => $"cut media node {Node + 1} "
        + (ToNode && FromNode ? "from " : ToNode ? "off what comes from " : "off on the way to ")
            + string.Join(", ", Replicas.Select(Name));
    public override IEnumerable<int> Ranks => Replicas;
    public override IEnumerable<int> Nodes => [Node];
}

public sealed record FreezeNode(int AtMs, int ForMs, int Node) : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Nodes;
    public override string Words => $"freeze media node {Node + 1}";
    public override IEnumerable<int> Nodes => [Node];
}

public sealed record KillNode(int AtMs, int ForMs, int Node) : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Nodes;
    public override string Words => $"kill -9 media node {Node + 1}";
    public override IEnumerable<int> Nodes => [Node];
}

public sealed record ShiftNodeClock(int AtMs, int ForMs, int Node, int ByMs) : ScheduledFault(AtMs, ForMs)
{
    public override FaultFamily Family => FaultFamily.Clocks;
    public override string Words => $"shift the clock of media node {Node + 1} by {ByMs / 1e3:+0.0;-0.0} s";
    public override IEnumerable<int> Nodes => [Node];
}
