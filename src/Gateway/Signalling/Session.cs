using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Tokens;
using VideoScale.Model;
using VideoScale.V1;
using static VideoScale.Gateway.Signalling.SessionEffect;
using static VideoScale.Gateway.Signalling.SessionInput;

namespace VideoScale.Gateway.Signalling;

/// <summary>
/// One client's signalling, from its first message to its last: a pipe to the node that has its room, and a guide when the room moves.
/// Without sockets, clocks and chance of its own: it is told what happened and when, and says what is to be done.
/// </summary>
/// <remarks>
/// What a client said before it closed is delivered, whatever becomes of the stream to the node meanwhile: its socket is read to the end,
/// and the stream ends after that.
/// </remarks>
/// <param name="connection">Names this socket to the nodes.</param>
/// <param name="chance">Spreads the clients of a room that moves.</param>
internal sealed partial class Session(ParticipantGrants grants, ClientWish wish, string connection, Random chance)
{
    private enum Stage
    {
        /// <summary>Coming in: a seat is asked for, its node is asked, or both in a moment again.</summary>
        Admitting, Joining, JoinPause,
        /// <summary>
        /// Coming back: behind, looking, the room has no owner, the owner knows no session, asking the owner, in a moment again, over.
        /// </summary>
        CatchingUp, ReturnLooking, AwaitingOwner, AwaitingNews, Returning, ReturnPause, ReturnOver,
        /// <summary>The stream stands.</summary>
        Serving,
        /// <summary>
        /// The stream, or the room, has gone: looking where it is, asking the same owner for the session, in a moment again.
        /// </summary>
        FollowLooking, Reattaching, FollowPause,
        /// <summary>The room has a new owner, which is to have the session: looking for the seat, asking, in a moment again.</summary>
        CarryLooking, Carrying, CarryPause,
        /// <summary>The client is to come there: its turn comes, was it removed meanwhile, it goes, its last words are handled.</summary>
        Staggering, LeadLooking, Leaving, Delivering,
        Closing, Ended,
    }

    private const long Never = long.MaxValue;

    private readonly KeptRequests _requests = new();
    private readonly RoomId _room = RoomName.IdOf(grants.Room);
    private readonly string _seat = SeatName.Of(grants.Identity);
    private Stage _stage;
    private long _nowMs;
    private long _untilMs = Never;   // of the stage
    private long _openUntilMs;       // of coming in or back
    private bool _changed;           // the room, since it was looked at last
    private bool _isLooking;         // the answer is on its way
    private GrantedSeat? _granted;
    private string _participantSid = "";
    private CarriedSession? _carried; // as the node last said
    private SessionClaims? _claims;   // the same
    private ulong _received;          // of the node, over all streams, without what opened them
    private bool _isSentAway;         // to join anew: it says leave before it goes
    private bool _isClosed;           // nothing more comes of the client
    private bool _isUnreachable;
    private bool _hasClosed;          // its socket, from here
    private bool _wasOpened;          // or refused
    private long _refreshAtMs = Never;

    /// <summary>When it is to be told that time has passed, at the latest.</summary>
    internal long WakeAtMs => Math.Min(Math.Min(_untilMs, _refreshAtMs), Math.Min(_wasOpened ? Never : _openUntilMs, ServingWakeMs));

    /// <summary>More of the client's may be read.</summary>
    internal bool MayRead => !_requests.IsFull || _stage is Stage.Closing or Stage.Ended;

    /// <summary>Call first, once.</summary>
    internal void Start(long nowMs, List<SessionEffect> effects)
    {
        (_nowMs, _openUntilMs) = (nowMs, nowMs + SessionTiming.JoinMs);
        if (wish.Join.Reconnect) Await(Stage.CatchingUp, new CatchUp(), effects);
        else Await(Stage.Admitting, new Admit(MayBeKept: true), effects);
    }

    /// <param name="nowMs">Of any clock that does not go back.</param>
    internal void Step(SessionInput input, long nowMs, List<SessionEffect> effects)
    {
        _nowMs = Math.Max(_nowMs, nowMs);
        if (_stage == Stage.Ended) return;
        switch (input)
        {
            case Granted granted when _stage == Stage.Admitting: Join(granted.Seat, effects); break;
            case NotAdmitted no when _stage == Stage.Admitting: Refuse(no.Status, no.Why, effects, no.RetryAfter); break;
            case CaughtUp when _stage == Stage.CatchingUp: Return(effects); break;
            case RoomChanged: OnRoomChanged(effects); break;
            case RoomSeen seen: OnRoomSeen(seen.Place, effects); break;
            case LineOpened opened when opened.Line == _line: OnLineOpened(opened, effects); break;
            case LineRefused refused when refused.Line == _line: OnLineRefused(refused, effects); break;
            case LineSent sent when sent.Line == _line && !_acknowledges: _requests.Handled(sent.Number); break;
            case NodeSaid said when said.Line == _line: OnNodeSaid(said.Message, effects); break;
            case LineEnded ended when ended.Line == _line: OnLineEnded(effects); break;
            case ClientSaid said: OnClientSaid(said, effects); break;
            case ClientClosed closed: OnClientClosed(closed.IsUnanswering, effects); break;
            case ClientUnreachable: OnClientUnreachable(); break;
            case GatewayStopping: OnGatewayStopping(effects); break;
            case TimePassed passed: OnTimePassed(passed.ClientIsQuiet, effects); break;
        }
    }

