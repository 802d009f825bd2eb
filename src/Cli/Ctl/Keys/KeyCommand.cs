using System.CommandLine;
using System.Globalization;
using VideoScale.Cli.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Keys;

/// <summary><c>ctl key …</c></summary>
internal static class KeyCommand
{
    private static readonly Option<string?> SecretFile = new("--secret-file")
    {
        Description = "File with the secret in its first line, 32 to 256 characters; left out, one is made up.",
        HelpName = "FILE",
    };
    private static readonly Option<double?> FormerFor = new("--former-for")
    {
        Description = "For so long the former secret is taken as well, 0 to 720; 24 at first.",
        HelpName = "HOURS",
    };
    private static readonly Option<string?> Subject = new("--subject")
    {
        Description = "Only tokens of this identity; left out, all of the key.",
        HelpName = "IDENTITY",
    };
    private static readonly Option<string?> IssuedBefore = new("--issued-before")
    {
        Description = "Only those issued before, as 2026-01-31T12:00:00Z; now at first. Tokens that do not say when count too.",
        HelpName = "TIME",
    };
    private static readonly Option<double?> For = new("--for")
    {
        Description = "How long it is in force: longer than the tokens live; 30 at first, at most 366.",
        HelpName = "DAYS",
    };

    internal static Command Create() => new Command("key", "API keys that applications sign tokens with, and tokens that are refused.")
    {
        List(), New(), Rotate(), SetEnabled("enable", true), SetEnabled("disable", false), Delete(), Revoke(),
    }.WithNotes("""
        Examples:
          videoscale ctl key create web
          videoscale ctl key rotate web --former-for 48
          videoscale ctl key revoke web --subject ann
        """);

    private static Argument<string> Key() => new("key") { Description = "Its name: the issuer of its tokens." };

    private static Command List()
    {
        var command = new Command("list", "All keys, those of the asked replica's configuration among them, and what is revoked.");
        CtlSession.Bind(command, async (session, _, cancellationToken) =>
        {
            var reply = await session.Keys.ListApiKeysAsync(new ListApiKeysRequest { Consistency = session.Consistency },
                session.Call(cancellationToken));
            session.Output.Write(reply, () =>
            {
                session.Output.Table(["KEY", "STATE", "CREATED", "CHANGED", "FORMER SECRET UNTIL"], reply.Keys.Select(Row));
                foreach (var key in reply.Keys.Where(static key => key.Problem.Length > 0))
                    session.Output.Line($"{key.Key}: {key.Problem}");
                foreach (var one in reply.Revocations)
                    session.Output.Line($"revoked until {Format.Time(one.UntilMs)}: "
                        + (one.Subject.Length == 0 ? "all tokens" : $"tokens of {one.Subject}")
                        + $" of {one.Key} issued before {Format.Time(one.IssuedBeforeMs)}");
            });
        });
        return command;
    }

    private static string[] Row(ApiKeyInfo key) =>
    [
        key.Key, key.Problem.Length > 0 ? "not usable" : !key.Enabled ? "disabled" : key.Configured ? "configured" : "enabled",
        Format.Time(key.CreatedAtMs), Format.Time(key.ChangedAtMs), Format.Time(key.FormerUntilMs),
    ];

    private static Command New()
    {
        var name = new Argument<string?>("key") { Description = "Its name; left out, one is made up.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("create", "A new key; its secret is told once.") { name, SecretFile };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await session.Keys.CreateApiKeyAsync(
                new CreateApiKeyRequest { RequestId = session.RequestId, Key = parsed.GetValue(name) ?? "", Secret = SecretOf(parsed) },
                session.Call(cancellationToken));
            Tell(session, reply);
        });
        return command;
    }

    private static Command Rotate()
    {
        var key = Key();
        var command = new Command("rotate", "Gives a key another secret; the former one is taken beside it for a while.")
        {
            key, SecretFile, FormerFor,
        };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var request = new RotateApiKeyRequest
            {
                RequestId = session.RequestId,
                Key = parsed.GetRequiredValue(key),
                Secret = SecretOf(parsed),
            };
            if (parsed.GetValue(FormerFor) is { } hours) request.FormerForSeconds = Seconds("--former-for", hours, 3_600, 720);
            Tell(session, await session.Keys.RotateApiKeyAsync(request, session.Call(cancellationToken)));
        });
        return command;
    }

    private static Command SetEnabled(string verb, bool enabled)
    {
        var key = Key();
        var what = enabled ? "Its tokens are taken again." : "Its tokens are refused; whoever is in a room stays.";
        var command = new Command(verb, what) { key };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var name = parsed.GetRequiredValue(key);
            var reply = await session.Keys.SetApiKeyEnabledAsync(
                new SetApiKeyEnabledRequest { RequestId = session.RequestId, Key = name, Enabled = enabled },
                session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line($"{name} {verb}d ({Format.Commit(reply.Commit)})"));
        });
        return command;
    }

    private static Command Delete()
    {
        var key = Key();
        var command = new Command("delete", "Forgets a key that is disabled; one of that name in the configuration counts again.") { key };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var name = parsed.GetRequiredValue(key);
            var reply = await session.Keys.DeleteApiKeyAsync(
                new DeleteApiKeyRequest { RequestId = session.RequestId, Key = name }, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line($"{name} deleted ({Format.Commit(reply.Commit)})"));
        });
        return command;
    }

    private static Command Revoke()
    {
        var key = Key();
        var command = new Command("revoke", "Refuses tokens that were issued; whoever is in a room with one is removed.")
        {
            key, Subject, IssuedBefore, For,
        };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var request = new RevokeTokensRequest
            {
                RequestId = session.RequestId,
                Key = parsed.GetRequiredValue(key),
                Subject = parsed.GetValue(Subject) ?? "",
                IssuedBeforeMs = parsed.GetValue(IssuedBefore) is { } time ? Moment(time) : 0,
            };
            if (parsed.GetValue(For) is { } days) request.ForSeconds = Seconds("--for", days, 86_400, 366);
            var reply = await session.Keys.RevokeTokensAsync(request, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line($"revoked ({Format.Commit(reply.Commit)})"));
        });
        return command;
    }

    private static void Tell(CtlSession session, ApiKeySecretReply reply) => session.Output.Write(reply, () =>
    {
        session.Output.Line($"key    {reply.Key} ({Format.Commit(reply.Commit)})");
        session.Output.Line(reply.Secret.Length > 0 ? $"secret {reply.Secret}" : "secret changed since by another request");
    });

    private static string SecretOf(ParseResult parsed)
    {
        if (parsed.GetValue(SecretFile) is not { } path) return "";
        try { return File.ReadLines(path).FirstOrDefault() is { Length: > 0 } line ? line : throw new CliException($"{path} is empty"); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"--secret-file: {e.Message}", e);
        }
    }

    private static uint Seconds(string option, double value, int unit, double most) =>
        value >= 0 && value <= most ? (uint)(value * unit) : throw new CliException($"{option}: {value} is not 0 to {most}");

    private static long Moment(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? moment.ToUnixTimeMilliseconds() : throw new CliException($"--issued-before: \"{text}\" is no time");
}
