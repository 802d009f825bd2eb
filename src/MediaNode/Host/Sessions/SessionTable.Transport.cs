using LiveKit.Proto;
using Microsoft.Extensions.Logging;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>What becomes of a session whose connection stands, ends, or never gets its keys.</summary>
internal sealed partial class SessionTable
{
    private void OnTransport(int peer, TransportState state)
    {
        if (!_byPeer.TryGetValue(peer, out var session)) return;
        session.TransportOf(peer).State = state;
        LogTransport(session.Identity, session.Room.Id, state);
        if (state is TransportState.Closed && session.Room.GivenUpAtMs != 0 && !session.HasOtherTransport(peer))
            End(session, SessionEndReason.Left, DisconnectReason.Migration);
        if (session.Downlink.State is not TransportState.Connected || session.Info.State == ParticipantInfo.Types.State.Active) return;
        session.Info.State = ParticipantInfo.Types.State.Active;
        session.Changed();
        session.Room.Announce(session);
    }

    /// <summary>
    /// Its path stands and nothing could ever pass over it: the client is told to connect anew, now or when it comes back.
    /// </summary>
    private void OnHandshakeOverdue(int peer)
    {
        if (!_byPeer.TryGetValue(peer, out var session)) return;
        session.TransportOf(peer).IsKeyless = true;
        LogKeyless(session.Identity, session.Room.Id);
        session.Tell(LeaveMessage.Of(DisconnectReason.StateMismatch, LeaveRequest.Types.Action.Reconnect));
    }

    [LoggerMessage(5501, LogLevel.Information,
        "{Identity} in room {Room} has a path and makes no keys over it; it is told to connect anew")]
    private partial void LogKeyless(ParticipantIdentity identity, RoomId room);
    [LoggerMessage(5306, LogLevel.Debug, "{Identity} in room {Room}: transport {State}")]
    private partial void LogTransport(ParticipantIdentity identity, RoomId room, TransportState state);
}
