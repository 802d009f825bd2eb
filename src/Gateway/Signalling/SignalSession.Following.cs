using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Tokens;
using VideoScale.V1;

namespace VideoScale.Gateway.Signalling;

/// <summary>What becomes of a client whose room, or whose way to it, has gone.</summary>
internal sealed partial class SignalSession
{
    private static readonly TimeSpan ReattachPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(1);
    /// <summary>
    /// A room whose owner let its sessions go and then kept it: clients begin anew there. The same for the last words of a client that has
    /// gone.
    /// </summary>
    private static readonly TimeSpan GiveUpTime = TimeSpan.FromSeconds(10);
    /// <summary>Clients of a room that moved come back one after the other: each brings key frames and a handshake.</summary>
    private const int StaggerMsPerParticipant = 10, MostStaggerMs = 2_000;
    /// <summary>The new owner learns of a room a little after the log does; the old one forwards for longer than this.</summary>
    private static readonly TimeSpan CarryTime = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The node has gone, or has given the room up: back to the same session where it lives on, else the client is led to the new owner.
    /// </summary>
    private async Task<NodeLine?> FollowAsync(Ending how, Task reading, CancellationToken cancellationToken)
    {
        var before = _entrance!;
        var until = Environment.TickCount64 + (long)GiveUpTime.TotalMilliseconds;
        var lastWordsUntil = long.MaxValue;
        while (Environment.TickCount64 < lastWordsUntil)
        {
            if (reading.IsCompleted)
            {
                if (_requests.IsEmpty) return null;
                if (lastWordsUntil == long.MaxValue) lastWordsUntil = Environment.TickCount64 + (long)GiveUpTime.TotalMilliseconds;
            }
            var changed = services.Places.NextChange(before.Room);
            var place = await services.Places.LookAsync(before.Room, before.Seat);
            if (place is not { IsOpen: true })
            {
                await LeaveAsync(DisconnectReason.RoomDeleted, LeaveRequest.Types.Action.Disconnect, cancellationToken);
                return null;
            }
            if (place.WasRemoved(before.SeatId))
            {
                await SayOverAsync(StatusCode.OutOfRange, cancellationToken);
                return null;
            }
            if (place.Epoch > before.Epoch && place.NodeAddress.Length > 0)
            {
                await LeadAwayAsync(place, reading, cancellationToken);
                return null;
            }
            StatusCode? refusal = how == Ending.RoomGone && place.Status == RoomStatus.Active && Environment.TickCount64 > until
                ? StatusCode.NotFound : null;
            if (how == Ending.NodeGone && place.Epoch <= before.Epoch)
            {
                (var line, refusal) = await ReattachAsync(before, changed, cancellationToken);
                if (line is not null) return line;
            }
            if (refusal is { } final)
            {
                await SayOverAsync(final, cancellationToken);
                return null;
            }
            var pause = Task.Delay(how == Ending.NodeGone ? ReattachPause : LookPause, cancellationToken);
            await (reading.IsCompleted ? Task.WhenAny(changed, pause) : Task.WhenAny(changed, reading, pause));
        }
        return null;
    }

    /// <summary>
    /// Whoever was removed or replaced does not begin anew: it would be back as if nothing had been, or throw its own other session out.
    /// What ended by accident does.
    /// </summary>
    private Task SayOverAsync(StatusCode why, CancellationToken cancellationToken) => why switch
    {
        StatusCode.OutOfRange => LeaveAsync(DisconnectReason.ParticipantRemoved, LeaveRequest.Types.Action.Disconnect, cancellationToken),
        StatusCode.AlreadyExists => LeaveAsync(DisconnectReason.DuplicateIdentity, LeaveRequest.Types.Action.Disconnect, cancellationToken),
        _ => LeaveAsync(DisconnectReason.StateMismatch, LeaveRequest.Types.Action.Reconnect, cancellationToken),
    };

