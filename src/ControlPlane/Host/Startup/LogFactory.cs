using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.Consensus.Host;
using VideoScale.Consensus.Host.Driver;
using VideoScale.Consensus.Host.Snapshots;
using VideoScale.Consensus.Host.Storage;
using VideoScale.Consensus.Host.Transport;
using VideoScale.Consensus.Host.Wal;
using VideoScale.Platform;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Startup;

/// <summary>Puts the engine together: write-ahead log, snapshots, transport.</summary>
internal static class LogFactory
{
    internal static IReplicatedLog Start(ControlPlaneOptions options, ClusterFiles cluster, DataDirectory directory, TlsMaterial? tls, ulong eventsReach, IReplicatedStateMachine machine, ILoggerFactory loggers)
    {
        try
        {
            var snapshots = new SnapshotStore(directory);
            var peers = cluster.Peers.Where(peer => peer.Member != cluster.Self).ToDictionary(peer => peer.Member, peer => EndPointOf(peer.RaftAddress));
            var transport = new TcpTransport(new TransportOptions
            {
                ClusterId = cluster.ClusterNumber,
                Self = cluster.Self,
                Listen = new IPEndPoint(IPAddress.Parse(options.BindAddress), options.RaftPort),
                SnapshotBytesPerSecond = (long)options.SnapshotSendMegabytesPerSecond << 20,
                Tls = tls,
                Starts = MemberStarts.Begin(directory.Path),
            }, snapshots, peers, loggers.CreateLogger<TcpTransport>());
            var initial = cluster.IsJoined ? Membership.Of() : Membership.Of([.. cluster.Peers.Select(peer => peer.Member)]); // who joined learns it from the log
            var disk = DurableState.Open(directory, snapshots, new WalOptions(), initial, loggers.CreateLogger<DurableState>(), new LogWitness(eventsReach, TookPart: cluster.IsJoined && cluster.IsAdmitted));
            var log = new ReplicatedLogOptions
            {
                Self = cluster.Self,
                InitialMembership = initial,
                IsDamaged = disk.IsDamaged,
                Repaired = disk.Repaired,
                LossFound = disk.NoteLoss,
                Conflict = disk.Conflict,
                ConflictFound = disk.NoteConflict,
                Origin = disk.Origin with { StartsWithout = [.. WithoutOf(options, cluster)] },
                OriginChanged = disk.Note,
                KnownAddresses = [.. cluster.Peers.Select(peer => new MemberAddress(peer.Member, peer.RaftAddress, peer.GrpcAddress, peer.HttpAddress))],
                TickMs = options.RaftTickMs,
                SnapshotLogBytes = (long)options.SnapshotLogMegabytes << 20,
                MaxCommandBytes = Math.Max(8 << 20, options.MaxEntryBytes + (128 << 10)), // an entry is closed by the command that exceeds it
            };
            return ReplicatedLog.Start(log, disk.Log, snapshots, transport, machine, loggers.CreateLogger<ReplicatedLog>());
        }
        catch (DataDirectoryException e) { throw new StartupException(ExitCode.DataDirectory, e.Message, e); }
        catch (IOException e) when (e.InnerException is SocketException inner)
        {
            throw new StartupException(inner.SocketErrorCode == SocketError.AddressNotAvailable ? ExitCode.BadConfiguration : ExitCode.PortInUse, e.Message, e);
        }
        catch (InvalidDataException e) { throw new StartupException(ExitCode.DataDirectory, $"{directory.Path}: {e.Message}", e); }
    }

    private static IEnumerable<MemberId> WithoutOf(ControlPlaneOptions options, ClusterFiles cluster)
    {
        foreach (var text in options.StartWithout)
        {
            if (!ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id) || id == cluster.Self.Value || cluster.Find(new MemberId(id)) is null)
                throw new StartupException(ExitCode.BadConfiguration, $"StartWithout: \"{text}\" is not another founding member of {ClusterFiles.ClusterName} (hexadecimal)");
            yield return new MemberId(id);
        }
    }

    private static EndPoint EndPointOf(string address) =>
        HostAndPort.TryParse(address) ?? throw StartupException.Directory($"\"{address}\" in {ClusterFiles.ClusterName} is not host:port");
}
