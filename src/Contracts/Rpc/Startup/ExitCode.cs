namespace VideoScale.Rpc;

/// <summary>How a server's process ends; the values follow sysexits.h where it has one.</summary>
public enum ExitCode
{
    Clean = 0,
    /// <summary>A port cannot be listened on.</summary>
    PortInUse = 69,
    /// <summary>It stopped for ever: a failed sync, a broken invariant, no majority hash.</summary>
    Fatal = 70,
    /// <summary>The data directory is damaged, foreign, in use, or the disk is full.</summary>
    DataDirectory = 74,
    /// <summary>An option is out of its range, or a certificate or token file is missing.</summary>
    BadConfiguration = 78,
}
