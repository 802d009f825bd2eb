using System.Buffers.Binary;
using DotNext.IO.Log;
using DotNext.Net.Cluster.Consensus.Raft;
using VideoScale.Consensus.DotNext.Transport;

namespace VideoScale.Consensus.DotNext.Log;

/// <summary>Entries as they arrived, read one after the other from the frame that holds them.</summary>
internal sealed class IncomingEntries(ReadOnlyMemory<byte> bytes, int count) : ILogEntryProducer<BinaryLogEntry>
{
    private ReadOnlyMemory<byte> _rest = bytes;
    private int _left = count;

    public BinaryLogEntry Current { get; private set; }


    public long RemainingCount => _left;

    public ValueTask<bool> MoveNextAsync()
    {
        if (_left == 0) return new ValueTask<bool>(false);
        var (term, length) = Head(_rest.Span);
        Current = new BinaryLogEntry { Term = term, Content = _rest.Slice(AppendHead.EntryBytes, length) };
        _rest = _rest[(AppendHead.EntryBytes + length)..];
        _left--;
        return new ValueTask<bool>(true);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Whether the bytes are what their head says; looked at before any of them is used.</summary>
    /// <returns>The term of the last entry; 0 for none.</returns>
    internal static long Check(ReadOnlySpan<byte> bytes, int count)
    {
        var last = 0L;
        for (var i = 0; i < count; i++)
        {
            var (term, length) = Head(bytes);
            if (term < last) throw new ProtocolException("entries whose terms go back");
            last = term;
            bytes = bytes[(AppendHead.EntryBytes + length)..];
        }
        return bytes.IsEmpty ? last : throw new ProtocolException("bytes behind the last entry");
    }

    private static (long Term, int Length) Head(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < AppendHead.EntryBytes) throw new ProtocolException("entries cut short");
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[sizeof(long)..]);
        if (length <= 0 || length > bytes.Length - AppendHead.EntryBytes) throw new ProtocolException("an entry of impossible length");
        return (BinaryPrimitives.ReadInt64LittleEndian(bytes), length);
    }
}
