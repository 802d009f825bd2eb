using System.Buffers;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace VideoScale.Consensus.DotNext.Cluster;

/// <summary>An entry's bytes, wherever DotNext holds them.</summary>
internal static class EntryBytes
{
    internal static void Copy<TEntry>(in TEntry entry, Span<byte> target) where TEntry : IRaftLogEntry
    {
        if (entry.TryGetMemory(out var memory)) memory.Span.CopyTo(target);
        else if (entry is LogEntry stored && stored.TryGetPayload(out var pages)) pages.CopyTo(target); // across pages of the log
        else throw new InvalidDataException("an entry of the log without bytes");
    }
}
