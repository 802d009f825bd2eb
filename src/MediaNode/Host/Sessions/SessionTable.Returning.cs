using LiveKit.Proto;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Clients that were away and come back, and those that do not.</summary>
internal sealed partial class SessionTable
{
    /// <summary>
    /// A client that is gone altogether sends no checks of its connection either: with its socket broken, or silent, nobody waits for it
    /// any longer.
    /// </summary>
    internal const long GoneMs = 15_000;
    /// <summary>The same beside a socket that has been silent for 15 s already.</summary>
    internal const long QuietGoneMs = 10_000;
    /// <summary>What was sent to a client in this time before its socket was seen to be broken may never have arrived.</summary>
    private const long UnsureMs = 20_000;

    private readonly SessionEndings _endings = new();

    /// <summary>The live session that a client means to take up again.</summary>
    internal ParticipantSession? FindLive(OpenSession open) =>
        _rooms.GetValueOrDefault(new RoomId(open.RoomId)) is { } room && room.Epoch.Value == open.Epoch
        && room.Find(new ParticipantIdentity(open.Identity)) is { } session && session.Sid == open.ResumeSid
        && !session.HasLostTransport ? session : null;

    /// <summary>
    /// Takes a live session over for a client that has come back; its media never stopped. The client hears all that has changed since it
    /// was last there.
    /// </summary>
    internal ParticipantSession? Resume(OpenSession open, GatewayLink link)
    {
        if (FindLive(open) is not { } session || IsSuperseded(session, open)) return null;
        var now = NowMs;
        var sinceMs = session.AwaySinceMs(now);
        if (!session.IsUnattended && !session.Room.Departures.Reaches(sinceMs)) return null; // it begins anew, and then knows who is there
        var wasThere = session.Link is not null;
        var lost = session.LostAnswers(open);
        if (session.Link is { } before && before != link) before.End(SessionEndReason.TakenOver);
        session.Attach(link, open.Connection, hasClient: true);
        link.CountFrom(open.Received);
        link.Opened(session.Sid, resumed: true);
        if (session.ToUnattended() is { } unattended) link.Send(new SessionMessage { Unattended = unattended });
        link.Send(new SignalResponse
        {
            Reconnect = new ReconnectResponse { ServerInfo = _joinAnswer.ServerInfo(), LastMessageSeq = session.LastSequence },
        });
        foreach (var answer in lost) link.Send(answer, isAnswer: true);
        session.TellMissed();
        foreach (var chunk in ParticipantChunks.Of(Changes(session, sinceMs, wasThere)))
            link.Send(new SignalResponse { Update = new ParticipantUpdate { Participants = { chunk } } });
        link.Send(new SignalResponse { RoomUpdate = new RoomUpdate { Room = session.Room.Info.Clone() } });
        session.TellCarried();
        session.TellClaims();
        if (!open.Reattach) session.Offers?.Begin();
        session.Room.AskForSections();
        LogResumed(session.Identity, session.Room.Id);
        return session;
    }

    /// <summary>
    /// Why a session cannot be taken up; of one that was ended on purpose the client is told so, whatever else it may begin anew.
    /// </summary>
    internal Failure WhyNot(OpenSession open) => _endings.Find(open.ResumeSid) switch
    {
        SessionEndReason.Removed => Failure.OutOfRange($"session {open.ResumeSid}: {open.Identity} was removed from room {open.RoomId}"),
        SessionEndReason.Replaced => Failure.AlreadyExists($"a later session of {open.Identity} in room {open.RoomId}"),
        _ when FindLive(open) is { } session && IsSuperseded(session, open) =>
            Failure.Precondition($"{open.Identity} has come back to its session {open.ResumeSid} by a later connection"),
        _ => Failure.NotFound($"a live session {open.ResumeSid} of {open.Identity} in room {open.RoomId}"),
    };

    /// <summary>
    /// Null when a session may be carried here. Its gateway may be late: the client has come to this node by itself, and is not to be put
    /// out by what it was before.
    /// </summary>
    internal Failure? WhyNotCarried(OpenSession open) =>
        open.Carried is not null && _rooms.GetValueOrDefault(new RoomId(open.RoomId)) is { } room && room.Epoch.Value == open.Epoch
        && room.Find(new ParticipantIdentity(open.Identity)) is { HadClient: true } session
            ? Failure.AlreadyExists($"session {session.Sid} of {open.Identity} in room {open.RoomId}: its client is here already")
            : null;

    internal void NeverCame(RoomSession room, int participants) => LogNeverCame(room.Id, room.Epoch, participants);

    /// <summary>A gateway whose stream broke comes late: its client has come back through another one meanwhile.</summary>
    private static bool IsSuperseded(ParticipantSession session, OpenSession open) =>
        open.Reattach && session.Connection.Length > 0 && session.Connection != open.Connection;

    /// <summary>Who has left, then who is there: clients keep whoever they are not told of.</summary>
    private static List<ParticipantInfo> Changes(ParticipantSession session, long sinceMs, bool wasThere)
    {
        var others = session.Room.OthersOf(session);
        var present = others.Select(other => other.Identity).ToHashSet(StringComparer.Ordinal);
        var told = new List<ParticipantInfo>();
        foreach (var (info, atMs) in session.Room.Departures.Since(sinceMs > UnsureMs ? sinceMs - UnsureMs : long.MinValue))
        {
            // Of one who is back, as another session, the client was told both or none: it would drop the later one for the earlier.
            if (!present.Contains(info.Identity) || (atMs >= sinceMs && !wasThere)) told.Add(info);
        }
        told.Add(session.Info);
        told.AddRange(others);
        return told;
    }

    /// <summary>Whether nobody waits for a session any longer.</summary>
    internal static bool HasGone(ParticipantSession session, bool hasLease, long nowMs)
    {
        if (session.IsUnattended) return session.HasGoneUnattended(GoneMs, nowMs);
        if (session.Link is not null) return session.IsQuiet && session.IsSilent(QuietGoneMs, nowMs);
        var isClosed = session.Uplink.HasEnded || session.Downlink.HasEnded;
        if (!hasLease && !isClosed)
        {
            session.Detach(nowMs); // there is no gateway to come back through
            return false;
        }
        var awayMs = nowMs - session.DetachedAtMs;
        return awayMs > (isClosed ? ClosedWindowMs : ResumeWindowMs) || (session.IsQuiet && session.IsSilent(QuietGoneMs, nowMs))
            || (awayMs > ClosedWindowMs && session.HasMedia && session.IsSilent(GoneMs, nowMs));
    }
}
