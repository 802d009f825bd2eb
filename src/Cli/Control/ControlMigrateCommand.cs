using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.ControlPlane.Host.Members;
using VideoScale.ControlPlane.Host.Options;

namespace VideoScale.Cli.Control;

/// <summary><c>videoscale control migrate</c>: takes a stopped replica from one engine to another.</summary>
internal static class ControlMigrateCommand
{
    private static readonly Option<string> Engine = new("--engine")
    {
        Description = $"What shall keep its log: {LogEngines.Names}; also the one that does, which undoes a seal.",
        HelpName = "ENGINE",
        Required = true,
    };
    private static readonly Option<string?> Config = new("--config")
    {
        Description = "JSON file with the replica's settings, for those of etcd; default appsettings.json in the current directory.",
        HelpName = "FILE",
    };
    private static readonly Option<bool> Instead = new("--instead")
    {
        Description = "Also to another engine than the one that the log was sealed for. All replicas must go to the same one.",
    };

    internal static Command Create()
    {
        var command = new Command("migrate",
            "Takes a stopped replica's directory to another engine, once the log was sealed for it (`ctl cluster seal`). Without --yes it "
            + "only says what it would do. What the log was is kept beside, in a folder before-….")
        { StoppedReplica.Data, Engine, Config, Instead, StoppedReplica.Yes }.WithNotes("""
            Before: videoscale ctl cluster seal --engine dotnext, which waits until all replicas are ready; then stop all of them.
            After: migrate each replica's directory, and start them all with the new --engine. An interrupted run is done again.
            """);
        foreach (var option in EtcdFlags.All) command.Options.Add(option);
        StoppedReplica.Bind(command, Run);
        return command;
    }

    private static int Run(ParseResult parsed, string directory)
    {
        var options = Settings.Read<ControlPlaneOptions>(ControlPlaneOptions.Section, parsed.GetValue(Config));
        (options.DataDirectory, options.Engine) = (directory, "");
        EtcdFlags.Read(parsed, options.Etcd);
        var from = LogEngines.Make(options, tls: null); // nobody is called
        options.Engine = parsed.GetValue(Engine)!;
        var to = LogEngines.Make(options, tls: null);
        var (instead, yes) = (parsed.GetValue(Instead), parsed.GetValue(StoppedReplica.Yes));
        var view = yes ? OfflineMove.Move(directory, from, to, instead) : OfflineMove.Inspect(directory, from, to, instead);
        Console.WriteLine($"member {view.Self} of cluster {view.ClusterId}");
        Console.WriteLine($"sealed at entry {view.Seal.Index}, term {view.Seal.Term}, for the engine {view.Seal.Engine}");
        Console.WriteLine($"voters: {string.Join(", ", view.Voters.Select(voter => voter.Member))}");
        if (view.IsDone)
        {
            Console.WriteLine($"its log goes on after that entry with the engine {to.Name} already: start it");
            return Exit.Ok;
        }
        if (!yes)
        {
            Console.Error.WriteLine($"nothing was changed; with --yes its log goes from the engine {view.From} to {to.Name}");
            return Exit.Refused;
        }
        Console.WriteLine(
            $"its log goes on after that entry with the engine {to.Name}; what it was is kept in the directory's newest "
            + $"folder before-{view.Seal.Index}-{view.From}. Once all are moved, start them: videoscale control --engine {to.Name} …");
        return Exit.Ok;
    }
}
