using System.CommandLine;
using System.Globalization;
using VideoScale.Cli.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Fleet;

/// <summary><c>ctl fleet rebalance …</c></summary>
internal static class RebalanceCommand
{
    private static readonly Option<string?> Mode = new("--mode")
    {
        Description = "on, dry-run (plan and tell, move nothing) or off; off at first.",
        HelpName = "on|dry-run|off",
    };
    private static readonly Option<uint?> Above = new("--above")
    {
        Description = "A node with more percent in use is crowded, 30 to 95; 78 at first.",
        HelpName = "PERCENT",
    };
    private static readonly Option<uint?> Parallel = new("--parallel")
    {
        Description = "Moves under way at once, 1 to 64; 4 at first.",
        HelpName = "N",
    };
    private static readonly Option<uint?> PerMinute = new("--per-minute")
    {
        Description = "Moves begun within a minute, 1 to 240; 24 at first.",
        HelpName = "N",
    };
    private static readonly Option<uint?> Cooldown = new("--cooldown")
    {
        Description = "A room that was moved stays so long, 60 to 86400; 600 at first.",
        HelpName = "SECONDS",
    };
    private static readonly Option<string?> Quiet = new("--quiet")
    {
        Description = "Hours of the day, UTC, in which nothing is moved; \"none\" at first.",
        HelpName = "HH:MM-HH:MM",
    };

    internal static Command Create() => new("rebalance", "Rooms are moved off crowded nodes.") { Get(), Set() };

    private static Command Get()
    {
        var command = new Command("get", "The settings, and what is done by them.");
        CtlSession.Bind(command, async (session, _, cancellationToken) =>
        {
            var reply = await session.Rebalancing.GetRebalancingAsync(new(), session.Call(cancellationToken));
            session.Output.Write(reply, () =>
            {
                session.Output.Line(Words(reply.Settings));
                session.Output.Line($"{reply.Moving} rooms on their way, {reply.BegunWithinMinute} moves begun within a minute");
                foreach (var move in reply.Plan) session.Output.Line($"plan ({reply.PlanAgeMs / 1000} s ago): {move}");
            });
        });
        return command;
    }

    private static Command Set()
    {
        var command = new Command("set", "Changes what is given of the settings.") { Mode, Above, Parallel, PerMinute, Cooldown, Quiet }
            .WithNotes("""
            Examples:
              videoscale ctl fleet rebalance set --mode dry-run
              videoscale ctl fleet rebalance set --mode on --per-minute 10 --quiet 22:00-06:00
            """);
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var settings = (await session.Rebalancing.GetRebalancingAsync(new(), session.Call(cancellationToken))).Settings;
            Apply(parsed, settings);
            var reply = await session.Rebalancing.SetRebalancingAsync(
                new SetRebalancingRequest { RequestId = session.RequestId, Settings = settings }, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line($"{Words(settings)} ({Format.Commit(reply.Commit)})"));
        });
        return command;
    }

    private static void Apply(ParseResult parsed, RebalanceSettings settings)
    {
        if (parsed.GetValue(Mode) is { } mode)
            settings.Mode = Modes.Parse(mode, RebalanceMode.Off, RebalanceMode.DryRun, RebalanceMode.On);
        if (parsed.GetValue(Above) is { } above) settings.AbovePermille = Modes.Permille("--above", above, 30, 95);
        if (parsed.GetValue(Parallel) is { } parallel) settings.MaxInParallel = parallel;
        if (parsed.GetValue(PerMinute) is { } perMinute) settings.MaxPerMinute = perMinute;
        if (parsed.GetValue(Cooldown) is { } cooldown) settings.CooldownSeconds = cooldown;
        if (parsed.GetValue(Quiet) is { } quiet) (settings.QuietFromMinute, settings.QuietToMinute) = Hours(quiet);
    }

    private static (uint From, uint To) Hours(string text)
    {
        if (text == "none") return (0, 0);
        var parts = text.Split('-');
        return parts.Length == 2 && Minute(parts[0]) is { } from && Minute(parts[1]) is { } to ? (from, to)
            : throw new CliException($"--quiet: \"{text}\" is not HH:MM-HH:MM or none");
    }

    private static uint? Minute(string text) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)
            ? (uint)(at.Hour * 60 + at.Minute) : null;

    private static string Words(RebalanceSettings settings) =>
        $"rebalancing is {Modes.Word((int)settings.Mode)}: nodes over "
        + $"{Format.Permille((int)settings.AbovePermille)}, at most {settings.MaxInParallel} rooms at once and "
        + $"{settings.MaxPerMinute} a minute, each once in {settings.CooldownSeconds} s"
        + (settings.QuietFromMinute == settings.QuietToMinute ? ""
            : $", quiet from {Clock(settings.QuietFromMinute)} to {Clock(settings.QuietToMinute)} UTC");

    private static string Clock(uint minute) => $"{minute / 60:00}:{minute % 60:00}";
}
