using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;
using Room = LiveKit.Proto.Room;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Gateways' way in: one stream per participant.</summary>
[RequireRole(Role.Replica)]
public sealed class MediaSessionApi(MediaNodeOptions options, AuthorityGate authority, SessionHost host)
    : MediaSessionService.MediaSessionServiceBase
{
    /// <summary>What a client says beyond what is known here is not kept, let alone shown to others.</summary>
    private static readonly MessageParser<SignalRequest> Requests = SignalRequest.Parser.WithDiscardUnknownFields(true);
    private static readonly MessageParser<JoinRequest> Joins = JoinRequest.Parser.WithDiscardUnknownFields(true);

    public override async Task Signal(IAsyncStreamReader<GatewayMessage> requestStream, IServerStreamWriter<SessionMessage> responseStream,
        ServerCallContext context)
    {
        var cancellation = context.CancellationToken;
        if (!await requestStream.MoveNext(cancellation) || requestStream.Current.Open is not { } open)
            throw Failure.InvalidArgument("kind: the first message opens the session").ToRpcException();
        var link = new GatewayLink();
        var session = await OpenAsync(open, link, cancellation);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var hearing = HearAsync(session, link, requestStream, ending.Token);
        try
        {
            await foreach (var message in link.Messages.ReadAllAsync(cancellation)) await responseStream.WriteAsync(message, cancellation);
        }
        // the gateway has gone
        catch (Exception e)
            when (e is OperationCanceledException or IOException or InvalidOperationException && cancellation.IsCancellationRequested)
        { }
        finally
        {
            await ending.CancelAsync(); // whoever hears says that the stream has ended
            await hearing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        if (hearing.IsFaulted && !cancellation.IsCancellationRequested) await hearing; // the call ends with it, and says so
    }

    public override Task<ListSessionsReply> ListSessions(ListSessionsRequest request, ServerCallContext context) =>
        host.Loop.AskAsync(() => SessionPages.Of(host.Table.Find(new RoomId(request.RoomId)), request));

    public override Task<CountRoomsReply> CountRooms(CountRoomsRequest request, ServerCallContext context) => host.Loop.AskAsync(() =>
    {
        var wanted = request.RoomIds.Count == 0 ? host.Table.Rooms
            : request.RoomIds.Order(StringComparer.Ordinal).Select(id => host.Table.Find(new RoomId(id))).OfType<RoomSession>();
        var reply = new CountRoomsReply();
        reply.Rooms.AddRange(wanted.Select(room => room.ToCount()));
        return reply;
    });

    public override async Task<ChangeRoomReply> ChangeRoom(ChangeRoomRequest request, ServerCallContext context)
    {
        var update = request.ChangeCase == ChangeRoomRequest.ChangeOneofCase.Participant
            ? UpdateParticipantRequest.Parser.ParseFrom(request.Participant) : null;
        var info = request.ChangeCase == ChangeRoomRequest.ChangeOneofCase.Room ? Room.Parser.ParseFrom(request.Room.Room) : null;
        var (reply, failure) = await host.Loop.AskAsync(() => Change(request, update, info));
        return reply ?? throw failure!.ToRpcException();
    }

    private (ChangeRoomReply?, Failure?) Change(ChangeRoomRequest request, UpdateParticipantRequest? update, Room? info)
    {
        if (host.Table.Find(new RoomId(request.RoomId)) is not { } room) return (null, Failure.NotFound($"room {request.RoomId}"));
        if (request.ChangeCase == ChangeRoomRequest.ChangeOneofCase.RoomMetadata)
        {
            room.SetMetadata(request.RoomMetadata);
            return (new ChangeRoomReply(), null);
        }
        if (info is not null)
        {
            room.Describe(info, request.Room.Version);
            return (new ChangeRoomReply(), null);
        }
        if (request.ChangeCase == ChangeRoomRequest.ChangeOneofCase.Data)
        {
            var refusal = room.Say(SendDataRequest.Parser.ParseFrom(request.Data));
            return (refusal is null ? new ChangeRoomReply() : null, refusal);
        }
        if (room.Find(new ParticipantIdentity(request.Identity)) is not { } participant)
            return (null, Failure.NotFound($"participant {request.Identity}"));
        if (update is not null)
        {
            if (participant.Describe(update.Name, update.Metadata, update.Attributes) is { } tooLong) return (null, tooLong);
            if (update.Permission is { } permission) participant.Permit(permission);
            room.AskForSections();
            return (new ChangeRoomReply { Changed = participant.Info.ToByteString() }, null);
        }
        if (request.ChangeCase == ChangeRoomRequest.ChangeOneofCase.Subscription)
        {
            participant.OnSubscription(UpdateSubscription.Parser.ParseFrom(request.Subscription));
            room.AskForSections();
            return (new ChangeRoomReply(), null);
        }
        if (request.TrackMuted is not { } mute || participant.Tracks.FirstOrDefault(track => track.Sid == mute.TrackSid) is not { } found)
            return (null, Failure.NotFound($"track {request.TrackMuted?.TrackSid}"));
        participant.Tell(new SignalResponse { Mute = new MuteTrackRequest { Sid = found.Sid, Muted = mute.Muted } });
        participant.SetMuted(found, mute.Muted, byServer: true);
        return (new ChangeRoomReply { Changed = found.Info.ToByteString() }, null);
    }

    private async Task<ParticipantSession> OpenAsync(OpenSession open, GatewayLink link, CancellationToken cancellationToken)
    {
        if ((NameRule.Check("room_id", open.RoomId) ?? NameRule.Check("identity", open.Identity)) is { } wrong)
            throw wrong.ToRpcException();
        var info = Room.Parser.ParseFrom(open.Room);
        if (open.ResumeSid.Length > 0 && open.Carried is null)
        {
            var (session, refusal) = await host.Loop.AskAsync(() => Resume(open, info, link));
            return session ?? throw refusal!.ToRpcException();
        }
        var join = Joins.ParseFrom(open.JoinRequest);
        // Of one that comes with its room the former owner has told already; it is told again once it is here.
        var start = SessionStart.Now();
        var described = open.Carried is null ? ParticipantSession.Describe(open, start) : null;
        var telling = authority.Telling;
        var (decision, _) = await authority.TakeSeatAsync(new RoomId(open.RoomId), new Epoch(open.Epoch),
            new ParticipantIdentity(open.Identity), open.SeatId,
            TimeSpan.FromMilliseconds(options.SeatWaitMs), cancellationToken, described);
        if (decision.Failure is { } failure) throw failure.ToRpcException();
        var (opened, late) = await host.Loop.AskAsync<(ParticipantSession?, Failure?)>(() =>
            host.Table.WhyNotCarried(open) is { } whyNot ? (null, whyNot) : (Open(), null));
        return opened ?? throw late!.ToRpcException();

        ParticipantSession Open()
        {
            var session = host.Table.Open(open, join, info, link, start);
            if (described is not null) session.WasDescribed(telling, described);
            return session;
        }
    }

    /// <summary>A gateway that takes a session up may know of a change that none before it could tell.</summary>
    private (ParticipantSession?, Failure?) Resume(OpenSession open, Room info, GatewayLink link)
    {
        if (host.Table.Resume(open, link) is not { } session) return (null, host.Table.WhyNot(open));
        session.Room.Describe(info, open.RoomVersion);
        return (session, null);
    }

    /// <summary>
    /// One request at a time: a client that floods waits for itself. When the gateway ends its side, the client has said all: the stream
    /// ends once that is done.
    /// </summary>
    private async Task HearAsync(ParticipantSession session, GatewayLink link, IAsyncStreamReader<GatewayMessage> requests,
        CancellationToken cancellationToken)
    {
        try
        {
            while (await requests.MoveNext(cancellationToken)) await HearAsync(session, link, requests.Current);
        }
        finally
        {
            // Also when it fails: a stream on which nobody listens any more would look well for ever. Its gateway comes anew.
            host.Loop.Post(() =>
            {
                SessionTable.Detached(session, link);
                link.Complete();
            });
        }
    }

    private async Task HearAsync(ParticipantSession session, GatewayLink link, GatewayMessage message)
    {
        if (message.KindCase == GatewayMessage.KindOneofCase.Quiet)
        {
            host.Loop.Post(() => SessionTable.Quiet(session, link, message.Quiet));
            return;
        }
        SignalRequest? request = null;
        try { request = Requests.ParseFrom(message.Request); }
        catch (InvalidProtocolBufferException) { } // a newer client's, or no client's: nothing of it can be meant for us
        await host.Loop.AskAsync(() =>
        {
            SessionTable.Handle(session, link, request, message.Number);
            return true;
        });
    }
}
