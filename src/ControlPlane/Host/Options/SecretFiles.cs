using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Options;

/// <summary>Secrets that stand in files of their own.</summary>
internal static class SecretFiles
{
    /// <exception cref="StartupException">It cannot be read.</exception>
    internal static string Read(string option, string path)
    {
        try { return File.ReadAllText(path).TrimEnd('\r', '\n'); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException(ExitCode.BadConfiguration,
                $"{ControlPlaneOptions.Section}:{option} {path} cannot be read: {e.Message}", e);
        }
    }
}
