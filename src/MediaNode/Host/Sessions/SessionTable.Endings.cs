using LiveKit.Proto;
using Microsoft.Extensions.Logging;
using VideoScale.MediaNode.Ownership;
using VideoScale.MediaNode.Seats;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>How sessions end: by themselves, by authority's word, or with their room.</summary>
internal sealed partial class SessionTable
{
    /// <summary>Media of a room that was given up goes on this long, while its clients move to the new owner.</summary>
    internal const long LingerMs = 8_000;

    /// <summary>The session is over for good, and its seat is free.</summary>
    internal void Leave(ParticipantSession session, SessionEndReason reason)
    {
        if (_authority.LeaveSeat(session.Room.Id, session.Room.Epoch, session.Identity, session.SeatId) is { } refusal)
            LogSeatElsewhere(session.Identity, session.Room.Id, refusal.Message);
        End(session, reason, reason == SessionEndReason.Left ? DisconnectReason.ClientInitiated : DisconnectReason.ConnectionTimeout);
    }

    /// <summary>The client has a connection that is not the one known here; it is told to begin anew.</summary>
    internal void StartAnew(ParticipantSession session, string why)
    {
        LogRefused(session.Identity, session.Room.Id, why);
        session.Tell(LeaveMessage.Of(DisconnectReason.StateMismatch, LeaveRequest.Types.Action.Reconnect));
        Leave(session, SessionEndReason.MediaLost);
    }

    private void OnEnded(IReadOnlyList<EndedSession> ended)
    {
        foreach (var end in ended)
        {
            if (_rooms.GetValueOrDefault(end.Room)?.Find(end.Identity) is not { } session || session.SeatId != end.SeatId) continue;
            if (end.Why is SessionEnd.Evicted)
            {
                session.Tell(LeaveMessage.Of(DisconnectReason.ParticipantRemoved, LeaveRequest.Types.Action.Disconnect));
                End(session, SessionEndReason.Removed, DisconnectReason.ParticipantRemoved);
            }
            else if (end.Why is SessionEnd.Replaced) End(session, SessionEndReason.Replaced, DisconnectReason.DuplicateIdentity);
            else GiveUp(session.Room, linger: end.Why is not SessionEnd.Isolated && _options.Continuity is MediaContinuity.Continue);
        }
    }

    /// <summary>Authority over the room is over. Gateways are told, and ask the control plane where it is now.</summary>
    private void GiveUp(RoomSession room, bool linger)
    {
        if (!_rooms.Remove(room.Id)) return;
        // They cannot be led anywhere: their connections end now, and they make new ones.
        foreach (var unattended in room.Participants.Where(static participant => participant.IsUnattended).ToArray())
            End(unattended, SessionEndReason.RoomGivenUp, DisconnectReason.Migration);
        room.GivenUpAtMs = NowMs;
        foreach (var participant in room.Participants)
        {
            participant.Link?.End(SessionEndReason.RoomGivenUp);
            participant.Detach(NowMs);
        }
        LogGivenUp(room.Id, room.Epoch, room.Participants.Count);
        if (linger) _lingering.Add(room);
        else Dissolve(room);
    }

    private void Dissolve(RoomSession room)
    {
        foreach (var participant in room.Participants.ToArray()) End(participant, SessionEndReason.RoomGivenUp, DisconnectReason.Migration);
        _lingering.Remove(room);
        _byNumber.Remove(room.Number);
    }

    private void End(ParticipantSession session, SessionEndReason reason, DisconnectReason told)
    {
        if (reason == SessionEndReason.Replaced) session.Tell(LeaveMessage.Of(told, LeaveRequest.Types.Action.Disconnect));
        _endings.Add(session.Sid, reason);
        var link = session.Link;
        session.Detach(NowMs);
        session.Room.Remove(session, told);
        _sessions.Remove(session);
        _byPeer.Remove(session.Uplink.PeerNumber);
        _byPeer.Remove(session.Downlink.PeerNumber);
        link?.End(reason);
        LogLeft(session.Identity, session.Room.Id, reason);
    }

    [LoggerMessage(4950, LogLevel.Information, "The seat of {Identity} in room {Room} is not freed from here, its owner frees it: {Why}")]
    private partial void LogSeatElsewhere(ParticipantIdentity identity, RoomId room, string why);
    [LoggerMessage(5302, LogLevel.Information, "{Identity} left room {Room}: {Reason}")]
    private partial void LogLeft(ParticipantIdentity identity, RoomId room, SessionEndReason reason);
    [LoggerMessage(5304, LogLevel.Information, "Room {Room} (epoch {Epoch}) given up with {Participants} participants")]
    private partial void LogGivenUp(RoomId room, Epoch epoch, int participants);
    [LoggerMessage(5305, LogLevel.Warning, "{Identity} in room {Room} sent what cannot be served: {Why}")]
    private partial void LogRefused(ParticipantIdentity identity, RoomId room, string why);
}
