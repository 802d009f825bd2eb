using System.Buffers;
using System.Buffers.Binary;

namespace VideoScale.Consensus.DotNext.Log;

/// <summary>
/// What stands in an entry of DotNext's log, little-endian: u8 kind, then for commands u64 session, u64 sequence, and the command.
/// </summary>
internal static class Payload
{
    internal const int CommandHeadBytes = 17;

    /// <summary>What a new leader commits first: never empty, since the log hands over nothing for an entry without bytes.</summary>
    internal static ReadOnlyMemory<byte> Noop { get; } = new[] { (byte)EntryKind.Noop };

    internal static byte[] Command(ProposalId id, ReadOnlySpan<byte> command)
    {
        var bytes = new byte[CommandHeadBytes + command.Length];
        bytes[0] = (byte)EntryKind.Command;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(1), id.Session);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(9), id.Sequence);
        command.CopyTo(bytes.AsSpan(CommandHeadBytes));
        return bytes;
    }

    /// <summary>A copy that outlives the log's own pages.</summary>
    internal static Entry Read(long index, long term, in ReadOnlySequence<byte> payload)
    {
        var bytes = payload.ToArray();
        if (bytes is [(byte)EntryKind.Noop]) return new Entry((ulong)index, (ulong)term, EntryKind.Noop, ProposalId.None, default);
        if (bytes.Length < CommandHeadBytes || bytes[0] != (byte)EntryKind.Command)
            throw new InvalidDataException($"entry {index} of the log is neither a command nor a leader's first");
        var id = new ProposalId(BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(1)),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(9)));
        return new Entry((ulong)index, (ulong)term, EntryKind.Command, id, bytes.AsMemory(CommandHeadBytes));
    }
}
