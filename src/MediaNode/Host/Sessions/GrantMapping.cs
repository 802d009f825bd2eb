using LiveKit.Proto;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Between what a token grants and what LiveKit's clients are told of it.</summary>
internal static class GrantMapping
{
    /// <summary>Stands for those that are none.</summary>
    private const int NoSource = -1;

    internal static ParticipantPermission ToPermission(this SessionGrants grants)
    {
        var permission = new ParticipantPermission
        {
            CanPublish = grants.CanPublish,
            CanSubscribe = grants.CanSubscribe,
            CanPublishData = grants.CanPublishData,
            Hidden = grants.Hidden,
            Recorder = grants.Recorder,
            CanUpdateMetadata = grants.CanUpdateMetadata,
        };
        permission.CanPublishSources.AddRange(grants.CanPublishSources.Select(source => Enum.IsDefined((TrackSource)source)
            ? (TrackSource)source : TrackSource.Unknown).Distinct());
        return permission;
    }

    /// <summary>An empty list of sources allows them all; one that names none we know allows none.</summary>
    internal static bool AllowsSource(this SessionGrants grants, TrackSource source) =>
        grants.CanPublish && (grants.CanPublishSources.Count == 0 || grants.CanPublishSources.Contains((int)source));

    internal static SessionGrants ToGrants(this ParticipantPermission permission)
    {
        var grants = new SessionGrants
        {
            CanPublish = permission.CanPublish,
            CanSubscribe = permission.CanSubscribe,
            CanPublishData = permission.CanPublishData,
            Hidden = permission.Hidden,
            Recorder = permission.Recorder,
            CanUpdateMetadata = permission.CanUpdateMetadata,
        };
        grants.CanPublishSources.AddRange(permission.CanPublishSources.Select(source => Enum.IsDefined(source) ? (int)source : NoSource)
            .Distinct());
        return grants;
    }
}
