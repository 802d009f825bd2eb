using System.Collections.Immutable;
using System.Diagnostics;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.State;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>How far receivers of webhooks are. See docs/webhooks.md.</summary>
public static class WebhookDecider
{
    public static Decision Decide(ClusterState state, WebhookCommand command, in EntryContext entry)
    {
        if ((NameRule.Check("webhook_id", command.Id) ?? Rules.MaxLength("webhook_id", command.Id, WebhookRecord.MaxIdLength)) is { } wrong)
            return wrong;
        var record = state.FindWebhook(command.Id);
        if (command is WebhookCommand.Add add) return record is null ? Add(state, add, entry) : Decision.Nothing();
        if (record is null) return Failure.NotFound($"webhook {command.Id}");
        return command switch
        {
            WebhookCommand.Advance c => Advance(record, c.Progress, entry),
            WebhookCommand.Replay c => Replay(record, c.Messages, entry),
            WebhookCommand.Forget c => One(new WebhookEvent.Forgotten(c.Id), entry),
            _ => throw new UnreachableException(command.ToString()),
        };
    }

    private static Decision Add(ClusterState state, WebhookCommand.Add add, in EntryContext entry)
    {
        if (Rules.MaxLength("url", add.Url, WebhookRecord.MaxUrlLength) is { } wrong) return wrong;
        if (state.Webhooks.Length >= WebhookRecord.MaxWebhooks)
            return Failure.Exhausted($"{state.Webhooks.Length} webhooks are known; the cap is {WebhookRecord.MaxWebhooks}: "
                + "forget those that are not used any more (ctl webhook forget)");
        return One(new WebhookEvent.Added(add.Id, add.Url, state.LastEventSeq), entry);
    }

    private static Decision Advance(WebhookRecord record, WebhookProgress progress, in EntryContext entry)
    {
        if (progress.Position < record.Position)
            return Failure.Precondition($"webhook {record.Id} is at event {record.Position}: it does not go back to {progress.Position}");
        if (progress.Position >= entry.NextEventSeq)
            return Failure.InvalidArgument($"position: {progress.Position} breaks the rule: below {entry.NextEventSeq}");
        if (Rules.InRange("held", (ulong)progress.Held.Length, 0, WebhookRecord.MaxHeld) is { } held) return held;
        var after = progress.ApplyTo(record);
        if (Rules.InRange("dead", (ulong)after.Dead.Length, 0, WebhookRecord.MaxDead) is { } dead) return dead;
        foreach (var letter in progress.Dead)
            if (Rules.MaxLength("error", letter.Error, DeadLetter.MaxErrorLength) is { } wrong) return wrong;
        return IsSame(record, after) ? Decision.Nothing() : One(new WebhookEvent.Advanced(record.Id, progress), entry);
    }

    private static bool IsSame(WebhookRecord before, WebhookRecord after) =>
        before.Position == after.Position && before.Delivered == after.Delivered && before.Held.AsSpan().SequenceEqual(after.Held.AsSpan())
        && before.Dead.AsSpan().SequenceEqual(after.Dead.AsSpan());

    private static Decision Replay(WebhookRecord record, ImmutableArray<MessageRef> messages, in EntryContext entry)
    {
        foreach (var message in messages)
            if (!record.Dead.Any(letter => letter.Message == message))
                return Failure.NotFound($"a dead letter of webhook {record.Id} for event {message.Seq}, part {message.Part}");
        var wanted = messages.IsEmpty ? record.Dead.Select(letter => letter.Message) : messages;
        ImmutableArray<MessageRef> asked =
            [.. record.Dead.Where(letter => !letter.IsReplayed).Select(letter => letter.Message).Where(wanted.Contains)];
        return asked.IsEmpty ? Decision.Nothing(new() { Accepted = 0 })
            : One(new WebhookEvent.ReplayAsked(record.Id, asked), entry, (uint)asked.Length);
    }

    private static Decision One(WebhookEvent happened, in EntryContext entry, uint accepted = 0)
    {
        var events = new DecidedEvents(entry);
        events.Add(happened);
        return Decision.Of(events, new() { Accepted = accepted });
    }
}
