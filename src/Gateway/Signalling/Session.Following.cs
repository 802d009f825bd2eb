using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.V1;
using static VideoScale.Gateway.Signalling.SessionEffect;
using static VideoScale.Gateway.Signalling.SessionInput;

namespace VideoScale.Gateway.Signalling;

/// <summary>What becomes of a client whose room, or whose way to it, has gone.</summary>
internal sealed partial class Session
{
    private bool _nodeIsGone;          // and the room, as far as is known, is still its own
    private long _giveUpAtMs;
    private long _lastWordsUntilMs;
    private RoomPlace? _place;         // where the room went
    private long _carryUntilMs;
    private bool _isCarried;           // the new owner took the session, whatever has become of the stream since

    /// <summary>
    /// The node has gone, or has given the room up: back to the same session where it lives on, else the client is led to the new owner.
    /// </summary>
    private void Follow(bool nodeIsGone, List<SessionEffect> effects)
    {
        (_nodeIsGone, _giveUpAtMs, _lastWordsUntilMs) = (nodeIsGone, _nowMs + SessionTiming.GiveUpMs, Never);
        Survey(effects);
    }

    private void Survey(List<SessionEffect> effects)
    {
        if (_isClosed && _lastWordsUntilMs == Never) _lastWordsUntilMs = _nowMs + SessionTiming.GiveUpMs;
        if ((_isClosed && _requests.IsEmpty) || _nowMs >= _lastWordsUntilMs) Finish(effects);
        else Look(Stage.FollowLooking, effects);
    }

    private void Follow(RoomPlace? place, List<SessionEffect> effects)
    {
        if (place is not { IsOpen: true })
        {
            Leave(DisconnectReason.RoomDeleted, LeaveRequest.Types.Action.Disconnect, effects);
            Finish(effects);
        }
        else if (place.WasRemoved(_granted!.SeatId)) SayOver(StatusCode.OutOfRange, effects);
        else if (IsElsewhere(place)) Carry(place, effects);
        else if (!_nodeIsGone && place.Status == RoomStatus.Active && _nowMs > _giveUpAtMs) SayOver(StatusCode.NotFound, effects);
        else if (_changed) Survey(effects);
        else if (_nodeIsGone && place.Epoch <= _granted.Epoch) Reattach(effects);
        else PauseFollowing(effects);
    }

    private void PauseFollowing(List<SessionEffect> effects)
    {
        if (_isClosed && _requests.IsEmpty) Finish(effects);
        else Enter(Stage.FollowPause, _nowMs + (_nodeIsGone ? SessionTiming.ReattachPauseMs : SessionTiming.LookPauseMs));
    }

    /// <summary>The same session at the same owner: the client notices nothing.</summary>
    private void Reattach(List<SessionEffect> effects)
    {
        var open = Describe(_granted!, _participantSid);
        open.Reattach = true;
        open.Received = _received;
        OpenLine(Stage.Reattaching, _granted!.NodeAddress, open, effects, _lastWordsUntilMs);
    }

    private void OnReattachRefused(LineRefused refused, List<SessionEffect> effects)
    {
        if (refused.Status is StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.AlreadyExists or StatusCode.OutOfRange)
            SayOver(refused.Status, effects);
        else PauseFollowing(effects);
    }

    /// <summary>
    /// Opens the session at the new owner with all that the former one said of it, so that the client can take it up through any gateway:
    /// it keeps its connection, encoders and decoders, and needs a new way and new keys alone. Where that cannot be the client begins anew.
    /// </summary>
    private void Carry(RoomPlace place, List<SessionEffect> effects)
    {
        (_place, _carryUntilMs) = (place, _nowMs + SessionTiming.CarryMs);
        // One that would not renew its keys there joins anew; the last words of one that has gone are carried all the same.
        if (!ClientKind.RenewsKeys(wish.Join.ClientInfo) && !_isClosed) LeadAway(effects);
        else if (_carried is not { Participant.IsEmpty: false }) GiveUpCarrying("too little is known of it yet", effects);
        else Look(Stage.CarryLooking, effects, _carryUntilMs);
    }

    private void CarryTo(RoomPlace? place, List<SessionEffect> effects)
    {
        if (Admission.Kept(_room, _seat, place) is not { } kept || kept.Epoch < _place!.Epoch)
        {
            GiveUpCarrying("no seat was kept", effects);
            return;
        }
        var open = Describe(kept, _participantSid);
        open.Carried = _carried;
        OpenLine(Stage.Carrying, kept.NodeAddress, open, effects, _carryUntilMs);
    }

    private void OnCarryRefused(LineRefused refused, List<SessionEffect> effects)
    {
        if (refused.Status is not (StatusCode.FailedPrecondition or StatusCode.Unavailable))
        {
            GiveUpCarrying(refused.Why, effects);
            return;
        }
        effects.Add(new NoteRetried(refused.Why));
        if (_nowMs + SessionTiming.RetryPauseMs >= _carryUntilMs) GiveUpCarrying("the new owner does not answer", effects);
        else Enter(Stage.CarryPause, _nowMs + SessionTiming.RetryPauseMs);
    }

    private void GiveUpCarrying(string why, List<SessionEffect> effects)
    {
        DropLine(effects);
        effects.Add(new NoteNotCarried(why));
        LeadAway(effects);
    }

    /// <summary>
    /// The client is told to come to the new owner, with its session where that can be; what it says until it goes is delivered there.
    /// </summary>
    private void LeadAway(List<SessionEffect> effects)
    {
        SendKept(effects);
        if (_isClosed) { Deliver(effects); return; }
        var spread = (int)Math.Min(SessionTiming.MaxStaggerMs,
            SessionTiming.StaggerMsPerParticipant * Math.Max(1, (long)_place!.Participants));
        Enter(Stage.Staggering, _nowMs + chance.Next(spread));
    }

    /// <summary>Its turn has come.</summary>
    private void LeadClient(List<SessionEffect> effects)
    {
        effects.Add(new NoteMoved(_place!.Epoch, _isCarried ? "resume" : "reconnect"));
        if (_isCarried) TellWhereTo(wasRemoved: false, effects);
        else Look(Stage.LeadLooking, effects);
    }

    private void TellWhereTo(bool wasRemoved, List<SessionEffect> effects)
    {
        if (wasRemoved) { SayOver(StatusCode.OutOfRange, effects); return; }
        if (_isCarried && !_isClosed && !ClientKind.IsLedByLeave(wish.Join.ClientInfo))
        {
            CloseClient(isGoingAway: true, effects);
            Enter(Stage.Leaving, _nowMs + SessionTiming.CloseMs);
            return;
        }
        Leave(DisconnectReason.Migration, _isCarried ? LeaveRequest.Types.Action.Resume : LeaveRequest.Types.Action.Reconnect, effects);
        // A client that keeps its connection takes a socket that closes first for one that broke.
        if (_isCarried && !_isClosed) Enter(Stage.Leaving, _nowMs + SessionTiming.CloseMs);
        else Deliver(effects);
    }

    /// <summary>The new owner has a while to handle what it was sent.</summary>
    private void Deliver(List<SessionEffect> effects)
    {
        _isComplete = true;
        SendKept(effects);
        if (_lineIsOpen) Enter(Stage.Delivering, _nowMs + SessionTiming.DeliveryMs);
        else Finish(effects);
    }
}
