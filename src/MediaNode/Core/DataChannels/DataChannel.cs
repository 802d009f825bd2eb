using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.DataChannels;

/// <summary>LiveKit's channels, by their labels.</summary>
public enum DataChannelKind : byte { Reliable = 0, Lossy = 1, DataTrack = 2, Other = 3 }

/// <summary>One data channel of a peer (RFC 8831): both directions of one stream.</summary>
/// <param name="Delivery">As whoever opened it wants its messages delivered; ours go the same way.</param>
public sealed record DataChannel(ushort Stream, DataChannelKind Kind, Delivery Delivery)
{
    internal static DataChannelKind KindOf(ReadOnlySpan<byte> label) =>
        label.SequenceEqual("_reliable"u8) ? DataChannelKind.Reliable
        : label.SequenceEqual("_lossy"u8) ? DataChannelKind.Lossy
        : label.SequenceEqual("_data_track"u8) ? DataChannelKind.DataTrack
        : DataChannelKind.Other;

    internal static ReadOnlySpan<byte> LabelOf(DataChannelKind kind) => kind switch
    {
        DataChannelKind.Reliable => "_reliable"u8,
        DataChannelKind.Lossy => "_lossy"u8,
        DataChannelKind.DataTrack => "_data_track"u8,
        _ => [],
    };

    /// <summary>
    /// Those that we open where a client of LiveKit's older signalling receives; odd streams are for whoever takes the DTLS handshake
    /// (RFC 8832 §6).
    /// </summary>
    internal static readonly DataChannel[] Ours = [new(1, DataChannelKind.Reliable, new Delivery()),
        new(3, DataChannelKind.Lossy, new Delivery(IsUnordered: true, MaxRetransmits: 0))];
}
