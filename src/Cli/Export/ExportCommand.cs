using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Npgsql;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Ctl;
using VideoScale.Export;
using VideoScale.Export.Schema;
using VideoScale.Export.Writing;
using VideoScale.V1;

namespace VideoScale.Cli.Export;

/// <summary><c>videoscale export</c>: the event log in PostgreSQL.</summary>
internal static class ExportCommand
{
    internal static Command Create() => new Command("export", "The event log in PostgreSQL, as Marten keeps events.")
    {
        Init(), RunCommand.Create(), Status(), Rebuild(), GrantsOf(),
        CtlOptions.Server, CtlOptions.Token, CtlOptions.Json, CtlOptions.TimeoutSeconds, CtlOptions.Certificate, CtlOptions.Key,
        CtlOptions.Authority,
    }.WithNotes("""
        Examples:
          videoscale export init --postgres postgres://owner@db.example/events
          videoscale export grants --exporter videoscale_export --reader reports | psql …
          videoscale control --postgres postgres://videoscale_export@db.example/events …   the leader exports
          videoscale export status                                                         how far it is
          videoscale export run --data /var/lib/videoscale --postgres …                    what a stopped replica holds

        Exit codes: 0 done, 1 refused or stopped, 2 wrong usage or nobody answered.
        """);

    private static Command Init()
    {
        var command = new Command("init",
            "Makes the schema, as its owner: Marten's tables and two of ours. Run again, it makes what is missing.")
        {
            PostgresOptions.Url, PostgresOptions.PasswordFile,
        };
        OnDatabase(command, async (database, parsed, cancellationToken) =>
        {
            await database.InitializeAsync(cancellationToken);
            Answer(parsed, new { initialized = true }, "the schema is there; give roles their rights with `videoscale export grants`");
            return Exit.Ok;
        });
        return command;
    }

    private static Command Status()
    {
        var command = new Command("status", "How far the export is: as the leader says, or with --postgres as the database says.")
        {
            PostgresOptions.Url, PostgresOptions.PasswordFile,
        };
        command.SetAction((parsed, cancellationToken) => PostgresOptions.TryRead(parsed) is { } address
            ? WithDatabaseAsync(address, database => DatabaseStatusAsync(database, parsed, cancellationToken))
            : CtlSession.RunAsync(parsed, session => LeaderStatusAsync(session, parsed, cancellationToken), cancellationToken));
        return command;
    }

    private static async Task<int> LeaderStatusAsync(CtlSession session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var client = new AuditService.AuditServiceClient(session.Invoker);
        var reply = await client.ExportStatusAsync(new ExportStatusRequest(), session.Call(cancellationToken));
        Answer(parsed, new
        {
            state = reply.State.ToString(),
            target = reply.Target,
            exported_seq = reply.ExportedSeq,
            log_seq = reply.LogSeq,
            lag_events = reply.LagEvents,
            lag_ms = reply.LagMs,
            over_budget = reply.OverBudget,
            term = reply.Term,
            exporter = reply.Exporter,
            batches = reply.Batches,
            problem = reply.Problem,
            problem_seq = reply.ProblemSeq,
        }, reply.State == ExportState.Off ? "nothing is exported: no replica was given --postgres"
            : string.Create(CultureInfo.InvariantCulture,
                $"{reply.State}: event {reply.ExportedSeq} of {reply.LogSeq} is in {reply.Target}; {reply.LagEvents} events and "
                + $"{reply.LagMs} ms behind{(reply.OverBudget ? ", MORE THAN ITS BUDGET" : "")}; replica {reply.Exporter}, term "
                    + $"{reply.Term}"
                + $"{(reply.Problem.Length > 0 ? $"\n{reply.Problem}" : "")}"));
        return reply.State == ExportState.Stopped ? Exit.Refused : Exit.Ok;
    }

