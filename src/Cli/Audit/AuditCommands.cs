using System.CommandLine;
using System.Globalization;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Ctl;
using VideoScale.V1;

namespace VideoScale.Cli.Audit;

/// <summary><c>videoscale audit</c>: asks the event log, of a running cluster or of a stopped replica.</summary>
public static class AuditCommands
{
    public static Command Create() => new Command("audit", "Asks the event log: what happened, what was true, and why.")
    {
        Tail(), Stream(), StateCommand.Create(), DiffCommand.Create(), Why(), VerifyCommand.Create(), ReplayCommand.Create(),
        ProofCommands.Checkpoint(), ProofCommands.Prove(),
        AuditSession.Data, CtlOptions.Server, CtlOptions.Token, CtlOptions.Json, CtlOptions.TimeoutSeconds, CtlOptions.Certificate,
            CtlOptions.Key, CtlOptions.Authority,
    }.WithNotes("""
        Examples:
          videoscale audit tail --follow                     the newest events, then each new one
          videoscale audit stream room-standup               everything that happened to a room
          videoscale audit state --at 1200 --scope room/standup
          videoscale audit why standup                       why the room is where it is
          videoscale audit verify --data .videoscale/replica-1
          videoscale audit diff '#100' '#200' --scope room/standup
          videoscale audit replay --assert-hash              folds the log anew, compares with what the voters agreed on
          videoscale audit checkpoint --out kept-elsewhere.json
          videoscale audit verify --anchor kept-elsewhere.json --ca ca.pem
          videoscale audit prove '#42' --out proof.json      and, by somebody else, without the log:
          videoscale audit verify --proof proof.json --anchor kept-elsewhere.json --ca ca.pem

        Exit codes: 0 done and sound, 1 refused, damaged or not equal, 2 wrong usage or nobody answered.
        """);

    private static Command Tail()
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with new events until Ctrl-C." };
        var lines = new Option<uint>("--lines", "-n")
        {
            Description = "Newest events to begin with; default 20.",
            HelpName = "N",
            DefaultValueFactory = _ => 20,
        };
        var from = new Option<ulong>("--from") { Description = "Begin with this event instead.", HelpName = "SEQ" };
        var types = new Option<string[]>("--type")
        {
            Description = "Only events of this type, e.g. RoomPlaced; may be repeated.",
            HelpName = "TYPE",
            DefaultValueFactory = _ => [],
        };
        var command = new Command("tail", "The newest events of the log.") { follow, lines, from, types };
        AuditSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var last = await session.Backend.LastSeqAsync(cancellationToken);
            var count = parsed.GetValue(lines);
            var begin = parsed.GetValue(from) is > 0 and var asked ? asked : last >= count ? last - count + 1 : 1;
            var next = begin; // not last + 1: who answers may be behind the replica that said what the last one is
            if (begin <= last)
            {
                var request = new ReadAllRequest { FromSeq = begin, ToSeq = last };
                request.Types_.AddRange(parsed.GetValue(types)!);
                await foreach (var e in session.Backend.ReadAll(request, cancellationToken))
                {
                    session.Write(e, () => Console.WriteLine(EventLine.Of(e)));
                    next = e.EventSeq + 1;
                }
            }
            if (!parsed.GetValue(follow)) return Exit.Ok;
            var subscription = new SubscribeRequest { FromSeq = next };
            subscription.Types_.AddRange(parsed.GetValue(types)!);
            await foreach (var e in session.Backend.Subscribe(subscription, cancellationToken))
                session.Write(e, () => Console.WriteLine(EventLine.Of(e)));
            return Exit.Ok;
        });
        return command;
    }

    private static Command Stream()
    {
        var name = new Argument<string>("stream") { Description = "room-NAME, node-NAME, drain-NAME or cluster." };
        var from = new Option<ulong>("--from") { Description = "First stream version wanted.", HelpName = "VERSION" };
        var limit = new Option<uint>("--limit") { Description = "Most events to print; 0 for all.", HelpName = "N" };
        var command = new Command("stream", "All events of one stream, oldest first.") { name, from, limit };
        AuditSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var found = 0;
            var request = new ReadStreamRequest
            {
                Stream = parsed.GetValue(name),
                FromVersion = parsed.GetValue(from),
                Limit = parsed.GetValue(limit),
            };
            await foreach (var e in session.Backend.ReadStream(request, cancellationToken))
            {
                found++;
                session.Write(e, () => Console.WriteLine(EventLine.Of(e)));
            }
            if (found > 0) return Exit.Ok;
            await Console.Error.WriteLineAsync(
                $"stream {request.Stream} has no events{(request.FromVersion > 1 ? $" from version {request.FromVersion} on" : "")}");
            return Exit.Refused;
        });
        return command;
    }

    private static Command Why()
    {
        var subject = new Argument<string>("room|#event") { Description = "A room's name, or # and an event's number (quote it: '#42')." };
        var command = new Command("why", "Why a room is where it is, or why an event happened: back to the first cause.") { subject };
        AuditSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var asked = parsed.GetValue(subject)!;
            var request = asked.StartsWith('#')
                && ulong.TryParse(asked.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var seq)
                ? new ExplainRequest { EventSeq = seq }
                : new ExplainRequest { RoomId = asked.StartsWith("room/", StringComparison.Ordinal) ? asked[5..] : asked };
            var reply = await session.Backend.ExplainAsync(request, cancellationToken);
            session.Write(reply, () =>
            {
                for (var i = 0; i < reply.Words.Count; i++)
                    Console.WriteLine(i == 0 ? reply.Words[i] : $"{new string(' ', i * 2)}because {reply.Words[i]}");
                if (reply.BrokenLink.Length > 0) Console.WriteLine($"BROKEN LINK: {reply.BrokenLink}");
            });
            return reply.BrokenLink.Length == 0 ? Exit.Ok : Exit.Refused;
        });
        return command;
    }
}
