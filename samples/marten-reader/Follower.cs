using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Subscriptions;

namespace MartenReader;

/// <summary>Gets every event from the first on, then each new one: the daemon keeps how far it is.</summary>
internal sealed class Follower(Action<string> say) : ISubscription
{
    public Task<IChangeListener> ProcessEventsAsync(EventRange page, ISubscriptionController controller,
        IDocumentOperations operations, CancellationToken cancellationToken)
    {
        foreach (var happened in page.Events)
            say($"#{happened.Sequence} {happened.StreamKey}@{happened.Version} {happened.EventTypeName} by {happened.UserName}: "
                + $"{happened.Data}");
        return Task.FromResult(NullChangeListener.Instance);
    }
}
