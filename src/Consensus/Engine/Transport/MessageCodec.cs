using System.Buffers.Binary;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>
/// A message as a frame body, little-endian:
/// <code>
///  0 u8 kind   1 u8 flags (1 reject, 2 force)   2 u16 zero   4 u32 entries
///  8 u64 from, to, term, index, log term, commit, hint, context
/// 72 entries: u32 payload length, u8 kind, three zeros, u64 term, session, sequence, payload; indexes follow the message's
/// </code>
/// </summary>
internal static class MessageCodec
{
    internal const int HeaderBytes = 72;
    internal const int EntryHeaderBytes = 32;
    private const byte RejectFlag = 1;
    private const byte ForceFlag = 2;

    internal static int Measure(in Message message)
    {
        long bytes = HeaderBytes;
        foreach (ref readonly var entry in message.Entries.Span) bytes += EntryHeaderBytes + entry.Payload.Length;
        return (int)Math.Min(bytes, int.MaxValue);
    }

    internal static void Encode(in Message message, Span<byte> body)
    {
        var entries = message.Entries.Span;
        body[0] = (byte)message.Kind;
        body[1] = (byte)((message.Reject ? RejectFlag : 0) | (message.Force ? ForceFlag : 0));
        BinaryPrimitives.WriteUInt16LittleEndian(body[2..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(body[4..], entries.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(body[8..], message.From.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(body[16..], message.To.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(body[24..], message.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(body[32..], message.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(body[40..], message.LogTerm);
        BinaryPrimitives.WriteUInt64LittleEndian(body[48..], message.Commit);
        BinaryPrimitives.WriteUInt64LittleEndian(body[56..], message.Hint);
        BinaryPrimitives.WriteUInt64LittleEndian(body[64..], message.Context);
        var rest = body[HeaderBytes..];
        foreach (ref readonly var entry in entries)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, (uint)entry.Payload.Length | ((ulong)entry.Kind << 32));
            BinaryPrimitives.WriteUInt64LittleEndian(rest[8..], entry.Term);
            BinaryPrimitives.WriteUInt64LittleEndian(rest[16..], entry.Id.Session);
            BinaryPrimitives.WriteUInt64LittleEndian(rest[24..], entry.Id.Sequence);
            entry.Payload.Span.CopyTo(rest[EntryHeaderBytes..]);
            rest = rest[(EntryHeaderBytes + entry.Payload.Length)..];
        }
    }

    /// <param name="scratch">Takes the entries; grown when needed, reused from message to message.</param>
    /// <returns>A message that borrows from the body and the scratch.</returns>
    /// <exception cref="ProtocolException"/>
    internal static Message Decode(ReadOnlyMemory<byte> body, ref Entry[] scratch)
    {
        var bytes = body.Span;
        if (bytes.Length < HeaderBytes) throw new ProtocolException("a message cut short");
        var kind = (MessageKind)bytes[0];
        if (kind is < MessageKind.PreVote or > MessageKind.GreetReply) throw new ProtocolException($"a message of unknown kind {bytes[0]}");
        var flags = bytes[1];
        if (flags > (RejectFlag | ForceFlag) || BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]) != 0)
            throw new ProtocolException("a message with unknown flags");
        var index = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]);
        var count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        if (count > (uint)(bytes.Length - HeaderBytes) / EntryHeaderBytes || index > ulong.MaxValue - count)
            throw new ProtocolException("a message names more entries than it holds");
        if (count > 0 && kind != MessageKind.Append) throw new ProtocolException($"entries in a {kind}");
        if (scratch.Length < count) scratch = new Entry[Math.Max((int)count, 2 * scratch.Length)];
        DecodeEntries(body[HeaderBytes..], index, scratch.AsSpan(0, (int)count));
        return new Message
        {
            Kind = kind,
            From = new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..])),
            To = new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..])),
            Term = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            Index = index,
            LogTerm = BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]),
            Commit = BinaryPrimitives.ReadUInt64LittleEndian(bytes[48..]),
            Hint = BinaryPrimitives.ReadUInt64LittleEndian(bytes[56..]),
            Context = BinaryPrimitives.ReadUInt64LittleEndian(bytes[64..]),
            Reject = (flags & RejectFlag) != 0,
            Force = (flags & ForceFlag) != 0,
            Entries = scratch.AsMemory(0, (int)count),
        };
    }

    private static void DecodeEntries(ReadOnlyMemory<byte> rest, ulong index, Span<Entry> entries)
    {
        var at = 0;
        var bytes = rest.Span;
        foreach (ref var entry in entries)
        {
            if (bytes.Length - at < EntryHeaderBytes) throw new ProtocolException("an entry cut short");
            var head = BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
            var length = (uint)head;
            var kind = head >> 32;
            if (length > (uint)(bytes.Length - at - EntryHeaderBytes)) throw new ProtocolException("an entry longer than its message");
            if (kind is < (ulong)EntryKind.Command or > (ulong)EntryKind.Configuration)
                throw new ProtocolException($"an entry of unknown kind {kind}");
            entry = new Entry(++index, BinaryPrimitives.ReadUInt64LittleEndian(bytes[(at + 8)..]), (EntryKind)kind,
                new ProposalId(BinaryPrimitives.ReadUInt64LittleEndian(bytes[(at + 16)..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(bytes[(at + 24)..])),
                rest.Slice(at + EntryHeaderBytes, (int)length));
            at += EntryHeaderBytes + (int)length;
        }
        if (at != bytes.Length) throw new ProtocolException("bytes after a message's last entry");
    }
}
