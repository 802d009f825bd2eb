using System.CommandLine;
using System.Globalization;
using VideoScale.Cli.CommandLine;
using VideoScale.ControlPlane.Host.Audit;

namespace VideoScale.Cli.Audit;

/// <summary><c>audit replay</c>: folds the log from its first event and compares with what was agreed.</summary>
internal static class ReplayCommand
{
    internal static Command Create()
    {
        var until = new Option<ulong>("--until") { Description = "Last event to fold; left out, the last one.", HelpName = "SEQ" };
        var assert = new Option<string?>("--assert-hash")
        {
            Description =
                "Compare the state's hash with this one (32 hex digits); without a value, with every checkpoint that the voters agreed on.",
            HelpName = "HEX",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("replay", "Folds the log from its first event; prints count, rate, state hash and chain head.") { until,
            assert };
        AuditSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var expected = parsed.GetResult(assert) is null ? null : parsed.GetValue(assert) ?? "";
            if (expected is { Length: > 0 } && !(expected.Length == 32 && expected.All(char.IsAsciiHexDigit)))
                throw new CliException($"--assert-hash: \"{expected}\" is not 32 hex digits");
            var last = await session.Backend.LastSeqAsync(cancellationToken);
            if (parsed.GetValue(until) is > 0 and var wanted)
            {
                if (wanted > last)
                    throw new CliException(
                        $"--until: event {wanted} does not exist yet; the last one is {last}")
                    { ExitCode = Exit.Refused };
                last = wanted;
            }
            var progress = new Progress("replaying", last);
            var result = session.Backend is OfflineAudit offline
                ? await Task.Run(() => LogReplay.Run(offline.Log, last, progress.At, cancellationToken), cancellationToken)
                : await LogReplay.RunAsync(request => session.Backend.ReadAll(request, cancellationToken),
                    request => session.Backend.ReadStream(request, cancellationToken), last, progress.At, cancellationToken);
            return Report(session, result, last, expected, progress.Seconds);
        });
        return command;
    }

    private static int Report(AuditSession session, ReplayResult result, ulong last, string? expected, double seconds)
    {
        var hash = result.StateHash.ToString("x32", CultureInfo.InvariantCulture);
        var problem = result.Problem;
        if (problem.Length == 0 && expected is { Length: > 0 } && !expected.Equals(hash, StringComparison.OrdinalIgnoreCase))
            problem = $"state hash is {hash}, not {expected}";
        if (problem.Length == 0 && expected is { Length: 0 } && result.Checkpoints == 0)
            problem = "no checkpoint was agreed up to there: there is nothing to compare with";
        if (problem.Length == 0 && result.Events < last)
            problem =
                $"the log ends with event {result.Events} here, not {last}: this replica is behind or its log is cut; ask again or ask "
                + $"another";
        var rate = result.Events / Math.Max(seconds, 0.001);
        if (session.IsJson)
        {
            Console.WriteLine(System.Text.Json.JsonSerializer.Serialize(new
            {
                ok = problem.Length == 0,
                events = result.Events,
                events_per_second = Math.Round(rate),
                state_hash = hash,
                chain_head = result.ChainHead.ToString(),
                checkpoints = result.Checkpoints,
                last_checkpoint_index = result.LastCheckpointIndex,
                problem,
            }));
        }
        else
        {
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"events      {result.Events:N0} in {seconds:F2} s, {rate:N0} events/s"));
            Console.WriteLine($"state hash  {hash}\nchain head  {result.ChainHead}");
            var latest = result.Checkpoints > 0 ? $", the last at log index {result.LastCheckpointIndex}, event {result.LastCheckpointSeq}"
                : "";
            Console.WriteLine($"checkpoints {result.Checkpoints} compared{latest}");
            if (problem.Length > 0) Console.WriteLine($"NOT EQUAL: {problem}");
        }
        return problem.Length == 0 ? Exit.Ok : Exit.Refused;
    }
}
