using System.Globalization;
using System.Net;

namespace VideoScale.ControlPlane.Host.Startup;

/// <summary>Checks options at start: every refusal names the option, its value and the allowed range.</summary>
public static class ControlPlaneOptionsCheck
{
    /// <returns>One line per broken rule; empty when all hold.</returns>
    public static IReadOnlyList<string> Check(ControlPlaneOptions options)
    {
        var problems = new List<string>();
        if (options.DataDirectory.Length == 0) problems.Add(Line(nameof(options.DataDirectory), "", "the path of a replica's data directory"));
        if (!IPAddress.TryParse(options.BindAddress, out var bind)) problems.Add(Line(nameof(options.BindAddress), options.BindAddress, "an IP address"));
        Within(nameof(options.HttpPort), options.HttpPort, 1, 65_535);
        Within(nameof(options.GrpcPort), options.GrpcPort, 1, 65_535);
        Within(nameof(options.RaftPort), options.RaftPort, 1, 65_535);
        if (options.HttpPort == options.GrpcPort || options.GrpcPort == options.RaftPort || options.HttpPort == options.RaftPort)
            problems.Add(Line("HttpPort, GrpcPort, RaftPort", $"{options.HttpPort}, {options.GrpcPort}, {options.RaftPort}", "three different ports"));
        Within(nameof(options.RaftTickMs), options.RaftTickMs, 10, 5_000);
        Within(nameof(options.SnapshotLogMegabytes), options.SnapshotLogMegabytes, 1, 65_536);
        Within(nameof(options.DefaultDeadlineMs), options.DefaultDeadlineMs, 100, 600_000);
        Within(nameof(options.MaxCommandsPerEntry), options.MaxCommandsPerEntry, 1, 65_536);
        Within(nameof(options.MaxEntryBytes), options.MaxEntryBytes, 65_536 + 4_096, 16 << 20);
        Within(nameof(options.MaxEntriesInFlight), options.MaxEntriesInFlight, 1, 1_024);
        Within(nameof(options.MaxWaitingCommands), options.MaxWaitingCommands, 16, 1_000_000);
        Within(nameof(options.WatchBuffer), options.WatchBuffer, 16, 1_000_000);
        Within(nameof(options.ShutdownGraceMs), options.ShutdownGraceMs, 0, 600_000);
        if (!Enum.TryParse<Microsoft.Extensions.Logging.LogLevel>(options.LogLevel, ignoreCase: true, out _))
            problems.Add(Line(nameof(options.LogLevel), options.LogLevel, "Trace, Debug, Information, Warning, Error, Critical or None"));
        CheckSecurity(options, bind, problems);
        return problems;

        void Within(string name, int value, int min, int max)
        {
            if (value < min || value > max)
                problems.Add(Line(name, value.ToString(CultureInfo.InvariantCulture), $"{min.ToString("N0", CultureInfo.InvariantCulture)} to {max.ToString("N0", CultureInfo.InvariantCulture)}"));
        }
    }

    private static void CheckSecurity(ControlPlaneOptions options, IPAddress? bind, List<string> problems)
    {
        if (options.DevelopmentMode)
        {
            if (bind is not null && !IPAddress.IsLoopback(bind))
                problems.Add(Line(nameof(options.BindAddress), options.BindAddress, "a loopback address while DevelopmentMode is true (it asks for no tokens)"));
            return;
        }
        if (options.Tls.IsEmpty || options.TokensFile.Length > 0) NeedFile("TokensFile", options.TokensFile); // with mTLS, certificates may be all there is
        if (options.Tls.IsEmpty && bind is not null && IPAddress.IsLoopback(bind)) return; // tokens on loopback need no TLS
        NeedFile("Tls:Certificate", options.Tls.Certificate);
        NeedFile("Tls:Key", options.Tls.Key);
        NeedFile("Tls:Authority", options.Tls.Authority);

        void NeedFile(string name, string path)
        {
            if (path.Length == 0) problems.Add(Line(name, "", "the path of a file (or DevelopmentMode true, on loopback)"));
            else if (!File.Exists(path)) problems.Add(Line(name, path, "a file that exists; `videoscale certs` makes a development CA"));
        }
    }

    private static string Line(string option, string value, string rule) => $"{ControlPlaneOptions.Section}:{option} is \"{value}\"; allowed: {rule}";
}
