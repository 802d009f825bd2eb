namespace VideoScale.Cli.CommandLine;

/// <summary>The command cannot go on; the message is for the person who typed it and says what to do.</summary>
internal sealed class CliException : Exception
{
    public CliException() { }
    public CliException(string message) : base(message) { }
    public CliException(string message, Exception innerException) : base(message, innerException) { }

    public int ExitCode { get; init; } = Exit.UsageOrUnreachable;
}
