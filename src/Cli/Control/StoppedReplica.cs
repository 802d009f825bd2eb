using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.Rpc;

namespace VideoScale.Cli.Control;

/// <summary>What is done to the directory of a replica that does not run.</summary>
internal static class StoppedReplica
{
    internal static readonly Option<string> Data = new("--data")
    {
        Description = "Data directory of a stopped replica.",
        HelpName = "DIR",
        Required = true,
    };
    internal static readonly Option<bool> Yes = new("--yes") { Description = "Do it. Without, only look." };

    /// <summary>What is refused is one line.</summary>
    internal static void Bind(Command command, Func<ParseResult, string, int> act) => command.SetAction(parsed =>
    {
        try { return act(parsed, Path.GetFullPath(parsed.GetValue(Data)!)); }
        catch (Exception e) when (e is StartupException or RpcConfigurationException)
        {
            throw new CliException(e.Message, e) { ExitCode = Exit.Refused };
        }
    });
}
