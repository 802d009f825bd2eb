using System.Text;
using LiveKitRoom = LiveKit.Proto.Room;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>Rooms as LiveKit's clients see them.</summary>
internal static class RoomMapping
{
    internal static LiveKitRoom ToLiveKit(this V1.Room room) => new()
    {
        // A sid tells lives of one name apart; creation times of a name differ.
        Sid = "RM_" + Convert.ToHexStringLower(System.IO.Hashing.XxHash64.Hash(Encoding.UTF8.GetBytes($"{room.RoomId}/{room.CreatedAtMs}"))),
        Name = room.RoomId,
        EmptyTimeout = room.EmptyTimeoutSeconds,
        MaxParticipants = room.MaxParticipants,
        CreationTime = room.CreatedAtMs / 1000,
        CreationTimeMs = room.CreatedAtMs,
        Metadata = room.Metadata.ToStringUtf8(),
        NumParticipants = room.Participants,
        NumPublishers = room.Publishers,
    };
}
