using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Features;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Subscriptions;
using VideoScale.ControlPlane.Webhooks;

namespace VideoScale.ControlPlane.Host.Webhooks;

/// <summary>
/// Tells one receiver what happens: a subscriber of the leader, whose place is the position on record. Receivers do not wait for each
/// other.
/// </summary>
internal sealed partial class WebhookSender(ReplicaCore core, WebhookUrl url, IWebhookClient client, OutboxRules rules,
    ILogger<WebhookSender> logger) : IAsyncDisposable
{
    private const string Name = "webhooks";

    private volatile SenderRun? _run;

    internal WebhookUrl Url => url;

    internal EventSubscriber Subscriber => new(url.Id, OfferAsync)
    {
        RunsOn = RunsOn.Leader,
        PlaceAsync = PlaceAsync,
        Types = RoomStories.Types,
        MaxBatch = 256,
    };

    internal SenderStatus Status => core.Leadership.IsMine && _run is { } run ? run.Status : SenderStatus.Resting;

    private async ValueTask<ulong?> PlaceAsync(CancellationToken cancellationToken)
    {
        if (_run is { } before) await before.DisposeAsync();
        _run = null;
        var term = core.Leadership.Term;
        if (!core.Leadership.IsMine) return null;
        if (await LookAsync() is not { } record)
        {
            var added = await core.Commands.SubmitAsync(term, Name, new WebhookCommand.Add(url.Id, url.Shown), cancellationToken);
            if (added is { Status: SubmitStatus.Applied, Reply.Failure: { } refusal }) throw new IOException(refusal.Message);
            if (added.Status != SubmitStatus.Applied || await LookAsync() is not { } known)
                throw new IOException("a new receiver of webhooks could not be put on record");
            record = known;
        }
        LogBegins(url.Id, url.Shown, term, record.Position);
        _run = new SenderRun(new(() => core.Leadership.IsMine && core.Leadership.Term == term, MarkAsync, LookAsync, core.Events.Reader,
            client, core.Clock), rules, url.Address, record);
        return record.Position;

        async Task<bool> MarkAsync(WebhookProgress progress, CancellationToken stopping)
        {
            var result = await core.Commands.SubmitAsync(term, Name, new WebhookCommand.Advance(url.Id, progress), stopping);
            foreach (var letter in progress.Dead) LogDead(url.Id, letter.Event, letter.Room.Value, letter.Message.Seq, letter.Error);
            return result is { Status: SubmitStatus.Applied, Reply.Failure: null };
        }
    }

    private async ValueTask<WebhookRecord?> LookAsync() =>
        await core.Queries.ReadNowAsync(url.Id, static (state, _, id) => state.FindWebhook(id));

    private ValueTask OfferAsync(IReadOnlyList<EventEnvelope> events, CancellationToken cancellationToken) =>
        _run is { } run ? run.OfferAsync(events, cancellationToken)
            : throw new InvalidOperationException("events are offered in a turn, which begins with a run");

    public async ValueTask DisposeAsync()
    {
        if (_run is { } run) await run.DisposeAsync();
    }

    [LoggerMessage(5801, LogLevel.Information, "Webhook {Id} ({Url}) is served in term {Term}, after event {Seq}")]
    private partial void LogBegins(string id, string url, ulong term, ulong seq);

    [LoggerMessage(5802, LogLevel.Warning,
        "Webhook {Id}: {Word} of room {Room} (event {Seq}) is given up: {Why}. `ctl webhook dead` lists it")]
    private partial void LogDead(string id, string word, string room, ulong seq, string why);
}
