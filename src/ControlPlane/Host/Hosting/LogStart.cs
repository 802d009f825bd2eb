using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>Opens a replica's directory and starts its log, on whatever engine; what fails says so in one line.</summary>
internal static class LogStart
{
    internal static ILogDirectory Open(ControlPlaneOptions options, ClusterFiles cluster, ILogEngine engine)
    {
        try { return engine.Open(options.DataDirectory, cluster.ClusterNumber, cluster.Self); }
        catch (DataDirectoryException e) { throw new StartupException(ExitCode.DataDirectory, e.Message, e); }
        catch (UnauthorizedAccessException e)
        {
            throw new StartupException(ExitCode.DataDirectory,
                $"{options.DataDirectory} cannot be used ({e.Message}): run as the user who owns it", e);
        }
        catch (IOException e)
        {
            throw new StartupException(ExitCode.DataDirectory,
                $"{options.DataDirectory} cannot be used: "
                + $"{(Platform.DiskFull.Is(e) ? Platform.DiskFull.Advice(options.DataDirectory) : e.Message)}", e);
        }
    }

    internal static IReplicatedLog Start(ControlPlaneOptions options, ClusterFiles cluster, ILogDirectory directory, ulong eventsReach,
        IReplicatedStateMachine machine, ILoggerFactory loggers)
    {
        var setup = new LogSetup
        {
            Listen = new IPEndPoint(IPAddress.Parse(options.BindAddress), options.RaftPort),
            Members =
                [.. cluster.Peers.Select(peer => new MemberAddress(peer.Member, peer.RaftAddress, peer.GrpcAddress, peer.HttpAddress))],
            // who joined learns it from the log
            Founders = cluster.IsJoined ? Membership.Of() : Membership.Of([.. cluster.Peers.Select(peer => peer.Member)]),
            StartsWithout = [.. WithoutOf(options, cluster)],
            TookPart = cluster.IsJoined && cluster.IsAdmitted,
            WitnessedIndex = eventsReach,
            TickMs = options.RaftTickMs,
            SnapshotLogBytes = (long)options.SnapshotLogMegabytes << 20,
            SnapshotBytesPerSecond = (long)options.SnapshotSendMegabytesPerSecond << 20,
            MaxCommandBytes = Math.Max(8 << 20, options.MaxEntryBytes + (128 << 10)), // an entry is closed by the command that exceeds it
        };
        try { return directory.Start(setup, machine, loggers); }
        catch (DataDirectoryException e) { throw new StartupException(ExitCode.DataDirectory, e.Message, e); }
        catch (IOException e) when (e.InnerException is SocketException inner)
        {
            throw new StartupException(inner.SocketErrorCode == SocketError.AddressNotAvailable ? ExitCode.BadConfiguration
                : ExitCode.PortInUse, e.Message, e);
        }
        catch (InvalidDataException e) { throw new StartupException(ExitCode.DataDirectory, $"{directory.Path}: {e.Message}", e); }
    }

    private static IEnumerable<MemberId> WithoutOf(ControlPlaneOptions options, ClusterFiles cluster)
    {
        foreach (var text in options.StartWithout)
        {
            if (!ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id) || id == cluster.Self.Value
                || cluster.Find(new MemberId(id)) is null)
                throw new StartupException(ExitCode.BadConfiguration,
                    $"StartWithout: \"{text}\" is not another founding member of {ClusterFiles.ClusterName} (hexadecimal)");
            yield return new MemberId(id);
        }
    }
}
