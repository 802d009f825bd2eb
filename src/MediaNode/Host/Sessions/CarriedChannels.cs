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
}
