using Grpc.Core;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>
/// Makes the directory of a replica that joins a cluster which runs: asks who the cluster is, and draws a member id that nobody ever had.
/// </summary>
internal static class JoinPreparation
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Does nothing when the directory is a replica's already.</summary>
    internal static async Task PrepareAsync(ControlPlaneOptions options, string? token, CancellationToken cancellationToken)
    {
        if (ClusterFiles.Exist(options.DataDirectory)) return;
        if (Directory.Exists(options.DataDirectory) && Directory.EnumerateFileSystemEntries(options.DataDirectory).Any())
            throw StartupException.Directory(
                $"{options.DataDirectory} is not empty: a replica that joins needs an empty directory, so that it gets an identity "
                + $"nobody had before");
        using var tls = options.Tls.Load();
        using var servers = new MultiEndpointInvoker(options.Join, tls, Patience);
        GetStatusReply status;
        try
        {
            var headers = new ReplicaIdentity(token).Own();
            status = await new ClusterService.ClusterServiceClient(servers)
                .GetStatusAsync(new GetStatusRequest(), new CallOptions(headers, DateTime.UtcNow + Patience, cancellationToken));
        }
        catch (RpcException e)
        {
            throw new StartupException(ExitCode.BadConfiguration,
                $"no replica at {string.Join(", ", options.Join)} said which cluster this is ({e.StatusCode}: {e.Status.Detail}): name "
                + $"replicas that run with --join", e);
        }
        if (options.Engine.Length == 0) options.Engine = status.Engine;
        else if (status.Engine.Length > 0 && options.Engine != status.Engine)
            throw new StartupException(ExitCode.BadConfiguration,
                $"the cluster's log is kept by the engine \"{status.Engine}\", not by \"{options.Engine}\": all replicas have the same "
                    + $"one");
        var known = status.Replicas.Where(r => r.RaftAddress.Length > 0)
            .Select(r => new ReplicaPeer(new MemberId(r.MemberId), r.RaftAddress, r.GrpcAddress, r.HttpAddress));
        var made = ControlPlaneBootstrap.CreateJoining(options.DataDirectory, status.ClusterId, SelfOf(options), known);
        await Console.Error.WriteLineAsync($"new replica {made.Self} of cluster {made.ClusterId} in {options.DataDirectory}");
        if (tls?.Identity is { } identity && identity.Name != made.Self.ToString())
            throw new StartupException(ExitCode.BadConfiguration,
                $"{options.DataDirectory} is ready for member {made.Self}, and the certificate is not that member's: make one "
                + $"(`videoscale certs --cluster` of the directory above it), then start again with it");
    }

    private static ReplicaPeer SelfOf(ControlPlaneOptions options)
    {
        var host = options.AdvertiseHost.Length > 0 ? options.AdvertiseHost : options.BindAddress;
        if (System.Net.IPAddress.TryParse(host, out var ip))
        {
            if (ip.Equals(System.Net.IPAddress.Any) || ip.Equals(System.Net.IPAddress.IPv6Any))
                throw new StartupException(ExitCode.BadConfiguration,
                    $"AdvertiseHost: a replica that listens on {host} must say where the others reach it: give --advertise HOST");
            if (ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) host = $"[{ip}]";
        }
        return new ReplicaPeer(MemberId.None, $"{host}:{options.RaftPort}", $"{host}:{options.GrpcPort}", $"{host}:{options.HttpPort}");
    }
}
