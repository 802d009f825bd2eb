using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace VideoScale.Cli.CommandLine;

/// <summary>What stands below a command's help: examples and notes, kept out of the one-line lists of commands.</summary>
internal static class Examples
{
    private static readonly ConditionalWeakTable<Command, string> Notes = [];

    internal static T WithNotes<T>(this T command, string notes) where T : Command
    {
        Notes.Add(command, notes);
        return command;
    }

    /// <summary>--help.</summary>
    internal static HelpOption CreateHelp()
    {
        var help = new HelpOption { Description = "Show help." };
        if (help.Action is SynchronousCommandLineAction standard) help.Action = new HelpThenNotes(standard);
        return help;
    }

    private sealed class HelpThenNotes(SynchronousCommandLineAction standard) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = standard.Invoke(parseResult);
            if (Notes.TryGetValue(parseResult.CommandResult.Command, out var notes))
                parseResult.InvocationConfiguration.Output.WriteLine(notes + "\n");
            return code;
        }

        public override bool ClearsParseErrors => true;
    }
}
