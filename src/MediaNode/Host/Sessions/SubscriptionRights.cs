using LiveKit.Proto;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// Who may receive which tracks of a participant, as its client asked: looked up for each of the others, so it is sorted once.
/// </summary>
internal sealed class SubscriptionRights
{
    private readonly Dictionary<string, HashSet<string>> _bySid = new(StringComparer.Ordinal), _byIdentity = new(StringComparer.Ordinal);
    private readonly HashSet<string> _everythingToSid = new(StringComparer.Ordinal), _everythingToIdentity = new(StringComparer.Ordinal);

    internal SubscriptionRights(SubscriptionPermission asked)
    {
        Asked = asked;
        foreach (var permission in asked.TrackPermissions)
        {
            Add(permission, permission.ParticipantSid, _everythingToSid, _bySid);
            Add(permission, permission.ParticipantIdentity, _everythingToIdentity, _byIdentity);
        }
    }

    internal SubscriptionPermission Asked { get; }

    internal bool Allow(ParticipantInfo viewer, string trackSid) => Asked.AllParticipants
        || _everythingToSid.Contains(viewer.Sid) || _everythingToIdentity.Contains(viewer.Identity)
        || (_bySid.TryGetValue(viewer.Sid, out var tracks) && tracks.Contains(trackSid))
        || (_byIdentity.TryGetValue(viewer.Identity, out tracks) && tracks.Contains(trackSid));

    private static void Add(TrackPermission permission, string viewer, HashSet<string> everything, Dictionary<string, HashSet<string>> some)
    {
        if (viewer.Length == 0) return;
        if (permission.AllTracks)
        {
            everything.Add(viewer);
            return;
        }
        if (!some.TryGetValue(viewer, out var tracks)) some[viewer] = tracks = new HashSet<string>(StringComparer.Ordinal);
        tracks.UnionWith(permission.TrackSids);
    }
}
