using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Reflection;
using VideoScale.Cli.Audit;
using VideoScale.Cli.Certs;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Control;
using VideoScale.Cli.Ctl;
using VideoScale.Cli.Export;
using VideoScale.Cli.Media;
using VideoScale.Cli.Up;
using VideoScale.Rpc;

namespace VideoScale.Cli;

/// <summary>The whole command tree.</summary>
internal static class VideoScaleCommand
{
    internal static string Version { get; } =
        typeof(VideoScaleCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? "0";

    internal static Command Create(StopSignals signals) =>
        new Command("videoscale", "VideoScale: rooms of a video conference, spread over media nodes by a replicated control plane.")
    {
        UpCommand.Create(signals),
        ControlCommand.Create(signals),
        MediaCommand.Create(signals),
        CtlCommand.Create(),
        AuditCommands.Create(),
        ExportCommand.Create(),
        CertsCommand.Create(),
        Examples.CreateHelp(),
        new VersionOption { Action = new PrintVersion() },
    }.WithNotes("""
        Examples:
          videoscale up                          three replicas and two media nodes on this machine
          videoscale ctl room create standup     a room; its owner and epoch are printed
          videoscale ctl node drain media-1 --within 300 --wait
          videoscale audit why standup           why the room is where it is
          ./videoscale chaos run split-brain     partitions of a cluster of its own, and a report (from a clone)

        Exit codes: 0 done, 1 refused (the reason is on standard error), 2 wrong usage or nobody answered.
        """);

    internal static async Task<int> RunAsync(string[] args)
    {
        using var signals = new StopSignals();
        if (args is ["help", .. var topic]) args = [.. topic, "--help"];
        // @ is ours: --metadata @FILE
        var parsed = Create(signals).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors) await Console.Error.WriteLineAsync(error.Message);
            await Console.Error.WriteLineAsync($"See: {PathOf(parsed.CommandResult)} --help");
            return Exit.UsageOrUnreachable;
        }
        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, signals.Token);
        }
        catch (CliException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return e.ExitCode;
        }
        catch (RpcConfigurationException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Exit.UsageOrUnreachable;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) // a directory or disk that cannot be used
        {
            await Console.Error.WriteLineAsync(e.Message.ReplaceLineEndings(" "));
            return Exit.Refused;
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested) { return Exit.Interrupted; }
    }

    private static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}" : result.Command.Name;

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"videoscale {Version}");
            return Exit.Ok;
        }

        public override bool ClearsParseErrors => true;
    }
}
