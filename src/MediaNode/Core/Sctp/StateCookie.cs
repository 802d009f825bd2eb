using System.Buffers.Binary;

namespace VideoScale.MediaNode.Sctp;

/// <summary>
/// What both sides agreed on in their handshake; it travels as a cookie, so that nothing is kept before the peer shows it.
/// </summary>
/// <param name="PeerWindow">Octets that the peer has room for.</param>
/// <param name="PeerStreams">Streams that the peer takes.</param>
/// <param name="MadeUs">On the clock of whoever made it.</param>
internal readonly record struct StateCookie(uint LocalTag, uint PeerTag, uint LocalTsn, uint PeerTsn, uint PeerWindow,
    ushort PeerStreams, bool ForwardsTsn, bool Reconfigures, long MadeUs)
{
    private const int ContentLength = 4 * 5 + 2 + 1 + 8;
    internal const int Length = ContentLength + NumberSource.SealLength;

    internal void Write(Span<byte> cookie, NumberSource numbers)
    {
        BinaryPrimitives.WriteUInt32BigEndian(cookie, LocalTag);
        BinaryPrimitives.WriteUInt32BigEndian(cookie[4..], PeerTag);
        BinaryPrimitives.WriteUInt32BigEndian(cookie[8..], LocalTsn);
        BinaryPrimitives.WriteUInt32BigEndian(cookie[12..], PeerTsn);
        BinaryPrimitives.WriteUInt32BigEndian(cookie[16..], PeerWindow);
        BinaryPrimitives.WriteUInt16BigEndian(cookie[20..], PeerStreams);
        cookie[22] = (byte)((ForwardsTsn ? 1 : 0) | (Reconfigures ? 2 : 0));
        BinaryPrimitives.WriteInt64BigEndian(cookie[23..], MadeUs);
        numbers.Seal(cookie[..ContentLength], cookie[ContentLength..]);
    }

    internal static bool TryRead(ReadOnlySpan<byte> cookie, NumberSource numbers, out StateCookie read)
    {
        read = default;
        if (cookie.Length != Length || !numbers.IsSealed(cookie[..ContentLength], cookie[ContentLength..])) return false;
        read = new StateCookie(BinaryPrimitives.ReadUInt32BigEndian(cookie), BinaryPrimitives.ReadUInt32BigEndian(cookie[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(cookie[8..]), BinaryPrimitives.ReadUInt32BigEndian(cookie[12..]),
            BinaryPrimitives.ReadUInt32BigEndian(cookie[16..]), BinaryPrimitives.ReadUInt16BigEndian(cookie[20..]),
            (cookie[22] & 1) != 0, (cookie[22] & 2) != 0, BinaryPrimitives.ReadInt64BigEndian(cookie[23..]));
        return true;
    }
}
