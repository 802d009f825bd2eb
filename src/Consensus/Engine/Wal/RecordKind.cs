using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>What a record of the log says. Values are on disk: only append.</summary>
internal enum RecordKind : byte
{
    /// <summary>A log entry.</summary>
    Entry = 1,
    /// <summary>Term, vote (in the session field) and commit (in the index field).</summary>
    HardState = 2,
    /// <summary>Entries above the index are gone; a new leader's take their place.</summary>
    Truncate = 3,
    /// <summary>Entries up to the index are not needed any more.</summary>
    Base = 4,
    /// <summary>The whole log is gone; it goes on after this index and term, which a snapshot covers.</summary>
    Reset = 5,
    /// <summary>Everything since the last footer went to disk in one write; the last record of each write.</summary>
    Footer = 6,
}
