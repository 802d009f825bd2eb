namespace VideoScale.Harness.Links;

/// <summary>What one direction of a path does to datagrams.</summary>
/// <param name="Loss">Chance of each datagram to be lost, 0 to 1.</param>
/// <param name="DelayMs">Every datagram takes at least this long.</param>
/// <param name="JitterMs">And up to this much longer, each by chance: what is sent close together changes places.</param>
/// <param name="Kbps">Widest rate, in kbit/s; what does not fit into a queue of <see cref="QueueMs"/> is lost. 0 for no limit.</param>
/// <param name="Blocked">Nothing passes.</param>
public sealed record LinkPolicy(double Loss = 0, int DelayMs = 0, int JitterMs = 0, int Kbps = 0, bool Blocked = false)
{
    public const int QueueMs = 200;
    public static LinkPolicy Clear { get; } = new();
}

/// <summary>What one direction of a path has done.</summary>
/// <param name="Media">RTP and RTCP under SRTP: first octet 128 to 191 (RFC 7983).</param>
/// <param name="MediaLost">Of them, lost.</param>
public readonly record struct LinkCount(long Media, long MediaLost, long Other, long OtherLost)
{
    public double LossFraction => Media == 0 ? 0 : MediaLost / (double)Media;
    public static LinkCount operator -(LinkCount a, LinkCount b) =>
        new(a.Media - b.Media, a.MediaLost - b.MediaLost, a.Other - b.Other, a.OtherLost - b.OtherLost);
    public LinkCount Subtract(LinkCount other) => this - other;
}
