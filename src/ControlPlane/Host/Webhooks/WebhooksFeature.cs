using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Gateway.Tokens;
using VideoScale.Gateway.Webhooks;

namespace VideoScale.ControlPlane.Host.Webhooks;

/// <summary>Receivers that are told what happens, as LiveKit's server tells it.</summary>
internal sealed class WebhooksFeature(ReplicaCore core) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        var options = core.Options.Webhooks;
        if (options.Urls.Count == 0)
        {
            registry.Serve(new WebhookApi(core, []));
            return;
        }
        var key = ApiKeyOptions.AllOf(core.Options).First(key => options.Key.Length == 0 || key.Key == options.Key);
        var client = new WebhookClient(new WebhookSigner(new ApiKey(key.Key, key.Secret), core.Clock),
            TimeSpan.FromMilliseconds(options.TimeoutMs));
        registry.Own(client);
        var rules = new OutboxRules(options.GiveUpSeconds * 1_000L);
        WebhookSender[] senders = [.. options.Urls.Select(url => new WebhookSender(core, WebhookUrl.TryParse(url)!, client, rules,
            core.Loggers.CreateLogger<WebhookSender>()))];
        foreach (var sender in senders)
        {
            registry.Subscribe(sender.Subscriber);
            registry.Own(sender); // before the client, which it uses
        }
        registry.Serve(new WebhookApi(core, senders));
        Observe(senders);
    }

    private void Observe(WebhookSender[] senders)
    {
        const string Label = "webhook";
        core.Metrics.GaugeOfEach("videoscale_webhook_waiting", "Messages that a receiver has not taken yet", Label,
            () => Each(static status => status.Waiting));
        core.Metrics.GaugeOfEach("videoscale_webhook_lag_ms", "Age of the oldest of them", Label,
            () => Each(static status => status.LagMs));
        core.Metrics.GaugeOfEach("videoscale_webhook_held_rooms", "Rooms whose next message fails while others go through", Label,
            () => Each(static status => status.HeldRooms));
        core.Metrics.GaugeOfEach("videoscale_webhook_down", "1 while nothing gets through to a receiver", Label,
            () => Each(static status => status.IsDown ? 1 : 0));
        core.Metrics.CountOfEach("videoscale_webhook_failures", "Requests that a receiver did not take", Label,
            () => Each(static status => status.Failures));

        IEnumerable<(string, double)> Each(Func<SenderStatus, double> figure) =>
            senders.Select(sender => (sender.Url.Id, figure(sender.Status)));
    }
}
