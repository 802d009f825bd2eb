namespace MartenReader;

// Of each event only what this application wants: JSON that has no property here is left aside. To fetch a stream, each type in it needs a
// class, and an empty one will do; the daemon leaves out what has none.
// Epochs are larger than a long holds: always ulong.

public sealed record RoomCreated(string Room, uint MaxParticipants);

public sealed record RoomPlaced(string Room, ulong Epoch, string Node, string From);

public sealed record RoomClosed(string Room, string Reason);

public sealed record ParticipantJoined(string Room, string Identity, ulong Epoch);

public sealed record ParticipantLeft(string Room, string Identity, ulong Epoch);

public sealed record PlacementDecided;

public sealed record PlacementFailed;

public sealed record RoomRevoked;

public sealed record RoomReleased;

public sealed record RoomMoveRequested;

public sealed record RoomClosing;

public sealed record RoomUpdated;

public sealed record ParticipantAdmitted;

public sealed record ParticipantRemoved;

public sealed record ParticipantRoleChanged;

public sealed record SeatExpired;

public sealed record AdmissionDenied;

public sealed record CommandRejected;

public sealed record ParticipantDescribed;

public sealed record TrackPublished;

public sealed record TrackUnpublished;
