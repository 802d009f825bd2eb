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
}
