using System.Net;
using Microsoft.Extensions.Logging;

namespace VideoScale.Consensus;

/// <summary>A consensus engine: what stands behind <see cref="IReplicatedLog"/>, and where it keeps what it must not lose.</summary>
public interface ILogEngine
{
    /// <summary>As <c>--engine</c> and a data directory's identity say it.</summary>
    string Name { get; }

    /// <summary>Opens the directory of one member, for this process alone.</summary>
    /// <exception cref="DataDirectoryException">Foreign, in use, or of another format.</exception>
    ILogDirectory Open(string path, UInt128 clusterId, MemberId self);

    /// <summary>
    /// Makes what a log of this engine begins with when it goes on after a sealed entry of another. Durable when it returns.
    /// </summary>
    /// <param name="folder">Empty; becomes a part of the member's directory later.</param>
    /// <exception cref="DataDirectoryException">It cannot go on there.</exception>
    void BeginAfter(string folder, UInt128 clusterId, MemberId self, LogPlace place);
}

/// <summary>A sealed entry, after which a log goes on.</summary>
/// <param name="Index">Its own.</param>
/// <param name="Term">Its own.</param>
/// <param name="SeenTerm">The highest that the member knows of: terms go on above it.</param>
public sealed record LogPlace(ulong Index, ulong Term, ulong SeenTerm);

/// <summary>A directory whose log goes on after a sealed entry of an earlier one.</summary>
/// <param name="To">The engine with which it does.</param>
/// <param name="HasRun">The member has taken part in the log since.</param>
public sealed record LogMove(LogPlace After, string To, bool HasRun);

/// <param name="Content">What the reader made of it.</param>
public sealed record SnapshotContent<T>(SnapshotMeta Meta, T Content);

/// <summary>A member's directory, locked until it is disposed.</summary>
public interface ILogDirectory : IDisposable
{
    string Path { get; }

    /// <summary>Starts the replica that the directory belongs to.</summary>
    /// <exception cref="DataDirectoryException">Damaged, and no other member could repair it.</exception>
    /// <exception cref="IOException">It cannot listen.</exception>
    IReplicatedLog Start(LogSetup setup, IReplicatedStateMachine machine, ILoggerFactory loggers);

    /// <summary>Asks who is at an address, before anybody relies on it.</summary>
    /// <returns>What was found there instead; null when it is that member of this cluster.</returns>
    Task<string?> WhyNotAtAsync(MemberId member, string address, CancellationToken cancellationToken);

    /// <summary>What the log of a stopped replica holds. Nothing is changed.</summary>
    /// <exception cref="DataDirectoryException">What it acknowledged is missing or not confirmed: another replica's directory must be
    /// taken.</exception>
    LogSummary Summarize();

    /// <summary>Writes, behind all that the log holds, a membership and a command that count as committed.</summary>
    /// <param name="prepare">Called once nothing can be refused any more, and before anything is written.</param>
    void BeginAnew(Membership membership, ReadOnlyMemory<byte> command, Action prepare);

    /// <summary>How the log of this directory came from an earlier one; null when it began with entry 1.</summary>
    LogMove? Move { get; }

    /// <summary>Reads the newest sound snapshot of a stopped replica; null without one.</summary>
    SnapshotContent<T>? ReadSnapshot<T>(Func<ISnapshotReader, T> read);

    /// <summary>
    /// Turns the directory of a stopped replica, whose newest snapshot is of the sealed state, into one whose log goes on after the sealed
    /// entry with an engine. What the log was goes aside and is kept. Interrupted, it is done either not at all or by whoever opens the
    /// directory next.
    /// </summary>
    /// <param name="index">The sealed entry's.</param>
    /// <param name="term">The sealed entry's.</param>
    /// <param name="voters">Who votes from then on.</param>
    /// <param name="prepare">Writes into a folder what else of the directory is another from then on.</param>
    /// <exception cref="DataDirectoryException">It cannot be moved; nothing was changed.</exception>
    void MoveTo(ILogEngine engine, ulong index, ulong term, Membership voters, Action<string> prepare);
}

/// <param name="Voters">Of the last membership in the log; null when the log holds none.</param>
public sealed record LogSummary(ulong LastTerm, ulong LastIndex, ulong CommitIndex, IReadOnlyList<MemberId>? Voters);

/// <summary>How a replica takes part.</summary>
public sealed record LogSetup
{
    public required IPEndPoint Listen { get; init; }

    /// <summary>All that are known at the start, this one included; later ones come with the membership.</summary>
    public required IReadOnlyList<MemberAddress> Members { get; init; }

    /// <summary>Who voted first; empty for a replica that joined and learns it from the log.</summary>
    public required Membership Founders { get; init; }

    /// <summary>Founding members that never ran: an operator answers for it.</summary>
    public IReadOnlyList<MemberId> StartsWithout { get; init; } = [];

    /// <summary>This member was admitted to a cluster that ran before it: an empty log is a lost one.</summary>
    public bool TookPart { get; init; }

    /// <summary>The last entry that something derived from the log is known to reach: a log that ends before it has lost its end.</summary>
    public ulong WitnessedIndex { get; init; }

    public int TickMs { get; init; } = 50;
    public int MaxCommandBytes { get; init; } = 8 << 20;

    /// <summary>Bytes of applied log after which a snapshot is written.</summary>
    public long SnapshotLogBytes { get; init; } = 64L << 20;

    /// <summary>The most that one snapshot on its way takes of the network; 0: no limit.</summary>
    public long SnapshotBytesPerSecond { get; init; }
}

/// <summary>A data directory that this process must not use; the message says what to do.</summary>
public class DataDirectoryException : Exception
{
    public DataDirectoryException() { }
    public DataDirectoryException(string message) : base(message) { }
    public DataDirectoryException(string message, Exception innerException) : base(message, innerException) { }
}