    private static async Task<int> DatabaseStatusAsync(ExportDatabase database, ParseResult parsed, CancellationToken cancellationToken)
    {
        if (await database.PositionAsync(cancellationToken) is not { } at)
        {
            Answer(parsed, new { last_seq = 0 }, "nobody has exported to it yet");
            return Exit.Ok;
        }
        Answer(parsed, new
        {
            cluster_id = at.ClusterId,
            last_seq = at.LastSeq,
            term = at.Epoch,
            exporter = at.Exporter,
            chain = at.Chain.ToString(),
            updated_at = at.UpdatedAt,
        }, string.Create(CultureInfo.InvariantCulture,
            $"event {at.LastSeq} of cluster {at.ClusterId}, by {at.Exporter} in term {at.Epoch}, {at.UpdatedAt:yyyy-MM-dd HH:mm:ss}Z\n"
            + $"chain {at.Chain}"));
        return Exit.Ok;
    }

    private static Command Rebuild()
    {
        var yes = new Option<bool>("--yes") { Description = "Do it: without it, it is only said what would be." };
        var command = new Command("rebuild", "Empties events, streams and ledger, as their owner; the exporter then writes all of it anew.")
        {
            PostgresOptions.Url, PostgresOptions.PasswordFile, yes,
        };
        OnDatabase(command, async (database, parsed, cancellationToken) =>
        {
            var at = await database.PositionAsync(cancellationToken);
            if (!parsed.GetValue(yes))
                throw new CliException(
                    $"{at?.LastSeq ?? 0} events would be removed and written anew; to do it, add --yes")
                { ExitCode = Exit.Refused };
            await database.RebuildAsync(cancellationToken);
            Answer(parsed, new { removed = at?.LastSeq ?? 0 }, $"{at?.LastSeq ?? 0} events removed; whoever exports begins anew");
            return Exit.Ok;
        });
        return command;
    }

    private static Command GrantsOf()
    {
        var exporters = new Option<string[]>("--exporter")
        {
            Description = "Role that replicas connect as; may be repeated.",
            HelpName = "ROLE",
            DefaultValueFactory = _ => [],
        };
        var readers = new Option<string[]>("--reader")
        {
            Description = "Role of an application that reads; may be repeated.",
            HelpName = "ROLE",
            DefaultValueFactory = _ => [],
        };
        var command = new Command("grants", "Prints what roles need, as SQL; with --postgres it is granted, as the owner.")
        {
            PostgresOptions.Url, PostgresOptions.PasswordFile, exporters, readers,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var sql = Grants.Of(parsed.GetValue(exporters)!, parsed.GetValue(readers)!);
            if (sql.Length == 0) throw new CliException("name at least one role: --exporter ROLE, --reader ROLE");
            if (PostgresOptions.TryRead(parsed) is not { } address)
            {
                Answer(parsed, new { sql }, sql.TrimEnd());
                return Exit.Ok;
            }
            return await WithDatabaseAsync(address, async database =>
            {
                await database.GrantAsync(sql, cancellationToken);
                Answer(parsed, new { granted = true, sql }, "granted");
                return Exit.Ok;
            });
        });
        return command;
    }

    internal static void Answer(ParseResult parsed, object json, string words) =>
        Console.WriteLine(parsed.GetValue(CtlOptions.Json) ? JsonSerializer.Serialize(json) : words);

    private static void OnDatabase(Command command, Func<ExportDatabase, ParseResult, CancellationToken, Task<int>> run) =>
        command.SetAction((parsed, cancellationToken) =>
            WithDatabaseAsync(PostgresOptions.Require(parsed), database => run(database, parsed, cancellationToken)));

    /// <summary>What PostgreSQL refuses is said in its own words; that it does not answer is no refusal.</summary>
    private static async Task<int> WithDatabaseAsync(PostgresAddress address, Func<ExportDatabase, Task<int>> run)
    {
        await using var database = new ExportDatabase(address);
        try { return await run(database); }
        catch (PostgresException e)
        {
            throw new CliException($"{address} refuses: {e.MessageText} ({e.SqlState})"
                + (Failures.LacksSchema(e) ? "; make the schema with `videoscale export init`" : ""),
                    e)
            { ExitCode = Exit.Refused };
        }
        catch (NpgsqlException e) { throw new CliException($"{address} does not answer: {e.Message.ReplaceLineEndings(" ")}", e); }
    }
}
