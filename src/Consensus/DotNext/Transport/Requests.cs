using System.Buffers.Binary;

namespace VideoScale.Consensus.DotNext.Transport;

/// <summary>A candidate's question, also before it becomes one.</summary>
internal readonly record struct VoteRequest(long Term, long LastIndex, long LastTerm)
{
    private const int Bytes = 24;

    internal byte[] ToFrame(FrameType type)
    {
        Span<byte> body = stackalloc byte[Bytes];
        BinaryPrimitives.WriteInt64LittleEndian(body, Term);
        BinaryPrimitives.WriteInt64LittleEndian(body[8..], LastIndex);
        BinaryPrimitives.WriteInt64LittleEndian(body[16..], LastTerm);
        return Frame.Make(type, body);
    }

    internal static VoteRequest Decode(ReadOnlySpan<byte> body) => body.Length == Bytes
        ? new VoteRequest(BinaryPrimitives.ReadInt64LittleEndian(body), BinaryPrimitives.ReadInt64LittleEndian(body[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(body[16..]))
        : throw new ProtocolException("a question for a vote of unknown shape");
}

/// <param name="Value">What the request's kind answers with: a vote, or what became of entries.</param>
/// <param name="Index">Of a read.</param>
internal readonly record struct Reply(long Term, byte Value, long Index = 0)
{
    private const int Bytes = 24;

    internal byte[] ToFrame()
    {
        Span<byte> body = stackalloc byte[Bytes];
        body.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(body, Term);
        BinaryPrimitives.WriteInt64LittleEndian(body[8..], Index);
        body[16] = Value;
        return Frame.Make(FrameType.Reply, body);
    }

    internal static Reply Decode(ReadOnlyMemory<byte> body) => body.Length == Bytes
        ? new Reply(BinaryPrimitives.ReadInt64LittleEndian(body.Span), body.Span[16],
            BinaryPrimitives.ReadInt64LittleEndian(body.Span[8..]))
        : throw new ProtocolException("a reply of unknown shape");
}

/// <summary>The head of a piece of entries; the entries follow it, each with its term (i64), its length (i32) and its bytes.</summary>
internal readonly record struct AppendHead(long Term, long PreviousIndex, long PreviousTerm, long CommitIndex, int Count)
{
    internal const int Bytes = 36;
    internal const int EntryBytes = 12;

    internal void Write(Span<byte> body)
    {
        BinaryPrimitives.WriteInt64LittleEndian(body, Term);
        BinaryPrimitives.WriteInt64LittleEndian(body[8..], PreviousIndex);
        BinaryPrimitives.WriteInt64LittleEndian(body[16..], PreviousTerm);
        BinaryPrimitives.WriteInt64LittleEndian(body[24..], CommitIndex);
        BinaryPrimitives.WriteInt32LittleEndian(body[32..], Count);
    }

    internal static AppendHead Read(ReadOnlySpan<byte> body) => body.Length >= Bytes
        ? new AppendHead(BinaryPrimitives.ReadInt64LittleEndian(body), BinaryPrimitives.ReadInt64LittleEndian(body[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(body[16..]), BinaryPrimitives.ReadInt64LittleEndian(body[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(body[32..]))
        : throw new ProtocolException("entries of unknown shape");
}

/// <summary>What this replica does with what others ask of it.</summary>
internal interface IRequests
{
    bool Knows(MemberId member);

    /// <summary>At once, whatever else is under way.</summary>
    Reply Ping();

    ValueTask<Reply> PreVoteAsync(MemberId from, VoteRequest request, CancellationToken cancellationToken);
    ValueTask<Reply> VoteAsync(MemberId from, VoteRequest request, CancellationToken cancellationToken);

    /// <param name="entries">As they stand behind the head; borrowed until the call ends.</param>
    ValueTask<Reply> AppendAsync(MemberId from, AppendHead head, ReadOnlyMemory<byte> entries, CancellationToken cancellationToken);

    ValueTask<Reply> ReadIndexAsync(CancellationToken cancellationToken);

    /// <summary>A whole snapshot arrived and is durable in the store.</summary>
    ValueTask<Reply> InstallAsync(MemberId from, long term, SnapshotMeta meta, CancellationToken cancellationToken);
}
