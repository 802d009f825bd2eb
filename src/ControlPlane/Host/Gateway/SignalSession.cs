using System.Net.WebSockets;
using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Tokens;
using VideoScale.Model;
using VideoScale.V1;
using RoomStatus = VideoScale.ControlPlane.Rooms.RoomStatus;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>One client's signalling, from its first message to its last: a pipe to the node that has its room, and a guide when the room moves.</summary>
internal sealed partial class SignalSession(RoomDoor door, RoomUpdates updates, ClientSocket client, ParticipantGrants grants, JoinRequest join, ILogger logger)
{
    /// <summary>LiveKit's clients wait 5 s for the first message of a join, and give a reconnecting one longer.</summary>
    private static readonly TimeSpan JoinTime = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ReattachPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(2);
    /// <summary>A room whose owner let its sessions go and then kept it: clients begin anew there.</summary>
    private static readonly TimeSpan GiveUpTime = TimeSpan.FromSeconds(10);
    /// <summary>Clients of a room that moved come back one after the other: each brings key frames and a handshake.</summary>
    private const int StaggerMsPerParticipant = 10, MostStaggerMs = 2_000;

    /// <summary>How far behind this replica may be when a client comes back.</summary>
    private static readonly TimeSpan BehindTime = TimeSpan.FromMilliseconds(500);
    /// <summary>The new owner learns of a room a little after the log does; the old one forwards for longer than this.</summary>
    private static readonly TimeSpan CarryTime = TimeSpan.FromSeconds(5);

    private Entrance? _entrance;
    private string _participantSid = "";
    private volatile CarriedSession? _carried; // as the node last said
    private bool _isCarried;

    private volatile NodeLine? _line;

    private enum Ending { ClientGone, Over, RoomGone, NodeGone }

