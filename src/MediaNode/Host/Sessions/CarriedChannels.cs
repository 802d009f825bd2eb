using Google.Protobuf;
using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Sctp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Data channels as a session takes them along.</summary>
internal static class CarriedChannels
{
    internal static CarriedChannel ToCarried(this DataChannel channel)
    {
        var carried = new CarriedChannel { Stream = channel.Stream, Kind = (uint)channel.Kind, Unordered = channel.Delivery.IsUnordered };
        if (channel.Delivery.MaxRetransmits is { } retransmits) carried.MaxRetransmits = (uint)retransmits;
        if (channel.Delivery.MaxLifeUs is { } lifeUs) carried.MaxLifeUs = (ulong)lifeUs;
        return carried;
    }

    internal static DataChannel ToChannel(this CarriedChannel carried) => new((ushort)Math.Min(carried.Stream, ushort.MaxValue),
        carried.Kind <= (uint)DataChannelKind.Other ? (DataChannelKind)carried.Kind : DataChannelKind.Other,
        new Delivery(carried.Unordered, carried.HasMaxRetransmits ? (int)Math.Min(carried.MaxRetransmits, int.MaxValue) : null,
            carried.HasMaxLifeUs ? (long)Math.Min(carried.MaxLifeUs, long.MaxValue) : null));

    internal static CarriedAssociation ToCarried(this SctpHandover association)
    {
        var carried = new CarriedAssociation
        {
            LocalTag = association.LocalTag,
            PeerTag = association.PeerTag,
            PeerPort = association.PeerPort,
            NextTsn = association.NextTsn,
            PeerTsn = association.PeerTsn,
            PeerWindow = association.PeerWindow,
            PeerStreams = association.PeerStreams,
            ForwardsTsn = association.ForwardsTsn,
            Reconfigures = association.Reconfigures,
            RequestNumber = association.RequestNumber,
            PeerRequestNumber = association.PeerRequestNumber,
        };
        foreach (var (stream, number) in association.Outgoing) carried.Outgoing[stream] = number;
        foreach (var (stream, number) in association.Incoming) carried.Incoming[stream] = number;
        return carried;
    }

    internal static SctpHandover? ToAssociation(this CarriedAssociation? carried) => carried is null ? null
        : new SctpHandover(carried.LocalTag, carried.PeerTag, Short(carried.PeerPort), carried.NextTsn, carried.PeerTsn, carried.PeerWindow,
            Short(carried.PeerStreams), carried.ForwardsTsn, carried.Reconfigures, carried.RequestNumber, carried.PeerRequestNumber,
            Numbers(carried.Outgoing), Numbers(carried.Incoming));

    internal static IEnumerable<ByteString> ToCarried(this IEnumerable<byte[]> messages) =>
        messages.Select(message => ByteString.CopyFrom(message));

    private static Dictionary<ushort, ushort> Numbers(IEnumerable<KeyValuePair<uint, uint>> numbers) =>
        numbers.ToDictionary(number => Short(number.Key), number => Short(number.Value));

    private static ushort Short(uint number) => (ushort)Math.Min(number, ushort.MaxValue);
}
