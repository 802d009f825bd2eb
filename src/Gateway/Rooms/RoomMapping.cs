using System.Text;
using Google.Protobuf;
using VideoScale.Gateway.Tokens;
using LiveKitRoom = LiveKit.Proto.Room;

namespace VideoScale.Gateway.Rooms;

/// <summary>Rooms as LiveKit's clients see them, and what they wish of them.</summary>
internal static class RoomMapping
{
    private static readonly string[] Served = ["audio/opus", "video/VP8", "video/H264"];

    /// <summary>Who is in it is known to its owner alone: until that has said so, whoever has a seat counts.</summary>
    internal static LiveKitRoom ToLiveKit(this V1.Room room)
    {
        var shown = new LiveKitRoom
        {
            // A sid tells lives of one name apart; creation times of a name differ.
            Sid = "RM_"
                + Convert.ToHexStringLower(System.IO.Hashing.XxHash64.Hash(Encoding.UTF8.GetBytes($"{room.RoomId}/{room.CreatedAtMs}"))),
            Name = room.Name.Length > 0 ? room.Name : room.RoomId,
            EmptyTimeout = room.EmptyTimeoutSeconds,
            DepartureTimeout = room.DepartureTimeoutSeconds > 0 ? room.DepartureTimeoutSeconds : room.EmptyTimeoutSeconds,
            MaxParticipants = room.MaxParticipants,
            CreationTime = room.CreatedAtMs / 1000,
            CreationTimeMs = room.CreatedAtMs,
            Metadata = room.Metadata.ToStringUtf8(),
            NumParticipants = room.Participants,
        };
        foreach (var mime in Served) shown.EnabledCodecs.Add(new LiveKit.Proto.Codec { Mime = mime });
        return shown;
    }

    /// <summary>LiveKit's API cannot say nought: it leaves a thing as it is.</summary>
    internal static V1.RoomPatch Patch(uint emptyTimeout, uint departureTimeout, uint maxParticipants, string metadata)
    {
        var patch = new V1.RoomPatch();
        if (emptyTimeout > 0) patch.EmptyTimeoutSeconds = emptyTimeout;
        if (departureTimeout > 0) patch.DepartureTimeoutSeconds = departureTimeout;
        if (maxParticipants > 0) patch.MaxParticipants = maxParticipants;
        if (metadata.Length > 0) patch.Metadata = ByteString.CopyFromUtf8(metadata);
        return patch;
    }

    internal static V1.RoomPatch ToPatch(this RoomConfig? wished) =>
        wished is null ? new() : Patch(wished.EmptyTimeoutSeconds, wished.DepartureTimeoutSeconds, wished.MaxParticipants, wished.Metadata);
}
