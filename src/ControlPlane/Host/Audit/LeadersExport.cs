using Grpc.Core;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>How far the export is: the leader exports, so it is the leader that knows, whoever is asked.</summary>
internal sealed class LeadersExport(Leadership leadership, LeaderForwarder forwarder, Func<ExportStatusReply> here)
{
    internal async Task<ExportStatusReply> StatusAsync(ExportStatusRequest request, ServerCallContext context)
    {
        if (leadership.IsMine) return here();
        var (forwarded, reply) = await forwarder.TryForwardAsync(request, IncomingCall.Of(context),
            static (leader, r, options) => new V1.AuditService.AuditServiceClient(leader).ExportStatusAsync(r, options));
        return forwarded ? reply! : here();
    }
}
