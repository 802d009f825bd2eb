using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Audit;

/// <summary><c>audit diff</c>: what differs between two moments.</summary>
internal static class DiffCommand
{
    internal static Command Create()
    {
        const string Moments = "A log index (1200), a time (2026-01-31T12:00:00Z), or # and an event's number ('#42').";
        var from = new Argument<string>("from") { Description = $"The first moment. {Moments}" };
        var to = new Argument<string?>("to")
        {
            Description = "The second moment, named likewise; left out, the end of the log.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var scope = new Option<string>("--scope")
        {
            Description = "room/NAME, node/NAME or pool/NAME; left out, everything.",
            HelpName = "SCOPE",
            DefaultValueFactory = _ => "",
        };
        var limit = new Option<uint>("--limit") { Description = "Most changes to tell; default 1,000.", HelpName = "N" };
        var command = new Command("diff", "What differs between the states of two moments, field by field.") { from, to, scope, limit };
        AuditSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var request = new DiffRequest
            {
                From = MomentText.Parse("from", parsed.GetValue(from)!),
                To = parsed.GetValue(to) is { } later ? MomentText.Parse("to", later)
                    : new() { EventSeq = await session.Backend.LastSeqAsync(cancellationToken) },
                Scope = parsed.GetValue(scope),
                Limit = parsed.GetValue(limit),
            };
            using var patience = new Timer(_ => Console.Error.WriteLine("folding the log up to there …"), null, TimeSpan.FromSeconds(1),
                Timeout.InfiniteTimeSpan);
            var reply = await session.Backend.DiffAsync(request, cancellationToken);
            session.Write(reply, () => Print(reply));
            return Exit.Ok;
        });
        return command;
    }

    private static void Print(DiffReply reply)
    {
        Console.WriteLine($"from event #{reply.FromSeq} to event #{reply.ToSeq}: "
            + $"{(reply.Truncated ? "more than " : "")}{reply.Changes.Count} {(reply.Changes.Count == 1 ? "change" : "changes")}");
        foreach (var change in reply.Changes)
        {
            if (change.BeforeJson.Length == 0) Console.WriteLine($"+ {change.Path}: {change.AfterJson}");
            else if (change.AfterJson.Length == 0) Console.WriteLine($"- {change.Path}: {change.BeforeJson}");
            else Console.WriteLine($"~ {change.Path}: {change.BeforeJson} -> {change.AfterJson}");
        }
    }
}
