namespace VideoScale.MediaNode.Tcp;

/// <summary>What receivers that were too slow for it did not get; one for many queues.</summary>
/// <remarks>Counters since the start, written by the queues' caller alone.</remarks>
public sealed class QueueDrops
{
    /// <summary>Pictures of which nothing, or not all, was queued.</summary>
    public long Pictures { get; internal set; }
    /// <summary>Their packets.</summary>
    public long PicturePackets { get; internal set; }
    /// <summary>Packets of pictures that were asked for again.</summary>
    public long Repairs { get; internal set; }
    /// <summary>Packets of data channels, which SCTP sends again.</summary>
    public long DataPackets { get; internal set; }
    /// <summary>Octets of all of them.</summary>
    public long Octets { get; internal set; }
}
