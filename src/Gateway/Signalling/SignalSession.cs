using System.Net.WebSockets;
using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using Microsoft.Extensions.Logging;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Tokens;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.Gateway.Signalling;

/// <summary>
/// One client's signalling, from its first message to its last: a pipe to the node that has its room, and a guide when the room moves.
/// </summary>
/// <remarks>
/// What a client said before it closed is delivered, whatever becomes of the stream to the node meanwhile: its socket is read to the end,
/// and the stream ends after that.
/// </remarks>
internal sealed partial class SignalSession(SignalServices services, ClientSocket client, ParticipantGrants grants, JoinRequest join,
    string token, ILogger logger)
{
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(2);
    /// <summary>A node that answers at all has handled the last words of a client by then.</summary>
    private static readonly TimeSpan DeliveryTime = TimeSpan.FromSeconds(5);

    private readonly RequestQueue _requests = new();
    private readonly string _connection = Guid.CreateVersion7().ToString("N");
    private readonly TaskCompletionSource _unreachable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GrantedSeat? _entrance;
    private string _participantSid = "";
    private volatile CarriedSession? _carried; // as the node last said
    private volatile SessionClaims? _claims;   // the same
    private volatile NodeLine? _line;          // that requests go to now
    private ulong _received;                   // of the node, over all streams, without what opened them
    private volatile bool _isOpen;
    private volatile bool _isSentAway; // to join anew: it says leave before it goes

    private enum Ending { ClientGone, Over, RoomGone, NodeGone }

    /// <summary>Ends with the client: its socket is closed, or it was told where to go.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var following = services.Updates.Follow(RoomName.IdOf(grants.Room));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = ReadAsync(ending.Token);
        var line = await OpenAsync(cancellationToken);
        _isOpen = true;
        var refreshing = RefreshAsync(ending.Token);
        while (line is not null)
        {
            Ending how;
            using (line) how = await PipeAsync(line, reading, ending.Token);
            line = how is Ending.RoomGone or Ending.NodeGone ? await FollowAsync(how, reading, ending.Token) : null;
        }
        try { await client.CloseAsync(cancellationToken); }
        catch (Exception e) when (IsGone(e)) { } // it was quicker
        // The client closes in its turn; what it still sends is of no use.
        await Task.WhenAny(reading, Task.Delay(CloseTime, cancellationToken));
        await ending.CancelAsync();
        await Task.WhenAll(reading, refreshing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<Ending> PipeAsync(NodeLine line, Task reading, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _line = line;
        var piping = FromNodeAsync(line, ending.Token);
        var delivering = DeliverAsync(line, ending.Token);
        var watching = WatchAsync(line, ending.Token);
        var elsewhere = ElsewhereAsync(_entrance!, ending.Token);
        var first = await Task.WhenAny(reading, piping, elsewhere, _unreachable.Task);
        if (first == _unreachable.Task && await Task.WhenAny(reading, Task.Delay(CloseTime, cancellationToken)) != reading) client.Abort();
        if (first == reading || first == _unreachable.Task)
            first = await Task.WhenAny(piping, elsewhere, Task.Delay(DeliveryTime, cancellationToken));
        var how = elsewhere.IsCompletedSuccessfully ? Ending.RoomGone : first == piping ? await piping : Ending.ClientGone;
        await ending.CancelAsync();
        await Task.WhenAll(piping, delivering, watching, elsewhere).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return how;
    }

    /// <summary>
    /// Completes when the log says that the room has another owner. A node that hangs or is cut off ends no stream; its clients are led
    /// away all the same.
    /// </summary>
    private async Task ElsewhereAsync(GrantedSeat at, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = services.Places.NextChange(at.Room);
            if (await services.Places.LookAsync(at.Room) is { NodeAddress.Length: > 0 } place && place.Epoch > at.Epoch) return;
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
                if (_isSentAway && message.Request.MessageCase == SignalRequest.MessageOneofCase.Leave) return;
                await _requests.AddAsync(message.Request.MessageCase, message.Octets, cancellationToken);
            }
        }
        catch (Exception e) when (IsGone(e)) { if (client.IsUnanswering) await SayUnansweringAsync(cancellationToken); }
        finally
        {
            // Whoever goes before it was answered never learns its session's name: it cannot take it up again.
            if (!_isOpen && !join.Reconnect)
                _requests.AddLast(SignalRequest.MessageOneofCase.Leave,
                    new SignalRequest { Leave = new LeaveRequest { Reason = DisconnectReason.ClientInitiated } }.ToByteString());
            _requests.Complete();
        }
    }

    private async Task DeliverAsync(NodeLine line, CancellationToken cancellationToken)
    {
        try { await _requests.DeliverAsync(line, toNewOwner: false, cancellationToken); }
        catch (Exception e) when (IsLineGone(e)) { } // whoever reads from the node meets the same end
    }

    private async Task<Ending> FromNodeAsync(NodeLine line, CancellationToken cancellationToken)
    {
        try
        {
            while (await line.ReceiveAsync(cancellationToken) is { } message)
            {
                if (message.KindCase == SessionMessage.KindOneofCase.Response) await TellAsync(message.Response, cancellationToken);
                else if (message.KindCase == SessionMessage.KindOneofCase.Handled) _requests.Handled(message.Handled);
                else if (message.Carried is { } carried) _carried = carried;
                else if (message.Claims is { } claims) await RefreshAsync(claims, cancellationToken);
                else if (message.Ended is { } ended)
                    return ended.Reason is SessionEndReason.RoomGivenUp or SessionEndReason.NodeStopping ? Ending.RoomGone : Ending.Over;
                _received++;
            }
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested) { }
        catch (Exception e) when (e is OperationCanceledException or RpcException) { return Ending.ClientGone; }
        return Ending.NodeGone;
    }

    /// <summary>
    /// A client that cannot be told any more may have said something before: what comes from the node then is let go, not the node.
    /// </summary>
    private async Task TellAsync(ByteString response, CancellationToken cancellationToken)
    {
        if (_unreachable.Task.IsCompleted) return;
        try { await client.SendAsync(response, cancellationToken); }
        catch (Exception e) when (IsGone(e) && !cancellationToken.IsCancellationRequested) { _unreachable.TrySetResult(); }
    }

    private async Task LeaveAsync(DisconnectReason reason, LeaveRequest.Types.Action action, CancellationToken cancellationToken)
    {
        _isSentAway = action == LeaveRequest.Types.Action.Reconnect;
        var leave = new SignalResponse
        {
            Leave = new LeaveRequest
            {
                Reason = reason,
                Action = action,
                CanReconnect = action != LeaveRequest.Types.Action.Disconnect
            }
        };
        await TellAsync(leave.ToByteString(), cancellationToken);
    }

    private static bool IsLineGone(Exception e) =>
        e is RpcException or InvalidOperationException or IOException or OperationCanceledException or ObjectDisposedException;

    private static bool IsGone(Exception e) =>
        e is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;

    [LoggerMessage(3401, LogLevel.Information, "{Identity} could not join room {Room}: {Code}, {Why}")]
    private partial void LogRefused(string identity, string room, StatusCode code, string why);
    [LoggerMessage(3402, LogLevel.Debug, "{Identity} tries room {Room} again: {Why}")]
    private partial void LogRetried(string identity, string room, string why);
    [LoggerMessage(3404, LogLevel.Information, "{Identity} in room {Room} cannot be carried to the new owner: {Why}")]
    private partial void LogNotCarried(string identity, string room, string why);
    [LoggerMessage(3403, LogLevel.Information, "Room {Room} went to another node (epoch {Epoch}): {Identity} is told to {What}")]
    private partial void LogMoved(string identity, string room, ulong epoch, string what);
}
