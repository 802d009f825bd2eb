using Grpc.Core;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.MediaNode.Host.Admission;

/// <summary>
/// Authority as seen from outside: seats are granted under a running lease and the current epoch, or refused with the reason.
/// </summary>
[RequireRole(Role.Operator)]
public sealed class AdmissionApi(MediaNodeOptions options, AuthorityGate authority) : AdmissionService.AdmissionServiceBase
{
    public override async Task<TakeSeatReply> TakeSeat(TakeSeatRequest request, ServerCallContext context)
    {
        Check(request.RoomId, request.Epoch, request.Identity, request.SeatId);
        var (decision, atNs) = await authority.TakeSeatAsync(new RoomId(request.RoomId), new Epoch(request.Epoch),
            new ParticipantIdentity(request.Identity),
            request.SeatId, TimeSpan.FromMilliseconds(options.SeatWaitMs), context.CancellationToken);
        if (decision.Failure is { } failure) throw failure.ToRpcException();
        return new TakeSeatReply
        {
            NodeId = options.NodeId,
            Epoch = decision.Grant.Epoch.Value,
            LeaseLeftMs = decision.Grant.LeaseLeftMs,
            DecidedAtBootNs = (ulong)atNs,
        };
    }

    public override Task<LeaveSeatReply> LeaveSeat(LeaveSeatRequest request, ServerCallContext context)
    {
        Check(request.RoomId, request.Epoch, request.Identity, request.SeatId);
        var failure = authority.LeaveSeat(new RoomId(request.RoomId), new Epoch(request.Epoch), new ParticipantIdentity(request.Identity),
            request.SeatId);
        return failure is null ? Task.FromResult(new LeaveSeatReply()) : throw failure.ToRpcException();
    }

    [RequireRole(Role.Viewer)]
    public override Task<GetAuthorityReply> GetAuthority(GetAuthorityRequest request, ServerCallContext context)
    {
        var (view, atNs) = authority.View();
        var reply = new GetAuthorityReply
        {
            NodeId = options.NodeId,
            Incarnation = view.Incarnation,
            LeaseLeftMs = view.LeaseLeftMs,
            DecidedAtBootNs = (ulong)atNs,
        };
        reply.Rooms.AddRange(view.Rooms.Select(room =>
            new RoomAuthority { RoomId = room.Room.Value, Epoch = room.Epoch.Value, Participants = room.Participants }));
        return Task.FromResult(reply);
    }

    private static void Check(string room, ulong epoch, string identity, ulong seatId)
    {
        var failure = NameRule.Check("room_id", room) ?? NameRule.Check("identity", identity)
            ?? (epoch == 0 ? Failure.InvalidArgument("epoch: 0 breaks the rule: the epoch that AdmitParticipant returned, not 0") : null)
            ?? (seatId == 0 ? Failure.InvalidArgument("seat_id: 0 breaks the rule: the seat that AdmitParticipant returned, not 0") : null);
        if (failure is not null) throw failure.ToRpcException();
    }
}
