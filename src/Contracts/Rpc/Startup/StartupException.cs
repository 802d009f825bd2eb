namespace VideoScale.Rpc;

/// <summary>A server cannot start; the message is one line that says what to do.</summary>
public sealed class StartupException : Exception
{
    public StartupException() : this(ExitCode.BadConfiguration, "cannot start") { }
    public StartupException(string message) : this(ExitCode.BadConfiguration, message) { }
    public StartupException(string message, Exception innerException) : this(ExitCode.BadConfiguration, message, innerException) { }

    public StartupException(ExitCode code, string message, Exception? innerException = null) : base(message, innerException) => Code = code;

    public ExitCode Code { get; }

    public static StartupException Directory(string message) => new(ExitCode.DataDirectory, message);
}
