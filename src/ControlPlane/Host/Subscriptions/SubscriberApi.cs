using Grpc.Core;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Subscriptions;

/// <summary>Between replicas: positions of subscribers that run on the leader.</summary>
[RequireRole(Role.Replica)]
public sealed class SubscriberApi : SubscriberService.SubscriberServiceBase
{
    private readonly EventSubscriptions _subscriptions;

    internal SubscriberApi(EventSubscriptions subscriptions) => _subscriptions = subscriptions;

    public override Task<ExchangePositionReply> ExchangePosition(ExchangePositionRequest request, ServerCallContext context)
    {
        if (_subscriptions.Find(request.Subscriber) is not { Subscriber.RunsOn: RunsOn.Leader } found)
            throw Failure.NotFound($"subscriber {TextLimits.Shown(request.Subscriber)}: no such subscriber runs on the leader here")
                .ToRpcException();
        var known = found.Position.Known;
        if (request.HasEventSeq)
        {
            found.Position.Advance(request.EventSeq);
            try { found.Position.Save(); }
            catch (IOException e)
            {
                throw Failure.Unavailable($"the position of subscriber {found.Subscriber.Name} cannot be kept here: {e.Message}")
                    .ToRpcException();
            }
        }
        var reply = new ExchangePositionReply();
        if (known is { } seq) reply.EventSeq = seq;
        return Task.FromResult(reply);
    }
}
