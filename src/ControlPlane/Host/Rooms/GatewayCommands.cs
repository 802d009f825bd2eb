using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.Gateway.Ports;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>
/// RoomService for the gateway of this process. What a call over the network gets on its way in, these get here: a caller with its role, a
/// deadline, exceptions as statuses, counts, and the end of the process when a law of ours is broken.
/// </summary>
public sealed partial class GatewayCommands : IRoomCommands
{
    private static readonly Caller Gateway = new("gateway", Role.Operator, AuthMethod.Token);
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(8);

    private readonly RoomMutations _mutations;
    private readonly RoomReads _reads;
    private readonly Action<Exception> _stopForEver;
    private readonly ILogger<GatewayCommands> _logger;
    private readonly ConcurrentDictionary<string, StrongBox<long>> _calls = new(StringComparer.Ordinal),
        _refused = new(StringComparer.Ordinal);

    /// <param name="stopForEver">Told when a law of this program was broken.</param>
    public GatewayCommands(RoomMutations mutations, RoomReads reads, Action<Exception> stopForEver, ReplicaMetrics metrics,
        ILogger<GatewayCommands> logger)
    {
        (_mutations, _reads, _stopForEver, _logger) = (mutations, reads, stopForEver, logger);
        metrics.CountOfEach("videoscale_gateway_calls", "Calls of the gateway for rooms and seats, by method", "method",
            () => Read(_calls));
        metrics.CountOfEach("videoscale_gateway_calls_refused", "Those that were refused or failed, by status", "status",
            () => Read(_refused));
    }

    public Task<AdmitParticipantReply> AdmitAsync(AdmitParticipantRequest request, CancellationToken cancellationToken) =>
        RunAsync(nameof(RoomService.RoomServiceBase.AdmitParticipant), call => _mutations.AdmitAsync(request, call), cancellationToken);

    public Task<RemoveParticipantReply> RemoveAsync(RemoveParticipantRequest request, CancellationToken cancellationToken) =>
        RunAsync(nameof(RoomService.RoomServiceBase.RemoveParticipant), call => _mutations.RemoveAsync(request, call), cancellationToken);

    public Task<ParticipantReply> SetRoleAsync(SetParticipantRoleRequest request, CancellationToken cancellationToken) =>
        RunAsync(nameof(RoomService.RoomServiceBase.SetParticipantRole), call => _mutations.SetRoleAsync(request, call), cancellationToken);

    public Task<RoomReply> CreateAsync(CreateRoomRequest request, CancellationToken cancellationToken) =>
        RunAsync(nameof(RoomService.RoomServiceBase.CreateRoom), call => _mutations.CreateAsync(request, call), cancellationToken);

    public Task<RoomReply> OpenAsync(OpenRoomRequest request, CancellationToken cancellationToken) =>
        RunAsync(nameof(RoomService.RoomServiceBase.OpenRoom), call => _mutations.OpenAsync(request, call), cancellationToken);

    public Task<RoomReply> UpdateAsync(UpdateRoomRequest request, CancellationToken cancellationToken) =>
        RunAsync(nameof(RoomService.RoomServiceBase.UpdateRoom), call => _mutations.UpdateAsync(request, call), cancellationToken);

    public Task<RoomReply> CloseAsync(CloseRoomRequest request, CancellationToken cancellationToken) =>
        RunAsync(nameof(RoomService.RoomServiceBase.CloseRoom), call => _mutations.CloseAsync(request, call), cancellationToken);

    public Task<GetRoomReply> GetAsync(GetRoomRequest request, CancellationToken cancellationToken) =>
        RunAsync(nameof(RoomService.RoomServiceBase.GetRoom), call => _reads.GetAsync(request, call.CancellationToken), cancellationToken);

    public Task<ListRoomsReply> ListAsync(ListRoomsRequest request, CancellationToken cancellationToken) =>
        RunAsync(nameof(RoomService.RoomServiceBase.ListRooms), call => _reads.ListAsync(request, call.CancellationToken),
            cancellationToken);

    private async Task<T> RunAsync<T>(string method, Func<IncomingCall, Task<T>> run, CancellationToken cancellationToken)
    {
        Count(_calls, method);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CallTime);
        try
        {
            // Whatever it waits for, the caller waits no longer than its deadline.
            return await GuardAsync(method, run, new IncomingCall(method, Gateway, DateTime.UtcNow + CallTime, limit.Token))
                .WaitAsync(limit.Token);
        }
        catch (RpcException e)
        {
            Count(_refused, e.StatusCode.ToString());
            throw;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            var fault = cancellationToken.IsCancellationRequested ? HandlerFault.Cancelled() : HandlerFault.DeadlinePassed();
            Count(_refused, fault.StatusCode.ToString());
            throw fault;
        }
    }

    private async Task<T> GuardAsync<T>(string method, Func<IncomingCall, Task<T>> run, IncomingCall call)
    {
        try { return await run(call); }
        catch (InvariantViolation e)
        {
            _stopForEver(e);
            throw HandlerFault.StoppedForEver();
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            throw HandlerFault.GivenUp();
        }
        catch (Exception e) when (e is not (RpcException or OperationCanceledException))
        {
            LogUnexpected(e, method);
            throw HandlerFault.Unexpected();
        }
    }

    private static void Count(ConcurrentDictionary<string, StrongBox<long>> counts, string of) =>
        Interlocked.Increment(ref counts.GetOrAdd(of, static _ => new StrongBox<long>()).Value);

    private static IEnumerable<(string Of, double Value)> Read(ConcurrentDictionary<string, StrongBox<long>> counts) =>
        counts.Select(static count => (count.Key, (double)Interlocked.Read(ref count.Value.Value)));

    [LoggerMessage(5600, LogLevel.Error, "{Method} failed in a way it should not, for the gateway of this process")]
    private partial void LogUnexpected(Exception exception, string method);
}
