namespace VideoScale.MediaNode.DataChannels;

/// <summary>How fast a peer takes what it is sent, over about a second.</summary>
internal sealed class DrainRate
{
    private const long StepUs = 100_000;
    private long _octets, _atUs;

    /// <summary>Octets in 100 ms.</summary>
    internal long OctetsPerStep { get; private set; }

    /// <param name="acked">Octets acknowledged since the beginning.</param>
    internal void Step(long acked, long nowUs)
    {
        if (nowUs - _atUs < StepUs) return;
        var octets = Math.Max(0, acked - _octets) * StepUs / (nowUs - _atUs);
        OctetsPerStep += (octets - OctetsPerStep) / 4;
        if (octets > OctetsPerStep) OctetsPerStep = octets; // it could at least once
        (_octets, _atUs) = (acked, nowUs);
    }
}
