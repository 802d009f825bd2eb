using System.CommandLine;
using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Fleet;

/// <summary><c>ctl fleet …</c></summary>
internal static class FleetCommand
{
    private static readonly string[] PoolColumns = ["POOL", "MODE", "NODES", "BOUNDS", "TARGET", "REGION", "STATE"];
    private static readonly string[] InstanceColumns = ["INSTANCE", "STATUS", "NODE", "ROOMS", "ASKED FOR", "PROVIDER'S ID"];

    internal static Command Create() => new("fleet",
        "Pools of media nodes that come and go with their load, and rooms that leave crowded nodes.")
    {
        Pools(), Get(), Plan(), PolicyCommand.Create(), Explain(), RebalanceCommand.Create(),
        Change("resume", "A suspended pool launches again.", "launches again",
            (client, id, pool, call) => client.ResumePoolAsync(new ResumePoolRequest { RequestId = id, Pool = pool }, call)),
        Change("remove", "Forgets a pool that has no instances.", "is removed",
            (client, id, pool, call) => client.RemovePoolAsync(new RemovePoolRequest { RequestId = id, Pool = pool }, call)),
    };

    internal static Argument<string> Pool() => new("pool") { Description = "Name of the pool." };

    private static Command Pools()
    {
        var command = new Command("pools", "All pools.") { CtlOptions.Stale };
        CtlSession.Bind(command, async (session, _, cancellationToken) =>
        {
            var reply = await session.Fleet.ListPoolsAsync(new ListPoolsRequest { Consistency = session.Consistency },
                session.Call(cancellationToken));
            session.Output.Write(reply, () =>
            {
                session.Output.Table(PoolColumns, reply.Pools.Select(Row));
                if (reply.Pools.Count == 0) session.Output.Line("no pools: `ctl fleet set NAME --min 1 --max 4` makes one");
                if (reply is { Pools.Count: > 0, HasProvider: false })
                    session.Output.Line("NOTE: this replica has no provider (--provider): nothing is launched while it leads");
            });
        });
        return command;
    }

    private static Command Get()
    {
        var pool = Pool();
        var command = new Command("get", "One pool and its instances.") { pool, CtlOptions.Stale };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var found = await FindAsync(session, parsed.GetValue(pool)!, session.Consistency, cancellationToken);
            session.Output.Write(found, () =>
            {
                session.Output.Table(PoolColumns, [Row(found)]);
                session.Output.Table(InstanceColumns, found.Instances.Select(each => new[]
                {
                    each.Key, each.Status.ToString().ToLowerInvariant(), each.Registered ? each.Leaving ? "leaving" : "registered" : "-",
                    $"{each.Rooms}", Format.Time(each.RequestedAtMs), Format.Text(each.ProviderId),
                }));
                if (found.Suspended.Length > 0)
                    session.Output.Line($"launches nothing until `ctl fleet resume {found.Pool_}`: {found.Suspended}");
            });
        });
        return command;
    }

    internal static async Task<Pool> FindAsync(CtlSession session, string pool, Consistency consistency,
        CancellationToken cancellationToken)
    {
        var reply = await session.Fleet.ListPoolsAsync(new ListPoolsRequest { Consistency = consistency }, session.Call(cancellationToken));
        return reply.Pools.FirstOrDefault(each => each.Pool_ == pool)
            ?? throw new RpcException(new Status(StatusCode.NotFound, $"pool {pool} does not exist"));
    }

    private static Command Plan()
    {
        var pool = Pool();
        var command = new Command("plan", "What the autoscaler makes of a pool now, and why.") { pool };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var plan = await session.Fleet.GetPlanAsync(new GetPlanRequest { Pool = parsed.GetValue(pool) },
                session.Call(cancellationToken));
            session.Output.Write(plan, () =>
            {
                session.Output.Line($"{plan.Standing} nodes, {plan.Desired} wanted");
                session.Output.Line($"in use: {Nodes(plan.NeedMilliNodes)} nodes' worth"
                    + (plan.ForecastMilliNodes / 100 > plan.NeedMilliNodes / 100 ? $", {Nodes(plan.ForecastMilliNodes)} soon" : "")
                        + $" ({plan.Why})");
                session.Output.Line($"plan: {plan.Doing} ({plan.AgeMs / 1000.0:0.0} s ago)");
                if (plan.ProviderError.Length > 0) session.Output.Line($"provider: {plan.ProviderError}");
            });
        });
        return command;
    }

    private static Command Explain()
    {
        var pool = Pool();
        var last = new Option<int>("--last")
        {
            Description = "So many decisions; default 20.",
            HelpName = "N",
            DefaultValueFactory = _ => 20,
        };
        var command = new Command("explain", "What was decided for a pool, with the figures of each decision; oldest first.")
        {
            pool, last,
        };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var events = new Queue<Event>();
            var most = Math.Clamp(parsed.GetValue(last), 1, 100_000);
            using var call = session.Audit.ReadStream(new ReadStreamRequest { Stream = $"pool-{parsed.GetValue(pool)}" },
                session.Call(cancellationToken));
            await foreach (var happened in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                events.Enqueue(happened);
                if (events.Count > most) events.Dequeue();
            }
            foreach (var happened in events)
                session.Output.Write(happened,
                    () => session.Output.Line($"#{happened.EventSeq} {Format.Time(happened.OccurredAtMs)} {EventWords.Of(happened)}"));
        });
        return command;
    }

    private static Command Change(string name, string description, string done,
        Func<FleetService.FleetServiceClient, string, string, CallOptions, AsyncUnaryCall<PoolReply>> call)
    {
        var pool = Pool();
        var command = new Command(name, description) { pool };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await call(session.Fleet, session.RequestId, parsed.GetValue(pool)!, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line($"pool {parsed.GetValue(pool)} {done} ({Format.Commit(reply.Commit)})"));
        });
        return command;
    }

    private static string[] Row(Pool pool) =>
    [
        pool.Pool_, Modes.Word((int)pool.Policy.Mode), $"{pool.Instances.Count(each => each.Registered)} of {pool.Instances.Count}",
        $"{pool.Policy.Min}..{pool.Policy.Max}", Format.Permille((int)pool.Policy.TargetPermille), Format.Text(pool.Policy.Region),
        pool.Suspended.Length > 0 ? "suspended" : pool.Failures > 0 ? $"{pool.Failures} launches failed" : "ok",
    ];

    private static string Nodes(uint milli) => (milli / 1000.0).ToString("0.00", System.Globalization.CultureInfo.InvariantCulture);
}
