using Google.Protobuf;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Who is in a room, in answers of bounded size, whatever the participants say of themselves.</summary>
internal static class SessionPages
{
    /// <summary>Of participants in one answer, far below what a message may have. Whoever asks without pages gets all in one.</summary>
    internal const int MaxPageBytes = 1 << 20;

    internal static ListSessionsReply Of(RoomSession? room, ListSessionsRequest request)
    {
        var reply = new ListSessionsReply();
        var (bytes, last) = (0, "");
        foreach (var participant in room?.Participants ?? [])
        {
            var identity = participant.Identity.Value;
            if (request.Identity.Length > 0 && identity != request.Identity) continue;
            if (request.After.Length > 0 && string.CompareOrdinal(identity, request.After) <= 0) continue;
            var info = participant.Info.ToByteString();
            if (request.Paged && bytes > 0 && bytes + info.Length > MaxPageBytes)
            {
                reply.Next = last;
                break;
            }
            reply.Participants.Add(info);
            bytes += info.Length;
            last = identity;
        }
        return reply;
    }
}
