using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>Rooms and seats: service, watches, why a room is where it is, and the end of rooms and seats that nobody uses.</summary>
internal sealed class RoomsFeature(ReplicaCore core) : IFeature
{
    internal RoomMutations Mutations { get; } = new(core.Mutations, core.Queries, core.Queue);
    internal RoomReads Reads { get; } = new(core.Queries, core.Queue, core.Gate);
    internal RoomWatches Watches { get; } = new(core.Queries, core.Options.WatchBuffer, core.Metrics);

    public void Register(FeatureRegistry registry)
    {
        registry.Watch(Watches);
        registry.Run(new HousekeepingLoop(core.Terms, core.Queries, core.Commands, core.Time, core.Clock,
            core.Loggers.CreateLogger<HousekeepingLoop>()));
        var explainer = new PlacementExplainer(core.Queries, core.Events.Reader, core.Fleet);
        registry.Serve(new RoomApi(Mutations, Reads, core.Queries, Watches, explainer, core.Absence, core.Gate));
    }
}
