using System.Globalization;
using System.Net;
using System.Net.Sockets;
using VideoScale.Cli.CommandLine;

namespace VideoScale.Cli.Processes;

/// <summary>
/// Listening sockets that this process was started with: by systemd's socket activation (sd_listen_fds(3)), or by our own supervisor.
/// </summary>
internal static class InheritedSockets
{
    internal const string Flag = "--http-socket";
    internal const string Http = "http";
    internal const string Grpc = "grpc";
    private const int FirstDescriptor = 3; // SD_LISTEN_FDS_START
    private const int MostDescriptors = 16;

    /// <summary>The descriptors by name; empty when they are not meant for this process.</summary>
    /// <param name="names">LISTEN_FDNAMES: as many as there are descriptors, with colons between them. A single socket without a name of
    /// ours is HTTP's.</param>
    /// <exception cref="CliException">Two of one name, or one whose use is not known.</exception>
    internal static IReadOnlyDictionary<string, int> Parse(int ownPid, string? pid, string? count, string? names)
    {
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        if (!int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var meant) || meant != ownPid) return found;
        if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var descriptors)
            || descriptors is < 1 or > MostDescriptors) return found;
        var parts = (names ?? "").Split(':');
        for (var i = 0; i < descriptors; i++)
        {
            var name = i < parts.Length ? parts[i] : "";
            if (name is not (Http or Grpc))
                name = descriptors == 1 ? Http
                    : throw new CliException(
                    $"LISTEN_FDNAMES: \"{name}\" is not {Http} or {Grpc}; say FileDescriptorName={Http} in the socket unit");
            if (!found.TryAdd(name, FirstDescriptor + i))
                throw new CliException($"LISTEN_FDNAMES: {name} is there twice; one socket of each name is served");
        }
        return found;
    }

    internal static IReadOnlyDictionary<string, int> Read() =>
        Parse(Environment.ProcessId, Environment.GetEnvironmentVariable("LISTEN_PID"),
        Environment.GetEnvironmentVariable("LISTEN_FDS"), Environment.GetEnvironmentVariable("LISTEN_FDNAMES"));

    /// <summary>Where an inherited socket listens.</summary>
    /// <param name="loopbackBecause">Why it has to be on loopback; null when it may be anywhere.</param>
    /// <exception cref="CliException">It is no TCP socket, or reaches beyond loopback where it must not.</exception>
    internal static IPEndPoint Locate(int descriptor, string? loopbackBecause)
    {
        try
        {
            // Not its owner: to shut it down would take it from whoever serves it next.
            using var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: false));
            if (socket.SocketType == SocketType.Stream && socket.LocalEndPoint is IPEndPoint at)
                return loopbackBecause is null || IPAddress.IsLoopback(at.Address) ? at
                    : throw Wrong($"the socket that was handed over listens on {at}: {loopbackBecause}");
        }
        catch (SocketException e) { throw Wrong($"descriptor {descriptor} that was handed over is no socket: {e.Message}"); }
        throw Wrong($"descriptor {descriptor} that was handed over is no TCP socket that listens: in the socket unit, ListenStream=7880");
    }

    private static CliException Wrong(string why) => new(why) { ExitCode = (int)Rpc.ExitCode.BadConfiguration };
}
