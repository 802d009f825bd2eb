using System.Text.Json;
using Npgsql;
using VideoScale.Cli.CommandLine;
using VideoScale.Export;
using VideoScale.Export.Verification;

namespace VideoScale.Cli.Audit;

/// <summary><c>audit verify --postgres</c>: a database against its own records, and against the log.</summary>
internal static class VerifyExport
{
    /// <summary>The whole of it: each chain value holds all that came before.</summary>
    internal static async Task<int> RunAsync(AuditSession session, PostgresAddress address, CancellationToken cancellationToken)
    {
        var last = await session.Backend.LastSeqAsync(cancellationToken);
        try
        {
            var found = await new PostgresVerifier(address).VerifyAsync(new AuditedLog(session.Backend, last),
                new Progress("verifying", last).At, cancellationToken);
            if (session.IsJson)
                Console.WriteLine(JsonSerializer.Serialize(new
                {
                    ok = found.Ok,
                    events = found.Events,
                    first_bad_seq = found.FirstBadSeq,
                    problem = found.Problem,
                    chain_head = found.Chain.ToString(),
                    log_seq = last,
                }));
            else
                Console.WriteLine(found.Ok
                    ? $"ok: {found.Events} events in {address} are what their records say, and the log's chain\nchain head  {found.Chain}"
                    : $"NOT SOUND: {found.Problem}");
            return found.Ok ? Exit.Ok : Exit.Refused;
        }
        catch (NpgsqlException e)
        {
            throw new CliException($"{address}: {e.Message.ReplaceLineEndings(" ")}", e)
            {
                ExitCode = e is PostgresException ? Exit.Refused : Exit.UsageOrUnreachable,
            };
        }
    }
}
