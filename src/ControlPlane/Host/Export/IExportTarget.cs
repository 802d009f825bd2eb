using VideoScale.ControlPlane.Audit;

namespace VideoScale.ControlPlane.Host.Export;

/// <summary>
/// Where the event log goes beside its own files, such as a database. It keeps how far it is with what it was given, so that both change
/// together or not at all. Never called by two at once.
/// </summary>
public interface IExportTarget : IAsyncDisposable
{
    /// <summary>As operators know it; holds no secret.</summary>
    string Name { get; }

    /// <summary>Makes it this exporter's to write, when what it holds is the beginning of this log.</summary>
    /// <returns>The last event that is there.</returns>
    /// <exception cref="ExportException">It cannot be taken.</exception>
    ValueTask<ulong> TakeOverAsync(ExportClaim claim, IExportedLog log, CancellationToken cancellationToken);

    /// <summary>Writes the events that follow those that are there: all of them or none.</summary>
    /// <exception cref="ExportException">They may be there or not: <see cref="TakeOverAsync"/> says.</exception>
    ValueTask WriteAsync(IReadOnlyList<EventEnvelope> batch, CancellationToken cancellationToken);

    /// <summary>Sees that it is as this exporter left it.</summary>
    /// <exception cref="ExportException">It is another's now, was set back, or does not answer.</exception>
    ValueTask CheckAsync(CancellationToken cancellationToken);
}

/// <summary>Who wants to export.</summary>
/// <param name="ClusterId">32 hex digits.</param>
/// <param name="Term">Of the leader: whoever exports in an older one has to stop.</param>
/// <param name="Exporter">A replica's member id, or a process of its own.</param>
/// <param name="IsLeader">In its own term it has the say; processes of their own only among each other.</param>
public sealed record ExportClaim(string ClusterId, ulong Term, string Exporter, bool IsLeader)
{
    /// <summary>In front of the name of an exporter that is no replica.</summary>
    public const string ProcessPrefix = "process/";

    public bool MayReplace(string other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return IsLeader || other.Length == 0 || other.StartsWith(ProcessPrefix, StringComparison.Ordinal);
    }
}

/// <summary>The log that is exported, as its target compares itself with it.</summary>
public interface IExportedLog
{
    ulong LastSeq { get; }

    /// <returns>The chain after an event; null when it is not held here.</returns>
    ValueTask<Hash256?> ChainAtAsync(ulong seq, CancellationToken cancellationToken);
}
