using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.ControlPlane.Host.Members;
using VideoScale.ControlPlane.Host.Options;

namespace VideoScale.Cli.Control;

/// <summary><c>videoscale control recover</c>: the way out when a majority of voters is gone for ever.</summary>
internal static class ControlRecoverCommand
{
    internal static Command Create()
    {
        var command = new Command("recover",
            "After the loss of a majority of voters for ever: makes this replica the only voter, under a new recovery generation. "
            + "Without --yes it only says what the directory holds.")
        { StoppedReplica.Data, StoppedReplica.Yes }.WithNotes("""
            Before: stop every replica that is left. Look into each directory without --yes; recover the one with the highest term, then the highest index.
            After: start it, and let the others join anew with empty directories. Whatever only the lost replicas had is lost.
            """);
        StoppedReplica.Bind(command, Run);
        return command;
    }

    private static int Run(ParseResult parsed, string directory)
    {
        var engine = LogEngines.Make(new ControlPlaneOptions { DataDirectory = directory }, tls: null); // nobody is called
        var view = parsed.GetValue(StoppedReplica.Yes) ? OfflineRecovery.Recover(directory, engine)
            : OfflineRecovery.Inspect(directory, engine);
        Console.WriteLine($"member {view.Self} of cluster {view.ClusterId}");
        Console.WriteLine($"last entry: term {view.LastTerm}, index {view.LastIndex}; known to be committed: {view.CommitIndex}");
        Console.WriteLine($"voters: {(view.Voters.Count == 0 ? "not known here" : string.Join(", ", view.Voters))}");
        if (!parsed.GetValue(StoppedReplica.Yes))
        {
            Console.Error.WriteLine(
                "nothing was changed; with --yes this replica becomes the only voter. Entries that only the others had are lost, "
                + "and the others must never start again with their old directories");
            return Exit.Refused;
        }
        Console.WriteLine(
            "this replica is the only voter now, under a new recovery generation. Start it, then let others join with empty "
            + "directories: videoscale control --join …");
        return Exit.Ok;
    }
}
