using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;

namespace VideoScale.Rpc;

/// <summary>Gathers what is wrong with a server's options: each line names the option, its value and what is allowed.</summary>
/// <param name="section">Name of the configuration section.</param>
public sealed class OptionProblems(string section)
{
    private readonly List<string> _lines = [];

    /// <summary>One line per broken rule; empty when all hold.</summary>
    public IReadOnlyList<string> Lines => _lines;

    public void Add(string option, string value, string rule) => _lines.Add($"{section}:{option} is \"{value}\"; allowed: {rule}");

    public void Within(string option, long value, long min, long max)
    {
        if (value < min || value > max)
            Add(option, value.ToString(CultureInfo.InvariantCulture),
                $"{min.ToString("N0", CultureInfo.InvariantCulture)} to {max.ToString("N0", CultureInfo.InvariantCulture)}");
    }

    /// <param name="otherwise">What makes the file needless.</param>
    public void NeedFile(string option, string path, string otherwise)
    {
        if (path.Length == 0) Add(option, "", $"the path of a file (or {otherwise})");
        else if (!File.Exists(path)) Add(option, path, "a file that exists; `videoscale certs` makes a development CA");
    }

    public void NeedFiles(TlsFiles files, string otherwise)
    {
        NeedFile("Tls:Certificate", files.Certificate, otherwise);
        NeedFile("Tls:Key", files.Key, otherwise);
        NeedFile("Tls:Authority", files.Authority, otherwise);
    }

    /// <summary>The rules of what all servers are told.</summary>
    /// <returns>The address to listen on; null when it is none.</returns>
    public IPAddress? CheckShared(ServerOptions options)
    {
        if (!IPAddress.TryParse(options.BindAddress, out var bind)) Add(nameof(options.BindAddress), options.BindAddress, "an IP address");
        else if (options.DevelopmentMode && !IPAddress.IsLoopback(bind))
            Add(nameof(options.BindAddress), options.BindAddress,
                "a loopback address while DevelopmentMode is true (it asks for no tokens, and traffic is plaintext)");
        Within(nameof(options.HttpPort), options.HttpPort, 1, ushort.MaxValue);
        Within(nameof(options.GrpcPort), options.GrpcPort, 1, ushort.MaxValue);
        Within(nameof(options.MaxConnections), options.MaxConnections, 16, 1_000_000);
        Within(nameof(options.ShutdownGraceMs), options.ShutdownGraceMs, 0, 600_000);
        if (!Enum.TryParse<LogLevel>(options.LogLevel, ignoreCase: true, out _))
            Add(nameof(options.LogLevel), options.LogLevel, "Trace, Debug, Information, Warning, Error, Critical or None");
        return bind;
    }
}
