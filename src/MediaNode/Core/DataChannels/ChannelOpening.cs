using System.Buffers.Binary;
using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.DataChannels;

/// <summary>How a channel is opened in its own stream (DCEP, RFC 8832).</summary>
internal static class ChannelOpening
{
    private const byte OpenType = 3, AckType = 2;
    private const int HeaderLength = 12;
    private const byte Unordered = 0x80;

    internal static readonly byte[] Ack = [AckType];

    /// <returns>Null when it opens nothing.</returns>
    internal static DataChannel? Read(ushort stream, ReadOnlySpan<byte> message)
    {
        if (message.Length < HeaderLength || message[0] != OpenType) return null;
        var parameter = BinaryPrimitives.ReadUInt32BigEndian(message[4..]);
        var labelLength = BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
        if (message.Length < HeaderLength + labelLength) return null;
        var (retransmits, lifeUs) = ((int?)null, (long?)null);
        switch (message[1] & ~Unordered)
        {
            case 0: break;
            case 1: retransmits = (int)Math.Min(parameter, int.MaxValue); break;
            case 2: lifeUs = parameter * 1_000L; break;
            default: return null;
        }
        var delivery = new Delivery((message[1] & Unordered) != 0, retransmits, lifeUs);
        return new DataChannel(stream, DataChannel.KindOf(message.Slice(HeaderLength, labelLength)), delivery);
    }
}
