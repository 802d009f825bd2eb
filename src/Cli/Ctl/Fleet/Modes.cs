using VideoScale.Cli.CommandLine;

namespace VideoScale.Cli.Ctl.Fleet;

/// <summary>What the settings of leaders' loops have in common on the command line.</summary>
internal static class Modes
{
    internal static T Parse<T>(string text, T off, T dryRun, T on) => text switch
    {
        "off" => off,
        "dry-run" => dryRun,
        "on" => on,
        _ => throw new CliException($"--mode: \"{text}\" is not on, dry-run or off"),
    };

    /// <param name="mode">As on the wire: 1 off, 2 dry run, 3 on.</param>
    internal static string Word(int mode) => mode switch { 1 => "off", 2 => "dry-run", _ => "on" };

    internal static uint Permille(string option, uint percent, uint least, uint most) => percent >= least && percent <= most ? percent * 10
        : throw new CliException($"{option}: {percent} is not {least} to {most} percent");
}
