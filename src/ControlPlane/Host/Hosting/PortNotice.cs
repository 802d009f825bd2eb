using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Options;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>
/// Says at the start when this replica listens elsewhere than the others look for it: each side alone seems to be in order then.
/// </summary>
internal sealed partial class PortNotice(ControlPlaneOptions options, Cluster.MemberBook book, ILogger<PortNotice> logger)
{
    internal void Look()
    {
        if (book.Find(book.Self) is not { } self) return;
        foreach (var (what, port, address) in Differences(self)) LogDiffers(book.Self, what, port, address);
    }

    internal IEnumerable<(string What, int Port, string Address)> Differences(ReplicaPeer self)
    {
        (string What, int Port, string Address)[] all = [("consensus", options.RaftPort, self.RaftAddress),
            ("gRPC", options.GrpcPort, self.GrpcAddress), ("HTTP", options.HttpPort, self.HttpAddress)];
        return all.Where(one => one.Address.Length > 0 && !one.Address.EndsWith($":{one.Port}", StringComparison.Ordinal));
    }

    [LoggerMessage(3601, LogLevel.Warning,
        "Replica {Self} listens for {What} on port {Port}, but the others look for it at {Address}: unless something maps the port, "
        + "start it with the port of its cluster, or say where it is now with `ctl cluster add`")]
    private partial void LogDiffers(Consensus.MemberId self, string what, int port, string address);
}
