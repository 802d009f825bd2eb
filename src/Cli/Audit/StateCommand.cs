using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Ctl;
using VideoScale.V1;

namespace VideoScale.Cli.Audit;

/// <summary><c>audit state</c>: what was true at a log index, a time or an event.</summary>
internal static class StateCommand
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static Command Create()
    {
        var at = new Option<string>("--at")
        {
            Description = "A log index (1200), a time (2026-01-31T12:00:00Z), or # and an event's number ('#42').",
            HelpName = "INDEX|TIME|#SEQ",
            Required = true,
        };
        var scope = new Option<string>("--scope")
        {
            Description = "room/NAME, node/NAME or pool/NAME; left out, a summary of all.",
            HelpName = "SCOPE",
            DefaultValueFactory = _ => "",
        };
        var command = new Command("state", "What was true at a moment: the log folded up to it.") { at, scope };
        AuditSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var request = Parse(parsed.GetValue(at)!);
            request.Scope = parsed.GetValue(scope);
            using var patience = new Timer(_ => Console.Error.WriteLine("folding the log up to there …"), null, TimeSpan.FromSeconds(1),
                Timeout.InfiniteTimeSpan);
            var reply = await session.Backend.StateAtAsync(request, cancellationToken);
            session.Write(reply, () =>
            {
                Console.WriteLine(
                    $"after event #{reply.EventSeq}, log index {reply.LogIndex}, {Format.Time(reply.TimeMs)}, state hash "
                    + $"{Convert.ToHexStringLower(reply.StateHash.Span)}");
                using var document = JsonDocument.Parse(reply.StateJson);
                Console.WriteLine(JsonSerializer.Serialize(document.RootElement, Indented));
            });
            return Exit.Ok;
        });
        return command;
    }

    private static StateAtRequest Parse(string text) => MomentText.Parse("--at", text) switch
    {
        { AtCase: Moment.AtOneofCase.EventSeq } at => new() { EventSeq = at.EventSeq },
        { AtCase: Moment.AtOneofCase.LogIndex } at => new() { LogIndex = at.LogIndex },
        var at => new() { TimeMs = at.TimeMs },
    };
}