    /// <summary>Ends with the client: its socket is closed, or it was told where to go.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var following = updates.Follow(RoomName.IdOf(grants.Room));
        var line = await OpenAsync(cancellationToken);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = line is null ? Task.CompletedTask : ReadAsync(ending.Token);
        while (line is not null)
        {
            Ending how;
            using (_line = line)
            {
                how = await PipeAsync(line, reading, ending.Token);
                _line = null;
            }
            line = how is Ending.RoomGone or Ending.NodeGone ? await FollowAsync(how, reading, ending.Token) : null;
        }
        // A client that keeps its connection takes a socket that closes first for one that broke.
        if (_isCarried) await Task.WhenAny(reading, Task.Delay(CloseTime, cancellationToken));
        try { await client.CloseAsync(cancellationToken); }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException) { } // it was quicker
        // The client closes in its turn; what it still sends is of no use.
        await Task.WhenAny(reading, Task.Delay(CloseTime, cancellationToken));
        await ending.CancelAsync();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<Ending> PipeAsync(NodeLine line, Task reading, CancellationToken cancellationToken)
    {
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var piping = FromNodeAsync(line, cancellationToken);
        var elsewhere = ElsewhereAsync(_entrance!, watching.Token);
        var first = await Task.WhenAny(reading, piping, elsewhere);
        await watching.CancelAsync();
        if (first == reading) return Ending.ClientGone;
        return elsewhere.IsCompletedSuccessfully ? Ending.RoomGone : await piping;
    }

    /// <summary>Completes when the log says that the room has another owner. A node that hangs or is cut off ends no stream; its clients are led away all the same.</summary>
    private async Task ElsewhereAsync(Entrance at, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = door.Next(at.Room);
            if (await door.LookAsync(at.Room) is { NodeAddress.Length: > 0 } place && place.Epoch > at.Epoch) return;
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The client's requests, for its whole life: nodes come and go under it.</summary>
    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await client.ReceiveAsync(cancellationToken) is { } message)
            {
                if (_line is { } to)
                {
                    try { await to.SendAsync(message.Octets, cancellationToken); }
                    catch (Exception e) when (e is RpcException or InvalidOperationException or IOException or ObjectDisposedException) { } // whoever reads from the node meets the same end
                }
                else if (message.Request.MessageCase == SignalRequest.MessageOneofCase.Leave) return;
            }
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException) { }
    }

    private async Task<Ending> FromNodeAsync(NodeLine line, CancellationToken cancellationToken)
    {
        try
        {
            while (await line.ReceiveAsync(cancellationToken) is { } message)
            {
                if (message.KindCase == SessionMessage.KindOneofCase.Response) await client.SendAsync(message.Response, cancellationToken);
                else if (message.Carried is { } carried) _carried = carried;
                else if (message.Ended is { } ended) return ended.Reason is SessionEndReason.RoomGivenUp or SessionEndReason.NodeStopping ? Ending.RoomGone : Ending.Over;
            }
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested) { }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or RpcException) { return Ending.ClientGone; }
        return Ending.NodeGone;
    }

    /// <summary>The node has gone, or has given the room up: back to the same session where it lives on, else the client is led to the new owner.</summary>
    private async Task<NodeLine?> FollowAsync(Ending how, Task reading, CancellationToken cancellationToken)
    {
        var before = _entrance!;
        var until = Environment.TickCount64 + (long)GiveUpTime.TotalMilliseconds;
        while (!reading.IsCompleted)
        {
            var changed = door.Next(before.Room);
            var place = await door.LookAsync(before.Room);
            if (place is null || place.Status is RoomStatus.Closed or RoomStatus.Closing)
            {
                await LeaveAsync(DisconnectReason.RoomDeleted, LeaveRequest.Types.Action.Disconnect, cancellationToken);
                return null;
            }
            if (place.Epoch != before.Epoch && place.NodeAddress.Length > 0)
            {
                _isCarried = ClientKind.RenewsKeys(join.ClientInfo) && await CarryAsync(place.Epoch, cancellationToken);
                await Task.Delay(Random.Shared.Next((int)Math.Min(MostStaggerMs, StaggerMsPerParticipant * Math.Max(1, place.Participants))), cancellationToken);
                LogMoved(grants.Identity, grants.Room, place.Epoch, _isCarried ? "resume" : "reconnect");
                await LeaveAsync(DisconnectReason.Migration, _isCarried ? LeaveRequest.Types.Action.Resume : LeaveRequest.Types.Action.Reconnect, cancellationToken);
                return null;
            }
            if (how == Ending.NodeGone && place.Epoch == before.Epoch)
            {
                var (line, isOver) = await ReattachAsync(before, changed, cancellationToken);
                if (line is not null) return line;
                if (isOver) until = 0;
            }
            if (how == Ending.RoomGone && place.Status == RoomStatus.Active && Environment.TickCount64 > until || until == 0)
            {
                await LeaveAsync(DisconnectReason.StateMismatch, LeaveRequest.Types.Action.Reconnect, cancellationToken);
                return null;
            }
            await Task.WhenAny(changed, reading, Task.Delay(how == Ending.NodeGone ? ReattachPause : LookPause, cancellationToken));
        }
        return null;
    }

    /// <summary>
    /// Opens the session at the new owner with all that the former one said of it, so that the client can take it up through any gateway: it keeps its connection, encoders and
    /// decoders, and needs a new way and new keys alone. False when that cannot be; the client then begins anew.
    /// </summary>
    private async Task<bool> CarryAsync(ulong epoch, CancellationToken cancellationToken)
    {
        if (_carried is not { Participant.IsEmpty: false } carried)
        {
            LogNotCarried(grants.Identity, grants.Room, "too little is known of it yet");
            return false;
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CarryTime);
        try
        {
            while (await door.ReturnAsync(grants) is { } entrance && entrance.Epoch >= epoch)
            {
                var open = Describe(entrance, _participantSid);
                open.Carried = carried;
                try
                {
                    using var line = await NodeLine.OpenAsync(door, entrance.NodeAddress, open, limit.Token);
                    return true;
                }
                catch (RpcException e) when (e.StatusCode is StatusCode.FailedPrecondition or StatusCode.Unavailable && !limit.IsCancellationRequested)
                {
                    LogRetried(grants.Identity, grants.Room, e.Status.Detail);
                    await Task.Delay(RetryPause, limit.Token);
                }
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            LogNotCarried(grants.Identity, grants.Room, (e as RpcException)?.Status.Detail ?? "the new owner does not answer");
            return false;
        }
        LogNotCarried(grants.Identity, grants.Room, "no seat was kept");
        return false;
    }

    /// <param name="changed">The room's next event: a host that is gone answers nothing at all, and the room has a new owner long before that is known.</param>
    private async Task<(NodeLine? Line, bool IsOver)> ReattachAsync(Entrance before, Task changed, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var opening = OpenAgainAsync(before, limit.Token);
        if (await Task.WhenAny(opening, changed) != opening) await limit.CancelAsync();
        return await opening;
    }

    private async Task<(NodeLine? Line, bool IsOver)> OpenAgainAsync(Entrance before, CancellationToken limit)
    {
        NodeLine? line = null;
        try
        {
            line = await NodeLine.OpenAsync(door, before.NodeAddress, Describe(before, _participantSid), limit);
            await line.ReceiveAsync(limit); // "reconnect" is for clients that came back; this one was never away
            return (line, false);
        }
        catch (OperationCanceledException)
        {
            line?.Dispose();
            return (null, false);
        }
        catch (RpcException e)
        {
            line?.Dispose();
            return (null, e.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition);
        }
    }

    /// <summary>A seat, then the session at the node; null when the client was told why not.</summary>
    private async Task<NodeLine?> OpenAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(JoinTime);
        try
        {
            return join.Reconnect ? await ResumeAsync(limit.Token, cancellationToken) : await JoinAsync(limit.Token, cancellationToken);
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

    private async Task<NodeLine> JoinAsync(CancellationToken limit, CancellationToken cancellationToken)
    {
        var kept = await door.ReturnAsync(grants);
        while (true)
        {
            _entrance = kept ?? await door.EnterAsync(grants, limit);
            kept = null;
            try
            {
                var line = await NodeLine.OpenAsync(door, _entrance.NodeAddress, Describe(_entrance, resumeSid: ""), cancellationToken).WaitAsync(limit);
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

    /// <summary>A live session at the node is taken up without the log: nothing new is admitted, and a lost quorum is no reason to end a call.</summary>
    private async Task<NodeLine?> ResumeAsync(CancellationToken limit, CancellationToken cancellationToken)
    {
        var room = RoomName.IdOf(grants.Room);
        var seat = SeatName.Of(grants.Identity);
        await door.CatchUpAsync(limit);
        var behind = Environment.TickCount64 + (long)BehindTime.TotalMilliseconds;
        while (true)
        {
            var changed = door.Next(room);
            if (await door.LookAsync(room, seat) is not { } place) break;
            if (place.NodeAddress.Length == 0) break;
            _entrance = new Entrance(room, seat, place.SeatId, place.Epoch, place.NodeAddress, place.Info);
            try
            {
                var line = await NodeLine.OpenAsync(door, place.NodeAddress, Describe(_entrance, join.ParticipantSid), cancellationToken).WaitAsync(limit);
                _participantSid = line.ParticipantSid;
                return line;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable) { await Task.Delay(RetryPause, limit); }
            catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition)
            {
                // This replica may not have heard yet where the session was carried to.
                var left = behind - Environment.TickCount64;
                if (left <= 0 || await Task.WhenAny(changed, Task.Delay((int)left, limit)) != changed) break;
            }
        }
        await LeaveAsync(DisconnectReason.StateMismatch, LeaveRequest.Types.Action.Reconnect, cancellationToken);
        return null;
    }

    private OpenSession Describe(Entrance entrance, string resumeSid)
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

    private async Task LeaveAsync(DisconnectReason reason, LeaveRequest.Types.Action action, CancellationToken cancellationToken)
    {
        var leave = new SignalResponse { Leave = new LeaveRequest { Reason = reason, Action = action, CanReconnect = action != LeaveRequest.Types.Action.Disconnect } };
        await client.SendAsync(leave, cancellationToken);
    }

    [LoggerMessage(3401, LogLevel.Information, "{Identity} could not join room {Room}: {Code}, {Why}")] private partial void LogRefused(string identity, string room, StatusCode code, string why);
    [LoggerMessage(3402, LogLevel.Debug, "{Identity} tries room {Room} again: {Why}")] private partial void LogRetried(string identity, string room, string why);
    [LoggerMessage(3404, LogLevel.Information, "{Identity} in room {Room} cannot be carried to the new owner: {Why}")] private partial void LogNotCarried(string identity, string room, string why);
    [LoggerMessage(3403, LogLevel.Information, "Room {Room} went to another node (epoch {Epoch}): {Identity} is told to {What}")] private partial void LogMoved(string identity, string room, ulong epoch, string what);
}