    /// <summary>
    /// The client is told to come to the new owner, with its session where that can be; what it says until it goes is delivered there.
    /// </summary>
    private async Task LeadAwayAsync(RoomPlace place, Task reading, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // One that would not renew its keys there joins anew; the last words of one that has gone are carried all the same.
        using var line = ClientKind.RenewsKeys(join.ClientInfo)
            || reading.IsCompleted ? await CarryAsync(place.Epoch, cancellationToken) : null;
        var delivering = line is null ? Task.CompletedTask : DeliverToNewOwnerAsync(line, ending.Token);
        if (!reading.IsCompleted)
        {
            var staggerMs = Random.Shared.Next((int)Math.Min(MostStaggerMs, StaggerMsPerParticipant * Math.Max(1, place.Participants)));
            await Task.WhenAny(reading, Task.Delay(staggerMs, cancellationToken));
            LogMoved(grants.Identity, grants.Room, place.Epoch, line is null ? "reconnect" : "resume");
            if (line is null && await services.Places.LookAsync(_entrance!.Room, _entrance.Seat) is { } now
                && now.WasRemoved(_entrance.SeatId)) await SayOverAsync(StatusCode.OutOfRange, cancellationToken);
            else await LeaveAsync(DisconnectReason.Migration, line is null ? LeaveRequest.Types.Action.Reconnect
                : LeaveRequest.Types.Action.Resume, cancellationToken);
            // A client that keeps its connection takes a socket that closes first for one that broke.
            if (line is not null) await Task.WhenAny(reading, Task.Delay(CloseTime, cancellationToken));
        }
        _requests.Complete();
        await Task.WhenAny(delivering, Task.Delay(DeliveryTime, cancellationToken));
        await ending.CancelAsync();
        await delivering;
    }

    private async Task DeliverToNewOwnerAsync(NodeLine line, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var delivering = _requests.DeliverAsync(line, toNewOwner: true, ending.Token);
        try
        {
            while (await line.ReceiveAsync(ending.Token) is { } message)
            {
                if (message.KindCase == SessionMessage.KindOneofCase.Handled) _requests.Handled(message.Handled);
                else if (IsAnswer(message)) await TellAsync(message.Response, ending.Token);
            }
        }
        // the client has come for its session, or the node is gone too
        catch (Exception e) when (e is RpcException or OperationCanceledException) { }
        await ending.CancelAsync();
        await delivering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Of a request that the client made before it went it waits to hear now; what else the new owner says it hears when it has come.
    /// </summary>
    private static bool IsAnswer(SessionMessage message) => message.KindCase == SessionMessage.KindOneofCase.Response
        // it has one field, whichever it is
        && WireFormat.GetTagFieldNumber(message.Response.CreateCodedInput().ReadTag()) == SignalResponse.RequestResponseFieldNumber;

    /// <summary>
    /// Opens the session at the new owner with all that the former one said of it, so that the client can take it up through any gateway:
    /// it keeps its connection, encoders and decoders, and needs a new way and new keys alone. Null when that cannot be; the client then
    /// begins anew.
    /// </summary>
    private async Task<NodeLine?> CarryAsync(ulong epoch, CancellationToken cancellationToken)
    {
        if (_carried is not { Participant.IsEmpty: false } carried)
        {
            LogNotCarried(grants.Identity, grants.Room, "too little is known of it yet");
            return null;
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CarryTime);
        try
        {
            while (await services.Admission.FindKeptAsync(grants, anyRole: true) is { } entrance && entrance.Epoch >= epoch)
            {
                var open = Describe(entrance, _participantSid);
                open.Carried = carried;
                try { return await NodeLine.OpenAsync(services.Nodes, entrance.NodeAddress, open, limit.Token); }
                catch (RpcException e)
                    when (e.StatusCode is StatusCode.FailedPrecondition or StatusCode.Unavailable && !limit.IsCancellationRequested)
                {
                    LogRetried(grants.Identity, grants.Room, e.Status.Detail);
                    await Task.Delay(RetryPause, limit.Token);
                }
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            LogNotCarried(grants.Identity, grants.Room, (e as RpcException)?.Status.Detail ?? "the new owner does not answer");
            return null;
        }
        LogNotCarried(grants.Identity, grants.Room, "no seat was kept");
        return null;
    }

    /// <param name="changed">The room's next event: a host that is gone answers nothing at all, and the room has a new owner long before
    /// that is known.</param>
    /// <returns>The stream, or why there will never be one; neither when it is to be tried again.</returns>
    private async Task<(NodeLine? Line, StatusCode? Refusal)> ReattachAsync(GrantedSeat before, Task changed,
        CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var opening = OpenAgainAsync(before, limit.Token);
        if (await Task.WhenAny(opening, changed) != opening) await limit.CancelAsync();
        return await opening;
    }

    private async Task<(NodeLine? Line, StatusCode? Refusal)> OpenAgainAsync(GrantedSeat before, CancellationToken limit)
    {
        NodeLine? line = null;
        try
        {
            var open = Describe(before, _participantSid);
            open.Reattach = true;
            open.Received = _received;
            line = await NodeLine.OpenAsync(services.Nodes, before.NodeAddress, open, limit);
            // "Reconnect" is for clients that came back; this one was never away.
            if (await line.ReceiveAsync(limit) is not null) _received++;
            return (line, null);
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException)
        {
            line?.Dispose();
            return (null, e is RpcException
            {
                StatusCode: StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.AlreadyExists
                or StatusCode.OutOfRange
            } final ? final.StatusCode : null);
        }
    }
}
