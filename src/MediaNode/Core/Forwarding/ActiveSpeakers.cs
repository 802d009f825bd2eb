namespace VideoScale.MediaNode.Forwarding;

/// <summary>Who speaks in one room, from the levels that clients put on their packets (RFC 6464).</summary>
/// <remarks>
/// Constants as LiveKit has them: a level louder than -35 dBov is voice, in 40 % of an interval of 400 ms, smoothed over two intervals.
/// </remarks>
internal sealed class ActiveSpeakers(int room)
{
    public const long IntervalUs = 400_000;
    private const int VoiceDb = 35;
    private const double MinShare = 0.4;
    private const double Smoothing = 0.5;
    private const double SilentLevel = 0.02;

    private sealed class Voice
    {
        public int Track;
        public int Packets;
        public int Loud;
        public long Sum;
        public double Level;
    }

    private readonly List<Voice> _voices = [];
    private List<Speaker> _told = [];
    private long _nextUs;

    public int Room { get; } = room;

    public bool IsEmpty => _voices.Count == 0;
    public void Add(int track) => _voices.Add(new Voice { Track = track });
    public void Remove(int track) => _voices.RemoveAll(voice => voice.Track == track);

    /// <param name="level">As sent: voice flag above, -dBov in the low seven bits.</param>
    public void OnLevel(int track, int level)
    {
        foreach (var voice in _voices)
        {
            if (voice.Track != track) continue;
            var db = level & 0x7F;
            voice.Packets++;
            if (db > VoiceDb) return;
            voice.Loud++;
            voice.Sum += db;
            return;
        }
    }

    /// <summary>The new list when the interval is over and it differs from what was told last, else null.</summary>
    public List<Speaker>? TakeChange(long nowUs)
    {
        if (nowUs < _nextUs) return null;
        _nextUs = nowUs + IntervalUs;
        foreach (var voice in _voices)
        {
            var heard = voice.Packets > 0 && voice.Loud >= MinShare * voice.Packets ? LevelOf((double)voice.Sum / voice.Loud) : 0;
            voice.Level += (heard - voice.Level) * Smoothing;
            if (voice.Level < SilentLevel) voice.Level = 0;
            voice.Packets = 0;
            voice.Loud = 0;
            voice.Sum = 0;
        }
        if (SameAsTold()) return null;
        _told = [.. _voices.Where(voice => voice.Level > 0).Select(voice => new Speaker(voice.Track, Math.Round(voice.Level, 1)))
            .OrderByDescending(speaker => speaker.Level).ThenBy(speaker => speaker.Track)];
        return _told;
    }

    /// <summary>
    /// Linear amplitude of -db dBov, so that -35 is 0.018 and 0 is 1; its square root, because hearing is less than linear.
    /// </summary>
    private static double LevelOf(double db) => Math.Sqrt(Math.Pow(10, -db / 20));

    private bool SameAsTold()
    {
        var speaking = 0;
        foreach (var voice in _voices)
        {
            if (voice.Level <= 0) continue;
            speaking++;
            var found = false;
            foreach (var told in _told) found |= told.Track == voice.Track && Math.Abs(told.Level - voice.Level) < 0.15;
            if (!found) return false;
        }
        return speaking == _told.Count;
    }
}
