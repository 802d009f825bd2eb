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

    internal static bool IsAck(ReadOnlySpan<byte> message) => message.Length > 0 && message[0] == AckType;

    internal static byte[] Write(DataChannel channel)
    {
        var label = DataChannel.LabelOf(channel.Kind);
        var message = new byte[HeaderLength + label.Length];
        var (type, parameter) = channel.Delivery switch
        {
            { MaxRetransmits: { } retransmits } => (1, (uint)retransmits),
            { MaxLifeUs: { } lifeUs } => (2, (uint)(lifeUs / 1_000)),
            _ => (0, 0u),
        };
        message[0] = OpenType;
        message[1] = (byte)(type | (channel.Delivery.IsUnordered ? Unordered : 0));
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), parameter);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(8), (ushort)label.Length);
        label.CopyTo(message.AsSpan(HeaderLength));
        return message;
    }

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
