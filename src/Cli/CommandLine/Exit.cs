namespace VideoScale.Cli.CommandLine;

/// <summary>Exit codes of the command line. <c>control</c> and <c>media</c> end with sysexits values instead: see docs/cli.md.</summary>
internal static class Exit
{
    internal const int Ok = 0;
    /// <summary>Understood and refused; the reason is on standard error.</summary>
    internal const int Refused = 1;
    /// <summary>Wrong usage, or nobody answered: the outcome may be unknown.</summary>
    internal const int UsageOrUnreachable = 2;
    /// <summary>Stopped by a signal before it was done.</summary>
    internal const int Interrupted = 130;
}
