namespace VideoScale.MediaNode.Forwarding;

/// <summary>Packets that were on their way to a subscriber and were not sent.</summary>
/// <remarks>Counters since the start, written by the engine's caller alone.</remarks>
public sealed class PacketDrops
{
    /// <summary>The subscriber's transport was not connected.</summary>
    public long Unreachable { get; internal set; }
    /// <summary>The transport did not take it: it seals nothing twice.</summary>
    public long Refused { get; internal set; }
    /// <summary>Taken, and then there was no room in the network's queue.</summary>
    public long NoRoom { get; internal set; }
}
