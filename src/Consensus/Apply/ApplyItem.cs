
namespace VideoScale.Consensus.Apply;

internal enum ApplyKind : byte { Entry = 1, Restore, Fence, Work, Snapshot, Expire }

/// <summary>One thing for the apply thread to do, in order.</summary>
/// <param name="Subject">By kind: the entry's waiter or null, the snapshot's meta, a fence, work, a snapshot's waiter.</param>
internal readonly record struct ApplyItem(ApplyKind Kind, Entry Entry, object? Subject);
