using System.CommandLine;
using Google.Protobuf;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Ctl;
using VideoScale.ControlPlane.Host.EventLog;

namespace VideoScale.Cli.Audit;

/// <summary>One <c>audit</c> command at work: who answers, and how to print.</summary>
internal sealed class AuditSession(IAuditBackend backend, bool json)
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true)
        .WithPreserveProtoFieldNames(true));

    internal static Option<string?> Data { get; } = new("--data")
    {
        Description = "A stopped replica's data directory, read instead of asking a cluster; nothing in it is changed.",
        HelpName = "DIR",
        Recursive = true,
    };

    internal IAuditBackend Backend => backend;
    internal bool IsJson => json;

    /// <summary>The message as one line of JSON, or what <paramref name="print"/> prints.</summary>
    internal void Write(IMessage message, Action print)
    {
        if (json) Console.WriteLine(Formatter.Format(message));
        else print();
    }

    /// <summary>
    /// Runs a command against the cluster, or against --data; a refusal or silence becomes a line on standard error and an exit code.
    /// </summary>
    internal static void Bind(Command command, Func<AuditSession, ParseResult, CancellationToken, Task<int>> run) =>
        command.SetAction(Bound(run));

    internal static Func<ParseResult, CancellationToken, Task<int>> Bound(
        Func<AuditSession, ParseResult, CancellationToken, Task<int>> run) => async (parsed, cancellationToken) =>
    {
        var json = parsed.GetValue(CtlOptions.Json);
        try
        {
            if (parsed.GetValue(Data) is { } directory) return await run(new(new OfflineAudit(directory), json), parsed, cancellationToken);
            return await CtlSession.RunAsync(parsed, session => run(new(new LiveAudit(session), json), parsed, cancellationToken),
                cancellationToken);
        }
        catch (EventLogException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Exit.Refused;
        }
    };
}
