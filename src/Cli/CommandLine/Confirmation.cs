namespace VideoScale.Cli.CommandLine;

/// <summary>For what a slip of the keyboard must not do.</summary>
internal static class Confirmation
{
    /// <exception cref="CliException">Not confirmed, or nobody is there to ask; nothing was done.</exception>
    internal static async Task AskAsync(string what)
    {
        if (Console.IsInputRedirected) throw new CliException($"{what}. Say --yes if that is meant; nothing was done");
        await Console.Error.WriteAsync($"{what}. Go on? [y/N] ");
        if (Console.ReadLine()?.Trim() is not ("y" or "Y" or "yes")) throw new CliException("nothing was done") { ExitCode = Exit.Refused };
    }
}
