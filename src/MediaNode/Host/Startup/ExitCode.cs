namespace VideoScale.MediaNode.Host.Startup;

/// <summary>How a media node's process ends; the values follow sysexits.h where it has one.</summary>
public enum ExitCode
{
    Clean = 0,
    /// <summary>A port cannot be listened on.</summary>
    PortInUse = 69,
    /// <summary>A law of our own was broken.</summary>
    Fatal = 70,
    /// <summary>An option is out of its range, or a certificate file is missing.</summary>
    BadConfiguration = 78,
}

/// <summary>The node cannot start; the message is one line that says what to do.</summary>
public sealed class StartupException : Exception
{
    public StartupException() : this(ExitCode.BadConfiguration, "cannot start") { }
    public StartupException(string message) : this(ExitCode.BadConfiguration, message) { }
    public StartupException(string message, Exception innerException) : this(ExitCode.BadConfiguration, message, innerException) { }

    public StartupException(ExitCode code, string message, Exception? innerException = null) : base(message, innerException) => Code = code;

    public ExitCode Code { get; }
}
