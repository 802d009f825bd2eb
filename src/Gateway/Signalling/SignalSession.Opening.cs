using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Tokens;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.Gateway.Signalling;

/// <summary>How a client comes in: by joining, or back to a session that lives on.</summary>
internal sealed partial class SignalSession
{
    /// <summary>LiveKit's clients wait 5 s for the first message of a join, and give a reconnecting one longer.</summary>
    private static readonly TimeSpan JoinTime = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);
    /// <summary>How far behind this replica may be when a client comes back.</summary>
    private static readonly TimeSpan BehindTime = TimeSpan.FromMilliseconds(500);

    /// <summary>A seat, then the session at the node; null when the client was told why not.</summary>
    private async Task<NodeLine?> OpenAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(JoinTime);
        try
        {
            return join.Reconnect ? await ResumeAsync(limit.Token, cancellationToken) : await JoinAsync(limit.Token);
        }
        catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
        {
            LogRefused(grants.Identity, grants.Room, e.StatusCode, e.Status.Detail);
            // Caps are final; everything else may be better in a moment, and the client's own retry asks again.
            await LeaveAsync(DisconnectReason.JoinFailure, LeaveRequest.Types.Action.Disconnect, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogRefused(grants.Identity, grants.Room, StatusCode.DeadlineExceeded, "no node answered in time");
            await LeaveAsync(DisconnectReason.JoinFailure, LeaveRequest.Types.Action.Disconnect, cancellationToken);
        }
        return null;
    }

    private async Task<NodeLine> JoinAsync(CancellationToken limit)
    {
        var kept = await services.Admission.FindKeptAsync(grants);
        while (true)
        {
            _entrance = kept ?? await services.Admission.AdmitAsync(grants, limit);
            kept = null;
            try
            {
                var line = await NodeLine.OpenAsync(services.Nodes, _entrance.NodeAddress, Describe(_entrance, resumeSid: ""), limit);
                _participantSid = line.ParticipantSid;
                return line;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.FailedPrecondition or StatusCode.Unavailable)
            {
                LogRetried(grants.Identity, grants.Room, e.Status.Detail); // the room is on its way elsewhere, or the node's lease lapsed
                await Task.Delay(RetryPause, limit);
            }
        }
    }

    /// <summary>
    /// A live session at the node is taken up without the log: nothing new is admitted, and a lost quorum is no reason to end a call.
    /// </summary>
    private async Task<NodeLine?> ResumeAsync(CancellationToken limit, CancellationToken cancellationToken)
    {
        var room = RoomName.IdOf(grants.Room);
        var seat = SeatName.Of(grants.Identity);
        await services.Places.CatchUpAsync(limit);
        var behind = Environment.TickCount64 + (long)BehindTime.TotalMilliseconds;
        while (true)
        {
            var changed = services.Places.NextChange(room);
            if (await services.Places.LookAsync(room, seat) is not { IsOpen: true } place) break;
            if (place.NodeAddress.Length == 0)
            {
                // On its way to a new owner, and the session with it when its former gateway is still there.
                if (await Task.WhenAny(changed, Task.Delay(CarryTime, limit)) != changed) break;
                behind = Environment.TickCount64 + (long)CarryTime.TotalMilliseconds;
                continue;
            }
            _entrance = new GrantedSeat(room, seat, place.Seat?.Id ?? 0, place.Epoch, place.NodeAddress, place.Info);
            try
            {
                var line = await NodeLine.OpenAsync(services.Nodes, place.NodeAddress, Describe(_entrance, join.ParticipantSid), limit);
                _participantSid = line.ParticipantSid;
                return line;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable) { await Task.Delay(RetryPause, limit); }
            catch (RpcException e) when (e.StatusCode is StatusCode.OutOfRange or StatusCode.AlreadyExists)
            {
                await SayOverAtReturnAsync(e.StatusCode, cancellationToken);
                return null;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition)
            {
                // This replica may not have heard yet where the session was carried to.
                var left = behind - Environment.TickCount64;
                if (left <= 0 || await Task.WhenAny(changed, Task.Delay((int)left, limit)) != changed) break;
            }
        }
        var isRemoved = await services.Places.LookAsync(room, seat) is { } last && last.WasRemoved(heldSeatId: 0);
        await SayOverAtReturnAsync(isRemoved ? StatusCode.OutOfRange : StatusCode.NotFound, cancellationToken);
        return null;
    }

    /// <summary>
    /// Clients take a leave that comes first for a refusal of the way back alone, whatever it says, and join anew: those who shall not are
    /// let back first.
    /// </summary>
    private async Task SayOverAtReturnAsync(StatusCode why, CancellationToken cancellationToken)
    {
        if (why != StatusCode.NotFound)
            await TellAsync(new SignalResponse { Reconnect = new ReconnectResponse() }.ToByteString(), cancellationToken);
        await SayOverAsync(why, cancellationToken);
    }

    private OpenSession Describe(GrantedSeat entrance, string resumeSid)
    {
        var open = new OpenSession
        {
            RoomId = entrance.Room.Value,
            Epoch = entrance.Epoch,
            Identity = entrance.Seat,
            ShownIdentity = grants.Identity,
            SeatId = entrance.SeatId,
            Name = grants.Name,
            Metadata = grants.Metadata,
            Kind = grants.Kind,
            ResumeSid = resumeSid,
            Connection = _connection,
            Room = entrance.Info.ToLiveKit().ToByteString(),
            RoomVersion = entrance.Info.UpdatedSeq,
            Grants = new SessionGrants
            {
                CanPublish = grants.CanPublish,
                CanSubscribe = grants.CanSubscribe,
                CanPublishData = grants.CanPublishData,
                Hidden = grants.Hidden,
                Recorder = grants.Recorder,
                CanUpdateMetadata = grants.CanUpdateOwnMetadata,
            },
            JoinRequest = join.ToByteString(),
        };
        open.Grants.CanPublishSources.AddRange(grants.Sources);
        foreach (var (key, value) in grants.Attributes) open.Attributes[key] = value;
        return open;
    }
}
