using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.ControlPlane.Host.Waiting;
using VideoScale.Model;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>Rooms as this replica's state has them; for callers over the network and for the gateway of this process alike.</summary>
public sealed class RoomReads(StateQueries queries, RoomQueue queue, ServingGate gate)
{
    private const int DefaultPage = 100;
    private const int MaxPage = 1_000;
    private const string NextPagePrefix = "after:";

    public async Task<GetRoomReply> GetAsync(GetRoomRequest request, CancellationToken cancellationToken)
    {
        gate.Check();
        var room = FieldRules.Room("room_id", request.RoomId);
        var reply = await queries.ReadAsync(request.Consistency.ToReadMode(), (queue, room), static (state, index, asked) =>
        {
            if (state.FindRoom(asked.room) is not { } found) return null;
            var address = found.Record.Owner is { } owner ? state.FindNode(owner.Node)?.Record.Description.Address : null;
            return new GetRoomReply
            {
                Room = found.ToWire(),
                AppliedIndex = index,
                NodeAddress = address ?? "",
                Wait = asked.queue.Of(state, asked.room)?.ToWire(),
            };
        }, cancellationToken);
        return reply ?? throw Failure.NotFound($"room {request.RoomId}").ToRpcException();
    }

    public Task<ListRoomsReply> ListAsync(ListRoomsRequest request, CancellationToken cancellationToken)
    {
        gate.Check();
        FieldRules.AtMost("page_size", request.PageSize, MaxPage);
        FieldRules.OptionalName("node_id", request.NodeId);
        var after = "";
        if (request.PageToken.Length > 0)
        {
            if (!request.PageToken.StartsWith(NextPagePrefix, StringComparison.Ordinal))
                throw FieldRules.Broken("page_token", request.PageToken, "next_page_token of an earlier answer");
            after = request.PageToken[NextPagePrefix.Length..];
            FieldRules.Name("page_token", after);
        }
        var size = request.PageSize == 0 ? DefaultPage : (int)request.PageSize;
        return queries.ReadAsync(request.Consistency.ToReadMode(),
            (After: after, Size: size, Node: new NodeId(request.NodeId), request.IncludeClosed),
            static (state, index, page) => RoomListing.Page(state, index, page.After, page.Size, page.Node, page.IncludeClosed,
                NextPagePrefix), cancellationToken).AsTask();
    }
}
