using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Events;

namespace VideoScale.ControlPlane.Host.Subscriptions;

/// <summary>Where a subscriber runs.</summary>
public enum RunsOn
{
    /// <summary>On every replica, each with a position of its own.</summary>
    EveryReplica,

    /// <summary>On the leader; the next leader goes on from the position that this one told.</summary>
    Leader,
}

/// <summary>Where a subscriber begins that has no position yet.</summary>
public enum BeginsAt { FirstEvent, End }

/// <summary>
/// Whoever follows the event log: gets the events that pass its filter in order, each at least once. The position moves when the handler
/// has returned; a handler that throws gets the same events again, after a pause that grows.
/// </summary>
/// <param name="Name">Of metrics, log lines and the file of its position: lower-case letters, digits and dashes.</param>
/// <param name="HandleAsync">Takes what passed, at most <see cref="MaxBatch"/> at a time. Never called by two at once on one
/// replica.</param>
public sealed record EventSubscriber(string Name, Func<IReadOnlyList<EventEnvelope>, CancellationToken, ValueTask> HandleAsync)
{
    /// <summary>Types that are wanted; empty: all.</summary>
    public IReadOnlySet<EventType> Types { get; init; } = new HashSet<EventType>();

    public RunsOn RunsOn { get; init; } = RunsOn.EveryReplica;
    public BeginsAt BeginsAt { get; init; } = BeginsAt.End;

    /// <summary>
    /// Only the latest matter to it: it begins with so many, and when it falls further behind it leaves out what came before them. Null:
    /// all matter.
    /// </summary>
    public int? OnlyLast { get; init; }

    /// <summary>Rest after each batch: what comes meanwhile is one batch, or, with <see cref="OnlyLast"/>, is mostly never read.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>Its position is kept on disk, and it goes on from there after a restart. Without it, it begins anew each time.</summary>
    public bool IsDurable { get; init; }

    public int MaxBatch { get; init; } = 100;

    /// <summary>
    /// Its place lies with what it writes, and may go back: asked in each term of a leader, and after each failure. Null as an answer: not
    /// now. When nothing comes for a while, its handler gets an empty batch: to see whether that is as it was.
    /// What was said about <see cref="IsDurable"/> and <see cref="BeginsAt"/> does not matter then.
    /// </summary>
    public Func<CancellationToken, ValueTask<ulong?>>? PlaceAsync { get; init; }

    /// <summary>
    /// It takes whole log entries, however many events that makes: says of a log index whether its events are all in the log. With a
    /// <see cref="Pause"/>, after which it is asked again, and without a filter by type or <see cref="OnlyLast"/>.
    /// </summary>
    public Func<ulong, bool>? IsWhole { get; init; }
}
