using System.Diagnostics;

namespace VideoScale.Harness.Links;

/// <summary>One direction of one client's path: decides by a seed what becomes of each datagram, and counts it.</summary>
internal sealed class LossyPath(int seed)
{
    private readonly Random _random = new(seed);
    private readonly Lock _gate = new();
    private LinkCount _count;
    private double _freeAtMs;

    internal LinkPolicy Policy { get; set; } = LinkPolicy.Clear;
    internal LinkCount Count { get { lock (_gate) return _count; } }
    internal static double NowMs => Stopwatch.GetTimestamp() * 1000.0 / Stopwatch.Frequency;

    /// <returns>When it arrives, on the clock of <see cref="NowMs"/>; null when it is lost.</returns>
    internal double? Pass(ReadOnlySpan<byte> datagram, double nowMs)
    {
        var isMedia = datagram[0] is >= 128 and <= 191;
        lock (_gate)
        {
            var arrival = Decide(datagram.Length, nowMs);
            var lost = arrival is null ? 1 : 0;
            _count = isMedia
                ? _count with { Media = _count.Media + 1, MediaLost = _count.MediaLost + lost }
                : _count with { Other = _count.Other + 1, OtherLost = _count.OtherLost + lost };
            return arrival;
        }
    }

    private double? Decide(int octets, double nowMs)
    {
        var policy = Policy;
        var chance = _random.NextDouble(); // drawn for every datagram, so that a change of policy moves nothing else
        var jitter = _random.NextDouble() * policy.JitterMs;
        if (policy.Blocked || chance < policy.Loss) return null;
        var leavesMs = nowMs;
        if (policy.Kbps > 0)
        {
            if (_freeAtMs - nowMs > LinkPolicy.QueueMs) return null;
            _freeAtMs = leavesMs = Math.Max(_freeAtMs, nowMs) + octets * 8.0 / policy.Kbps;
        }
        return leavesMs + policy.DelayMs + jitter;
    }
}
