using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;
using VideoScale.Consensus.Engine.Wal;

namespace VideoScale.Consensus.Engine.Storage;

/// <summary>
/// Looks whether a log that reads well once held more than it does: its directory was emptied in part, or its end is gone.
/// </summary>
internal static class LogLoss
{
    /// <returns>What is missing; null when nothing says so.</returns>
    internal static RotFoundException? Of(DataDirectory directory, WriteAheadLog log, LoadedLog loaded, SnapshotMeta? snapshot,
        LogOriginFile? origin, LogWitness witness)
    {
        var end = Math.Max(loaded.BaseIndex + (ulong)loaded.Entries.Count, snapshot?.Index ?? 0);
        if (!log.HasRecords)
        {
            if (origin is { IsNew: false }) return Lost(directory, "the log is empty, and this replica took part with it", 0);
            if (snapshot is not null) return Lost(directory, $"the log is empty, and a snapshot of it reaches entry {snapshot.Index}", 0);
            if (witness.TookPart) return Lost(directory, "the log is empty, and this replica was a member already", 0);
        }
        if (witness.LastIndex > end)
            return Lost(directory, $"the log ends at entry {end}, and the event log holds what follows from entry {witness.LastIndex}",
                end);
        return origin is not null && origin.Committed > end
            ? Lost(directory, $"the log ends at entry {end}, and entry {origin.Committed} was committed", end) : null;
    }

    private static RotFoundException Lost(DataDirectory directory, string what, ulong end) =>
        RotFoundException.Missing($"{directory.LogPath} lost entries after {end}: {what}. Its files were deleted, replaced or set back");
}
