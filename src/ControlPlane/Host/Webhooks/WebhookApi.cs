using System.Collections.Immutable;
using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Features;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Webhooks;

/// <summary>Receivers of webhooks, for operators.</summary>
[RequireRole(Role.Viewer)]
public sealed class WebhookApi : WebhookService.WebhookServiceBase
{
    private readonly ReplicaCore _core;
    private readonly IReadOnlyList<WebhookSender> _senders;

    internal WebhookApi(ReplicaCore core, IReadOnlyList<WebhookSender> senders) => (_core, _senders) = (core, senders);

    /// <summary>Asked of the leader, which sends.</summary>
    public override async Task<ListWebhooksReply> ListWebhooks(ListWebhooksRequest request, ServerCallContext context)
    {
        _core.Gate.Check();
        if (!_core.Leadership.IsMine)
        {
            var (forwarded, reply) = await _core.Forwarder.TryForwardAsync(request, IncomingCall.Of(context),
                static (leader, r, options) => new WebhookService.WebhookServiceClient(leader).ListWebhooksAsync(r, options));
            if (forwarded) return reply!;
        }
        var records = await _core.Queries.ReadNowAsync(0, static (state, _, _) => state.Webhooks);
        var listed = new ListWebhooksReply();
        var ids = records.Select(record => record.Id).Union(_senders.Select(sender => sender.Url.Id));
        foreach (var id in ids.Order(StringComparer.Ordinal))
            listed.Webhooks.Add(Describe(id, records.FirstOrDefault(record => record.Id == id),
                _senders.FirstOrDefault(sender => sender.Url.Id == id)));
        return listed;
    }

    private static Webhook Describe(string id, WebhookRecord? record, WebhookSender? sender)
    {
        var status = sender?.Status ?? SenderStatus.Resting;
        var webhook = new Webhook
        {
            WebhookId = id,
            Url = record?.Url ?? sender!.Url.Shown,
            Configured = sender is not null,
            Position = record?.Position ?? 0,
            Delivered = record?.Delivered ?? 0,
            DeadLetters = (uint)(record?.Dead.Length ?? 0),
            Waiting = (uint)status.Waiting,
            LagMs = status.LagMs,
            UnderWay = (uint)status.UnderWay,
            Failures = (ulong)status.Failures,
            LastError = status.LastError,
            LastErrorAtMs = status.LastErrorMs,
            NextTryAtMs = status.NextTryMs,
            Down = status.IsDown,
        };
        foreach (var held in record?.Held ?? [])
            webhook.Held.Add(new HeldRoomOfWebhook { RoomId = held.Room.Value, FromEventSeq = held.FromSeq });
        return webhook;
    }

    public override async Task<ListDeadLettersReply> ListDeadLetters(ListDeadLettersRequest request, ServerCallContext context)
    {
        _core.Gate.Check();
        FieldRules.OptionalName("webhook_id", request.WebhookId);
        var records = await _core.Queries.ReadAsync(ReadMode.Linearizable, 0, static (state, _, _) => state.Webhooks,
            context.CancellationToken);
        if (request.WebhookId.Length > 0 && !records.Any(record => record.Id == request.WebhookId))
            throw Failure.NotFound($"webhook {request.WebhookId}").ToRpcException();
        var reply = new ListDeadLettersReply();
        foreach (var record in records.Where(record => request.WebhookId.Length == 0 || record.Id == request.WebhookId))
            foreach (var letter in record.Dead) reply.Letters.Add(new V1.DeadLetter
            {
                WebhookId = record.Id,
                Message = new V1.MessageRef { EventSeq = letter.Message.Seq, Part = letter.Message.Part },
                RoomId = letter.Room.Value,
                Event = letter.Event,
                Attempts = letter.Attempts,
                Error = letter.Error,
                Replaying = letter.IsReplayed,
            });
        return reply;
    }

    [RequireRole(Role.Operator)]
    public override Task<ReplayDeadLettersReply> ReplayDeadLetters(ReplayDeadLettersRequest request, ServerCallContext context)
    {
        FieldRules.Name("webhook_id", request.WebhookId);
        FieldRules.AtMost("messages", (ulong)request.Messages.Count, WebhookRecord.MaxDead);
        ImmutableArray<ControlPlane.Webhooks.MessageRef> messages =
            [.. request.Messages.Select(message => new ControlPlane.Webhooks.MessageRef(message.EventSeq, message.Part))];
        return _core.Mutations.RunAsync(request, request.RequestId, context, new WebhookCommand.Replay(request.WebhookId, messages),
            static reply => new ReplayDeadLettersReply { Commit = reply.ToCommit(), Replayed = reply.Outcome.Accepted },
            static (leader, r, options) => new WebhookService.WebhookServiceClient(leader).ReplayDeadLettersAsync(r, options));
    }

    [RequireRole(Role.Operator)]
    public override Task<ForgetWebhookReply> ForgetWebhook(ForgetWebhookRequest request, ServerCallContext context)
    {
        FieldRules.Name("webhook_id", request.WebhookId);
        return _core.Mutations.RunAsync(request, request.RequestId, context, new WebhookCommand.Forget(request.WebhookId),
            static reply => new ForgetWebhookReply { Commit = reply.ToCommit() },
            static (leader, r, options) => new WebhookService.WebhookServiceClient(leader).ForgetWebhookAsync(r, options));
    }
}
