using LiveKit.Proto;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Who left a room lately; bounded. Clients that were away at the time keep whoever they are not told of.</summary>
internal sealed class Departures
{
    private const int MostKept = 1_024;

    private readonly Queue<(ParticipantInfo Info, long AtMs)> _kept = new();
    private long? _forgottenAtMs;

    internal void Add(ParticipantInfo departed, long nowMs)
    {
        // Without its texts, which nobody needs of someone who is gone.
        var info = new ParticipantInfo
        {
            Sid = departed.Sid,
            Identity = departed.Identity,
            State = departed.State,
            DisconnectReason = departed.DisconnectReason,
            Version = departed.Version,
            Kind = departed.Kind,
        };
        _kept.Enqueue((info, nowMs));
        if (_kept.Count > MostKept) _forgottenAtMs = _kept.Dequeue().AtMs;
    }

    /// <summary>False when some who left since then are not known any more.</summary>
    internal bool Reaches(long sinceMs) => _forgottenAtMs is null || _forgottenAtMs < sinceMs;

    internal IEnumerable<(ParticipantInfo Info, long AtMs)> Since(long sinceMs) => _kept.Where(departed => departed.AtMs >= sinceMs);
}
