using Google.Protobuf;
using Grpc.Core;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Bounds;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Refusals;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Serving;

/// <summary>
/// The way of every mutation: into the pipeline here when this replica leads, else to the leader; its outcome is never guessed.
/// </summary>
public sealed class Mutations(CommandPipeline pipeline, Leadership leadership, LeaderForwarder forwarder, ServingGate gate,
    StateBounds bounds, FirstComparison comparison, RefusalRecorder refusals, UnplacedCommands unplaced)
{
    private static readonly TimeSpan RolePause = TimeSpan.FromMilliseconds(2);

    public Task<TReply> RunAsync<TRequest, TReply>(TRequest request, string requestId, ServerCallContext context, DomainCommand command,
        Func<CommandReply, TReply> map, Func<CallInvoker, TRequest, CallOptions, AsyncUnaryCall<TReply>> call)
        where TRequest : class, IMessage where TReply : class =>
        RunAsync(request, requestId, IncomingCall.Of(context), command, map, call);

    /// <param name="call">How the leader is called when it is another replica.</param>
    /// <param name="first">Run right before the command in the same log entry, for the same request; null without one.</param>
    public async Task<TReply> RunAsync<TRequest, TReply>(TRequest request, string requestId, IncomingCall incoming, DomainCommand command,
        Func<CommandReply, TReply> map, Func<CallInvoker, TRequest, CallOptions, AsyncUnaryCall<TReply>> call, DomainCommand? first = null)
        where TRequest : class, IMessage where TReply : class
    {
        FieldRules.RequestId(requestId);
        CommandEnvelope[]? envelopes = null;
        var mayBeDone = false;
        while (true)
        {
            gate.Check();
            if (!leadership.IsMine)
            {
                var (forwarded, reply) = await forwarder.TryForwardAsync(request, incoming, call, mayBeDone);
                if (forwarded) return reply!;
            }
            envelopes ??= Envelop(request, requestId, incoming, command, first);
            foreach (var envelope in envelopes) await AdmitAsync(envelope, incoming.CancellationToken);
            var result = await pipeline.SubmitAsync(envelopes[0], envelopes.ElementAtOrDefault(1), incoming.CancellationToken);
            mayBeDone |= result.Status == SubmitStatus.Unknown;
            switch (result.Status)
            {
                case SubmitStatus.Applied: return Answer(envelopes[result.IsOfSecond ? 1 : 0], result.Reply!, map);
                case SubmitStatus.Sealed: throw result.Reply!.Failure!.ToRpcException();
                case SubmitStatus.Full:
                    if (await unplaced.LetPassAsync(envelopes[0]) is { } passing)
                    {
                        envelopes[0] = passing;
                        continue;
                    }
                    refusals.Note(Refusal.Of(envelopes[^1], result.Reply!.Failure!));
                    throw result.Reply!.Failure!.ToRpcException();
                case SubmitStatus.TooRecent:
                    throw new RpcException(
                        new Status(StatusCode.Unimplemented,
                        "a replica of this cluster runs an older version, which does not know this change: upgrade it first; nothing was "
                        + "done"));
                case SubmitStatus.Overloaded:
                    throw Failure.Unavailable(
                        "too many commands wait for the log on this replica; nothing was done, retry with the same request_id")
                        .ToRpcException();
                // The new leader's log knows what became of it: the same request_id asks there.
                case SubmitStatus.Unknown when !leadership.IsMine && !incoming.CancellationToken.IsCancellationRequested:
                    continue;
                case SubmitStatus.NotLeader when !incoming.CancellationToken.IsCancellationRequested:
                    if (leadership.IsMine) await Task.Delay(RolePause, CancellationToken.None); // the log knows before we do
                    continue;
                default:
                    throw Failure.Unavailable("no quorum answered in time; the outcome is unknown, retry with the same request_id")
                        .ToRpcException();
            }
        }
    }

    /// <summary>What stands in the way of a command before it is proposed.</summary>
    private async ValueTask AdmitAsync(CommandEnvelope envelope, CancellationToken cancellationToken)
    {
        if (await bounds.RefusalAsync(envelope) is { } exceeded)
        {
            refusals.Note(Refusal.Of(envelope, exceeded));
            throw exceeded.ToRpcException();
        }
        if (await comparison.AwaitAsync(envelope, cancellationToken) is { } early) throw early.ToRpcException();
    }

    private TReply Answer<TReply>(CommandEnvelope envelope, CommandReply reply, Func<CommandReply, TReply> map)
    {
        if (reply.Failure is not { } failure) return map(reply);
        // A repeat was refused before, and what has an event of its own needs no other.
        if (reply is { Replayed: false, EventSeq: 0 }) refusals.Note(Refusal.Of(envelope, failure));
        throw failure.ToRpcException();
    }

    /// <summary>Each command of a request has a key of its own: a repeat of the request repeats both.</summary>
    private static CommandEnvelope[] Envelop(IMessage request, string requestId, IncomingCall incoming, DomainCommand command,
        DomainCommand? first)
    {
        var (actor, fingerprint) = (Actors.Of(incoming.Caller), BodyFingerprint.Of(request));
        CommandEnvelope Of(DomainCommand one, string method) =>
            new(one, actor, new RequestKey(method, requestId, fingerprint), CorrelationId: requestId, Traceparent: incoming.Traceparent);
        return first is null ? [Of(command, incoming.Method)]
            : [Of(first, $"{incoming.Method}.{first.Type}"), Of(command, incoming.Method)];
    }
}
