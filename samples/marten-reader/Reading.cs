using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Services;
using Casing = Weasel.Core.Casing;
using EnumStorage = Weasel.Core.EnumStorage;

namespace MartenReader;

/// <summary>Marten over somebody else's events: they are read, and what is made of them lies in a schema of one's own.</summary>
internal static class Reading
{
    private const string OwnSchema = "reader";

    internal static DocumentStore Open(string connection, Follower? follower = null) => DocumentStore.For(options =>
    {
        options.Connection(connection);
        options.DatabaseSchemaName = OwnSchema;
        options.Events.DatabaseSchemaName = "videoscale";
        options.AutoCreateSchemaObjects = AutoCreate.None; // any other would change the tables of the events' owner
        options.Events.StreamIdentity = StreamIdentity.AsString;
        options.Events.MetadataConfig.EnableAll();
        options.Events.MetadataConfig.UserNameEnabled = true;
        options.Serializer(Serializer());
        options.Events.MapEventType<RoomCreated>("room_created");
        options.Events.MapEventType<RoomPlaced>("room_placed");
        options.Events.MapEventType<RoomClosed>("room_closed");
        options.Events.MapEventType<ParticipantJoined>("participant_joined");
        options.Events.MapEventType<ParticipantLeft>("participant_left");
        options.Events.MapEventType<PlacementDecided>("placement_decided");
        options.Events.MapEventType<PlacementFailed>("placement_failed");
        options.Events.MapEventType<RoomRevoked>("room_revoked");
        options.Events.MapEventType<RoomReleased>("room_released");
        options.Events.MapEventType<RoomMoveRequested>("room_move_requested");
        options.Events.MapEventType<RoomClosing>("room_closing");
        options.Events.MapEventType<RoomUpdated>("room_updated");
        options.Events.MapEventType<ParticipantAdmitted>("participant_admitted");
        options.Events.MapEventType<ParticipantRemoved>("participant_removed");
        options.Events.MapEventType<ParticipantRoleChanged>("participant_role_changed");
        options.Events.MapEventType<SeatExpired>("seat_expired");
        options.Events.MapEventType<AdmissionDenied>("admission_denied");
        options.Events.MapEventType<CommandRejected>("command_rejected");
        options.Events.MapEventType<ParticipantDescribed>("participant_described");
        options.Events.MapEventType<TrackPublished>("track_published");
        options.Events.MapEventType<TrackUnpublished>("track_unpublished");
        options.Projections.Errors.SkipUnknownEvents = true;
        options.Projections.RebuildErrors.SkipUnknownEvents = true;
        options.Projections.Snapshot<Room>(SnapshotLifecycle.Async);
        options.Schema.For<Room>().UseNumericRevisions(true);
        if (follower is not null) options.Events.Subscribe(follower);
    });

    /// <summary>Makes the tables of one's own documents, by a store that knows no events and so cannot touch theirs.</summary>
    internal static async Task PrepareAsync(string connection)
    {
        await using var store = DocumentStore.For(options =>
        {
            options.Connection(connection);
            options.DatabaseSchemaName = OwnSchema;
            options.AutoCreateSchemaObjects = AutoCreate.CreateOrUpdate;
            options.Serializer(Serializer());
            options.Schema.For<Room>().UseNumericRevisions(true);
        });
        await store.Storage.Database.EnsureStorageExistsAsync(typeof(Room));
    }

    /// <summary>The events' JSON is in snake case.</summary>
    private static SystemTextJsonSerializer Serializer() => new() { Casing = Casing.SnakeCase, EnumStorage = EnumStorage.AsString };
}
