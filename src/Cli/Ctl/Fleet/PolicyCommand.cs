using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Fleet;

/// <summary><c>ctl fleet set</c>: what is not given stays as it is.</summary>
internal static class PolicyCommand
{
    private static readonly Option<uint?> Min = new("--min") { Description = "Fewest nodes; 1 at first.", HelpName = "N" };
    private static readonly Option<uint?> Max = new("--max") { Description = "Most nodes, up to 1000; 10 at first.", HelpName = "N" };
    private static readonly Option<string?> Mode = new("--mode")
    {
        Description = "on, dry-run (plan and tell, do nothing) or off; on at first.",
        HelpName = "on|dry-run|off",
    };
    private static readonly Option<string?> Region = new("--region")
    {
        Description = "Region that its nodes register in; none at first.",
        HelpName = "NAME",
    };
    private static readonly Option<uint?> Target = new("--target")
    {
        Description = "Percent of the nodes' capacity that is to be in use, 10 to 95; 70 at first.",
        HelpName = "PERCENT",
    };
    private static readonly Option<uint?> Spare = new("--spare") { Description = "Nodes beyond what is used; 0 at first.", HelpName = "N" };
    private static readonly Option<uint?> Hold = new("--hold")
    {
        Description = "A smaller need has to last so long before a node leaves; 600 at first.",
        HelpName = "SECONDS",
    };
    private static readonly Option<uint?> Boot = new("--boot-limit")
    {
        Description = "An instance that has not registered by then is terminated; 900 at first.",
        HelpName = "SECONDS",
    };
    private static readonly Option<uint?> Drain = new("--drain-within")
    {
        Description = "A node that is to leave keeps its rooms so long before they are moved; 600 at first.",
        HelpName = "SECONDS",
    };
    private static readonly Option<double?> Price = new("--price")
    {
        Description = "What a node costs an hour, in cents; for what is shown.",
        HelpName = "CENTS",
    };

    internal static Command Create()
    {
        var pool = FleetCommand.Pool();
        var command = new Command("set", "Makes a pool, or changes what is given of its policy.")
        {
            pool, Min, Max, Mode, Region, Target, Spare, Hold, Boot, Drain, Price,
        }.WithNotes("""
            Examples:
              videoscale ctl fleet set europe --min 2 --max 20 --region eu-west --target 70
              videoscale ctl fleet set europe --mode dry-run
            """);
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var name = parsed.GetValue(pool)!;
            var listed = await session.Fleet.ListPoolsAsync(new ListPoolsRequest { Consistency = Consistency.Linearizable },
                session.Call(cancellationToken));
            var policy = listed.Pools.FirstOrDefault(each => each.Pool_ == name)?.Policy ?? new PoolPolicy();
            Apply(parsed, policy);
            var reply = await session.Fleet.SetPolicyAsync(
                new SetPolicyRequest { RequestId = session.RequestId, Pool = name, Policy = policy }, session.Call(cancellationToken));
            session.Output.Write(reply, () =>
            {
                session.Output.Line($"pool {name} is set ({Format.Commit(reply.Commit)})");
                if (!listed.HasProvider)
                    session.Output.Line("NOTE: the replica that answered has no provider (--provider): nothing is launched while it leads");
            });
        });
        return command;
    }

    private static void Apply(ParseResult parsed, PoolPolicy policy)
    {
        if (parsed.GetValue(Min) is { } min) policy.Min = min;
        if (parsed.GetValue(Max) is { } max) policy.Max = max;
        if (parsed.GetValue(Mode) is { } mode)
            policy.Mode = Modes.Parse(mode, ScalingMode.Off, ScalingMode.DryRun, ScalingMode.On);
        policy.Region = parsed.GetValue(Region) ?? policy.Region;
        if (parsed.GetValue(Target) is { } target) policy.TargetPermille = Modes.Permille("--target", target, 10, 95);
        if (parsed.GetValue(Spare) is { } spare) policy.SpareNodes = spare;
        if (parsed.GetValue(Hold) is { } hold) policy.HoldSeconds = hold;
        if (parsed.GetValue(Boot) is { } boot) policy.BootLimitSeconds = boot;
        if (parsed.GetValue(Drain) is { } drain) policy.DrainWithinSeconds = drain;
        if (parsed.GetValue(Price) is { } price)
            policy.MilliCentsPerHour = price is >= 0 and <= 1_000_000 ? (ulong)Math.Round(price * 1000)
                : throw new CliException($"--price: {price} is not 0 to 1000000 cents");
    }
}
