using System.Collections.Immutable;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    /// <summary>In order of their ids.</summary>
    public ImmutableArray<WebhookRecord> Webhooks { get; private set; } = [];

    /// <summary>Null when there is none.</summary>
    public WebhookRecord? FindWebhook(string id) => Webhooks.FirstOrDefault(webhook => webhook.Id == id);

    internal void RestoreWebhook(WebhookRecord record) => Webhooks = Webhooks.Add(record);

    private void EvolveWebhook(WebhookEvent happened, in EventContext context)
    {
        if (happened is WebhookEvent.Added added)
        {
            Invariant.Require(FindWebhook(added.Id) is null, "a webhook is added once");
            Webhooks = [.. Webhooks.Append(new(added.Id, added.Url, added.Position, 0, [], []))
                .OrderBy(webhook => webhook.Id, StringComparer.Ordinal)];
            return;
        }
        var before = FindWebhook(happened.Id);
        Invariant.Require(before is not null, $"event {context.Seq} is about a webhook that was added");
        switch (happened)
        {
            case WebhookEvent.Advanced e: Webhooks = Webhooks.Replace(before!, e.Progress.ApplyTo(before!)); break;
            case WebhookEvent.ReplayAsked e:
                Webhooks = Webhooks.Replace(before!, before! with
                {
                    Dead = [.. before!.Dead.Select(letter => e.Messages.Contains(letter.Message) ? letter with { IsReplayed = true }
                        : letter)],
                });
                break;
            case WebhookEvent.Forgotten: Webhooks = Webhooks.Remove(before!); break;
            default: Invariant.Require(false, "every webhook event has a fold"); break;
        }
    }
}
