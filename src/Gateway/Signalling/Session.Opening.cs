using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.V1;
using static VideoScale.Gateway.Signalling.SessionEffect;
using static VideoScale.Gateway.Signalling.SessionInput;

namespace VideoScale.Gateway.Signalling;

/// <summary>How a client comes in: by joining, or back to a session that lives on.</summary>
internal sealed partial class Session
{
    private long _behindUntilMs;

    /// <summary>A seat, then the session at its node.</summary>
    private void Join(GrantedSeat seat, List<SessionEffect> effects)
    {
        _granted = seat;
        OpenLine(Stage.Joining, seat.NodeAddress, Describe(seat, resumeSid: ""), effects);
    }

    private void OnJoinRefused(LineRefused refused, List<SessionEffect> effects)
    {
        if (refused.Status is not (StatusCode.FailedPrecondition or StatusCode.Unavailable))
        {
            Refuse(refused.Status, refused.Why, effects);
            return;
        }
        effects.Add(new NoteRetried(refused.Why)); // the room is on its way elsewhere, or the node's lease lapsed
        Enter(Stage.JoinPause, _nowMs + SessionTiming.RetryPauseMs);
    }

    /// <summary>Caps are final; everything else may be better in a moment, and the client's own retry asks again.</summary>
    private void Refuse(StatusCode status, string why, List<SessionEffect> effects, TimeSpan? retryAfter = null)
    {
        effects.Add(new NoteRefused(status, why, retryAfter));
        Leave(DisconnectReason.JoinFailure, LeaveRequest.Types.Action.Disconnect, effects);
        Finish(effects);
    }

    /// <summary>
    /// A live session at the node is taken up without the log: nothing new is admitted, and a lost quorum is no reason to end a call.
    /// </summary>
    private void Return(List<SessionEffect> effects)
    {
        _behindUntilMs = _nowMs + SessionTiming.BehindMs;
        Look(Stage.ReturnLooking, effects);
    }

    private void ReturnTo(RoomPlace? place, List<SessionEffect> effects)
    {
        if (place is not { IsOpen: true }) Look(Stage.ReturnOver, effects);
        else if (place.NodeAddress.Length > 0)
        {
            _granted = new GrantedSeat(_room, _seat, place.Seat?.Id ?? 0, place.Epoch, place.NodeAddress, place.Info);
            OpenLine(Stage.Returning, place.NodeAddress, Describe(_granted, wish.Join.ParticipantSid), effects);
        }
        // On its way to a new owner, and the session with it when its former gateway is still there.
        else if (!_changed) Enter(Stage.AwaitingOwner, _nowMs + SessionTiming.CarryMs);
        else
        {
            _behindUntilMs = _nowMs + SessionTiming.CarryMs;
            Look(Stage.ReturnLooking, effects);
        }
    }

    private void OnReturnRefused(LineRefused refused, List<SessionEffect> effects)
    {
        switch (refused.Status)
        {
            case StatusCode.Unavailable: Enter(Stage.ReturnPause, _nowMs + SessionTiming.RetryPauseMs); break;
            case StatusCode.OutOfRange or StatusCode.AlreadyExists: SayOverAtReturn(refused.Status, effects); break;
            // This replica may not have heard yet where the session was carried to.
            case StatusCode.NotFound or StatusCode.FailedPrecondition when _nowMs >= _behindUntilMs: Look(Stage.ReturnOver, effects); break;
            case StatusCode.NotFound or StatusCode.FailedPrecondition when _changed: Look(Stage.ReturnLooking, effects); break;
            case StatusCode.NotFound or StatusCode.FailedPrecondition: Enter(Stage.AwaitingNews, _behindUntilMs); break;
            default: Refuse(refused.Status, refused.Why, effects); break;
        }
    }

    /// <summary>
    /// Clients take a leave that comes first for a refusal of the way back alone, whatever it says, and join anew: those who shall not are
    /// let back first.
    /// </summary>
    private void SayOverAtReturn(StatusCode why, List<SessionEffect> effects)
    {
        if (why != StatusCode.NotFound) Tell(new SignalResponse { Reconnect = new ReconnectResponse() }, effects);
        SayOver(why, effects);
    }

    private OpenSession Describe(GrantedSeat seat, string resumeSid)
    {
        var open = new OpenSession
        {
            RoomId = seat.Room.Value,
            Epoch = seat.Epoch,
            Identity = seat.Seat,
            ShownIdentity = grants.Identity,
            SeatId = seat.SeatId,
            Name = grants.Name,
            Metadata = grants.Metadata,
            Kind = grants.Kind,
            ResumeSid = resumeSid,
            Connection = connection,
            Room = seat.Info.ToLiveKit().ToByteString(),
            RoomVersion = seat.Info.UpdatedSeq,
            Grants = new SessionGrants
            {
                CanPublish = grants.CanPublish,
                CanSubscribe = grants.CanSubscribe,
                CanPublishData = grants.CanPublishData,
                Hidden = grants.Hidden,
                Recorder = grants.Recorder,
                CanUpdateMetadata = grants.CanUpdateOwnMetadata,
            },
            JoinRequest = wish.Join.ToByteString(),
            TwoConnections = wish.HasTwoConnections,
            Unattended = wish.IsUnattended,
            Watches = wish.Watches,
        };
        open.Grants.CanPublishSources.AddRange(grants.Sources);
        foreach (var (key, value) in grants.Attributes) open.Attributes[key] = value;
        return open;
    }
}
