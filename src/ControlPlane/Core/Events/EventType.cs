namespace VideoScale.ControlPlane.Events;

/// <summary>Numbers of event types in canonical bytes. Append only: a number is never given again.</summary>
public enum EventType : ushort
{
    RoomCreated = 1,
    PlacementDecided = 2,
    RoomPlaced = 3,
    RoomRevoked = 4,
    RoomReleased = 5,
    RoomMoveRequested = 6,
    RoomClosing = 7,
    RoomClosed = 8,
    PlacementFailed = 9,
    RoomUpdated = 10,

    ParticipantAdmitted = 20,
    ParticipantJoined = 21,
    ParticipantLeft = 22,
    ParticipantRemoved = 23,
    ParticipantRoleChanged = 24,
    SeatExpired = 25,
    AdmissionDenied = 26,

    MediaNodeRegistered = 40,
    MediaNodeSuspected = 41,
    MediaNodeRecovered = 42,
    MediaNodeLost = 43,
    MediaNodeCordoned = 44,
    MediaNodeUncordoned = 45,
    MediaNodeDeregistered = 46,
    MediaNodeLeft = 47,
    DrainBlocked = 48,
    DrainDeadlineChanged = 49,

    DrainStarted = 60,
    DrainRoomMoved = 61,
    DrainTimedOut = 62,
    DrainCompleted = 63,
    DrainCancelled = 64,

    LeadershipRecorded = 80,
    CheckpointCommitted = 81,
    LeaseSettingsChanged = 82,
    RulesVersionRaised = 83,
    RecoveryGenerationRaised = 84,
    ReplicaDiverged = 85,
    CommandRejected = 86,
    MemberChangeRequested = 87,
    LogSealed = 88,

    WebhookAdded = 100,
    WebhookAdvanced = 101,
    WebhookReplayAsked = 102,
    WebhookForgotten = 103,
    ParticipantDescribed = 104,
    TrackPublished = 105,
    TrackUnpublished = 106,
}
