using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.MediaNode.Ownership;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>What a session is known by, from before it is there.</summary>
/// <param name="AtMs">Wall clock of this node, UTC.</param>
internal readonly record struct SessionStart(string Sid, long AtMs)
{
    internal static SessionStart Now() => new("PA_" + MediaPlane.RandomText(12), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
}

/// <summary>What the control plane is told of the session, while somebody is told of it there: who it is and what it publishes.</summary>
internal sealed partial class ParticipantSession
{
    private readonly HashSet<string> _toldTracks = new(StringComparer.Ordinal);
    private readonly TickPace _tellingPace = new(burst: 16);
    private byte[] _toldInfo = [];
    private uint _toldVersion;
    private int _toldFor;

    /// <summary>Who it will be, before it is there: its seat is reported as taken after that.</summary>
    internal static SessionFact Describe(OpenSession open, SessionStart start) =>
        new(SessionFactKind.Described, start.Sid, InfoToTell(InfoOf(open, start, open.Grants ?? new SessionGrants())));

    /// <summary>It was told so when it took its seat.</summary>
    internal void WasDescribed(int telling, SessionFact fact) => (_toldFor, _toldInfo) = (telling, fact.Info.ToArray());

    /// <summary>Twice a second: what has changed since, and after a move all. What came and went between is not told.</summary>
    /// <param name="telling">0: nobody is told. Another number than before: everything is told anew.</param>
    internal void TellChanges(int telling, Action<SessionFact> tell)
    {
        _tellingPace.Tick();
        if (_toldFor != telling)
        {
            (_toldFor, _toldInfo, _toldVersion) = (telling, [], 0);
            _toldTracks.Clear();
        }
        if (telling == 0) return;
        TellInfo(tell);
        foreach (var sid in _toldTracks.ToArray())
        {
            if (Info.Tracks.Any(track => track.Sid == sid)) continue;
            if (!_tellingPace.Take()) return;
            _toldTracks.Remove(sid);
            tell(new(SessionFactKind.TrackUnpublished, sid, default));
        }
        foreach (var track in Info.Tracks)
        {
            if (_toldTracks.Contains(track.Sid)) continue;
            if (!_tellingPace.Take()) return;
            _toldTracks.Add(track.Sid);
            var info = track.CalculateSize() <= SessionFact.MaxInfoBytes ? track.ToByteArray() : [];
            tell(new(SessionFactKind.TrackPublished, track.Sid, info));
        }
    }

    private void TellInfo(Action<SessionFact> tell)
    {
        if (_toldVersion == Info.Version) return;
        var info = InfoToTell(Info);
        if (!info.AsSpan().SequenceEqual(_toldInfo))
        {
            if (!_tellingPace.Take()) return;
            _toldInfo = info;
            tell(new(SessionFactKind.Described, Sid, info));
        }
        _toldVersion = Info.Version;
    }

    /// <summary>Without what changes by itself; of what is too long for the log the longest is left out.</summary>
    private static byte[] InfoToTell(ParticipantInfo info)
    {
        var told = info.Clone();
        told.Tracks.Clear();
        (told.Version, told.State, told.IsPublisher) = (0, ParticipantInfo.Types.State.Joining, false);
        if (told.CalculateSize() > SessionFact.MaxInfoBytes) told.Attributes.Clear();
        if (told.CalculateSize() > SessionFact.MaxInfoBytes) told.Metadata = "";
        return told.ToByteArray();
    }
}
