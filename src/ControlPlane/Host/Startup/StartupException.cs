namespace VideoScale.ControlPlane.Host.Startup;

/// <summary>How a replica's process ends; the values follow sysexits.h where it has one.</summary>
public enum ExitCode
{
    Clean = 0,
    /// <summary>An option is out of its range, or a certificate or token file is missing.</summary>
    BadConfiguration = 78,
    /// <summary>The data directory is damaged, foreign, in use, or the disk is full.</summary>
    DataDirectory = 74,
    /// <summary>A port cannot be listened on.</summary>
    PortInUse = 69,
    /// <summary>Consensus stopped for ever: a failed sync, a broken invariant, no majority hash.</summary>
    Fatal = 70,
}

/// <summary>The replica cannot start; the message is one line that says what to do.</summary>
public sealed class StartupException : Exception
{
    public StartupException() : this(ExitCode.BadConfiguration, "cannot start") { }
    public StartupException(string message) : this(ExitCode.BadConfiguration, message) { }
    public StartupException(string message, Exception innerException) : this(ExitCode.BadConfiguration, message, innerException) { }

    public StartupException(ExitCode code, string message, Exception? innerException = null) : base(message, innerException) => Code = code;

    public ExitCode Code { get; }

    public static StartupException Directory(string message) => new(ExitCode.DataDirectory, message);
}