    private void OnRoomChanged(List<SessionEffect> effects)
    {
        _changed = true;
        switch (_stage)
        {
            case Stage.AwaitingOwner: _behindUntilMs = _nowMs + SessionTiming.CarryMs; Look(Stage.ReturnLooking, effects); break;
            case Stage.AwaitingNews: Look(Stage.ReturnLooking, effects); break;
            case Stage.Serving when !_isLooking: Look(effects); break;
            // A host that is gone answers nothing at all, and the room has a new owner long before that is known.
            case Stage.Reattaching: DropLine(effects); PauseFollowing(effects); break;
            case Stage.FollowPause: Survey(effects); break;
        }
    }

    private void OnRoomSeen(RoomPlace? place, List<SessionEffect> effects)
    {
        _isLooking = false;
        switch (_stage)
        {
            case Stage.ReturnLooking: ReturnTo(place, effects); break;
            case Stage.ReturnOver:
                SayOverAtReturn(place?.WasRemoved(heldSeatId: 0) == true ? StatusCode.OutOfRange : StatusCode.NotFound, effects); break;
            case Stage.Serving: OnSeenWhileServing(place, effects); break;
            case Stage.FollowLooking: Follow(place, effects); break;
            case Stage.CarryLooking: CarryTo(place, effects); break;
            case Stage.LeadLooking: TellWhereTo(place?.WasRemoved(_granted!.SeatId) == true, effects); break;
        }
    }

    private void OnTimePassed(bool clientIsQuiet, List<SessionEffect> effects)
    {
        if (_nowMs >= _refreshAtMs)
        {
            _refreshAtMs = _nowMs + (long)TokenRefresher.Period.TotalMilliseconds;
            if (_claims is { } claims) effects.Add(new Refresh(claims));
        }
        if (!_wasOpened && _nowMs >= _openUntilMs) { Refuse(StatusCode.DeadlineExceeded, "no node answered in time", effects); return; }
        if (_stage == Stage.Serving) { WatchClient(clientIsQuiet, effects); return; }
        if (_nowMs < _untilMs) return;
        _untilMs = Never;
        switch (_stage)
        {
            case Stage.JoinPause: Await(Stage.Admitting, new Admit(MayBeKept: false), effects); break;
            case Stage.AwaitingOwner or Stage.AwaitingNews: Look(Stage.ReturnOver, effects); break;
            case Stage.ReturnPause: Look(Stage.ReturnLooking, effects); break;
            case Stage.FollowPause: Survey(effects); break;
            case Stage.Reattaching: Finish(effects); break;
            case Stage.CarryPause: Look(Stage.CarryLooking, effects, _carryUntilMs); break;
            case Stage.Carrying or Stage.CarryLooking: GiveUpCarrying("the new owner does not answer", effects); break;
            case Stage.Staggering: LeadClient(effects); break;
            case Stage.Leaving: Deliver(effects); break;
            case Stage.Delivering: Finish(effects); break;
            case Stage.Closing: End(effects); break;
        }
    }

    private void Await(Stage stage, SessionEffect effect, List<SessionEffect> effects)
    {
        Enter(stage);
        effects.Add(effect);
    }

    private void Enter(Stage stage, long untilMs = Never) => (_stage, _untilMs) = (stage, untilMs);

    private void Look(Stage stage, List<SessionEffect> effects, long untilMs = Never)
    {
        Enter(stage, untilMs);
        Look(effects);
    }

    private void Look(List<SessionEffect> effects)
    {
        if (_isLooking) return; // its answer is on its way, and is looked at anew when the room has changed meanwhile
        (_isLooking, _changed) = (true, false);
        effects.Add(new Look());
    }

    private static void Tell(SignalResponse response, List<SessionEffect> effects) => effects.Add(new Tell(response.ToByteString()));

    private void Leave(DisconnectReason reason, LeaveRequest.Types.Action action, List<SessionEffect> effects)
    {
        _isSentAway = action == LeaveRequest.Types.Action.Reconnect;
        var leave = new LeaveRequest { Reason = reason, Action = action, CanReconnect = action != LeaveRequest.Types.Action.Disconnect };
        Tell(new SignalResponse { Leave = leave }, effects);
    }

    /// <summary>
    /// Whoever was removed or replaced does not begin anew: it would be back as if nothing had been, or throw its own other session out.
    /// What ended by accident does.
    /// </summary>
    private void SayOver(StatusCode why, List<SessionEffect> effects)
    {
        if (why == StatusCode.OutOfRange) Leave(DisconnectReason.ParticipantRemoved, LeaveRequest.Types.Action.Disconnect, effects);
        else if (why == StatusCode.AlreadyExists) Leave(DisconnectReason.DuplicateIdentity, LeaveRequest.Types.Action.Disconnect, effects);
        else Leave(DisconnectReason.StateMismatch, LeaveRequest.Types.Action.Reconnect, effects);
        Finish(effects);
    }

    /// <summary>
    /// The client was told what there is to say: its socket is closed, and it closes in its turn. What it still sends is of no use.
    /// </summary>
    private void Finish(List<SessionEffect> effects)
    {
        _wasOpened = true;
        _refreshAtMs = Never;
        DropLine(effects);
        CloseClient(isGoingAway: false, effects);
        if (_isClosed) End(effects);
        else Enter(Stage.Closing, _nowMs + SessionTiming.CloseMs);
    }

    private void CloseClient(bool isGoingAway, List<SessionEffect> effects)
    {
        if (!_hasClosed) effects.Add(new Close(isGoingAway));
        _hasClosed = true;
    }

    private void End(List<SessionEffect> effects) => Await(Stage.Ended, new End(), effects);
}
