using System.CommandLine;
using System.Globalization;
using VideoScale.Cli.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Webhooks;

/// <summary><c>ctl webhook …</c></summary>
internal static class WebhookCommand
{
    internal static Command Create() => new Command("webhook", "Receivers of webhooks: how far they are, and what was given up.")
    {
        List(), Dead(), Replay(), Forget(),
    }.WithNotes("""
        Examples:
          videoscale ctl webhook list
          videoscale ctl webhook dead
          videoscale ctl webhook replay wh-3f2a91c0d4e5 --all
        """);

    private static Argument<string> Webhook() => new("webhook") { Description = "Its id, as `webhook list` shows it." };

    private static Command List()
    {
        var command = new Command("list", "All receivers: what waits for each, its last error, and when it is tried next.");
        CtlSession.Bind(command, async (session, _, cancellationToken) =>
        {
            var reply = await session.Webhooks.ListWebhooksAsync(new ListWebhooksRequest(), session.Call(cancellationToken));
            session.Output.Write(reply, () =>
            {
                session.Output.Table(["WEBHOOK", "STATE", "POSITION", "DELIVERED", "WAITING", "LAG", "HELD", "DEAD", "NEXT TRY", "URL"],
                    reply.Webhooks.Select(Row));
                foreach (var webhook in reply.Webhooks)
                    if (webhook.LastError.Length > 0)
                        session.Output.Line(
                            $"{webhook.WebhookId}: {webhook.Failures} requests failed, the last one at "
                            + $"{Format.Time(webhook.LastErrorAtMs)}: {webhook.LastError}");
            });
        });
        return command;
    }

    private static string[] Row(Webhook webhook) =>
    [
        webhook.WebhookId, StateOf(webhook), $"{webhook.Position}", $"{webhook.Delivered}", $"{webhook.Waiting}",
        webhook.Waiting == 0 ? "-" : $"{webhook.LagMs / 1000} s", $"{webhook.Held.Count}", $"{webhook.DeadLetters}",
        Format.Time(webhook.NextTryAtMs), webhook.Url,
    ];

    private static string StateOf(Webhook webhook) => webhook switch
    {
        { Configured: false } => "not configured",
        { Down: true } => "down",
        { Waiting: > 0 } => "sending",
        _ => "up to date",
    };

    private static Command Dead()
    {
        var webhook = new Argument<string?>("webhook") { Description = "Only this one's; left out, all.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("dead", "Messages that were given up.") { webhook };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await session.Webhooks.ListDeadLettersAsync(
                new ListDeadLettersRequest { WebhookId = parsed.GetValue(webhook) ?? "" }, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Table(["WEBHOOK", "MESSAGE", "EVENT", "ROOM", "ATTEMPTS", "STATE", "ERROR"],
                reply.Letters.Select(letter => new[]
                {
                    letter.WebhookId, NameOf(letter.Message), letter.Event, letter.RoomId, $"{letter.Attempts}",
                    letter.Replaying ? "replaying" : "dead", Format.Text(letter.Error),
                })));
        });
        return command;
    }

    private static Command Replay()
    {
        var webhook = Webhook();
        var messages = new Argument<string[]>("message")
        {
            Description = "Which, as `webhook dead` names them.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var all = new Option<bool>("--all") { Description = "All dead letters of the receiver." };
        var command = new Command("replay", "Sends dead letters again, under the ids that they had.") { webhook, messages, all };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var wanted = parsed.GetValue(messages) ?? [];
            if (wanted.Length == 0 != parsed.GetValue(all)) throw new CliException("name messages, or give --all");
            var request = new ReplayDeadLettersRequest { RequestId = session.RequestId, WebhookId = parsed.GetValue(webhook) };
            request.Messages.AddRange(wanted.Select(Parse));
            var reply = await session.Webhooks.ReplayDeadLettersAsync(request, session.Call(cancellationToken));
            session.Output.Write(reply, () =>
                session.Output.Line($"{reply.Replayed} messages are sent again ({Format.Commit(reply.Commit)})"));
        });
        return command;
    }

    private static Command Forget()
    {
        var webhook = Webhook();
        var command = new Command("forget",
            "Forgets position and dead letters. A receiver that is configured begins anew, with what happens from then on.")
        { webhook };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var request = new ForgetWebhookRequest { RequestId = session.RequestId, WebhookId = parsed.GetValue(webhook) };
            var reply = await session.Webhooks.ForgetWebhookAsync(request, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line($"{request.WebhookId} forgotten ({Format.Commit(reply.Commit)})"));
        });
        return command;
    }

    private static string NameOf(MessageRef message) => string.Create(CultureInfo.InvariantCulture, $"{message.EventSeq}.{message.Part}");

    private static MessageRef Parse(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var part = 0u;
        if (ulong.TryParse(dot < 0 ? text : text[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var seq)
            && (dot < 0 || uint.TryParse(text[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out part)))
            return new() { EventSeq = seq, Part = part };
        throw new CliException($"message: \"{text}\" is not EVENT or EVENT.PART, as `webhook dead` names them");
    }
}
