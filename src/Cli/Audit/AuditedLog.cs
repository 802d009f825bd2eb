using Grpc.Core;
using VideoScale.Cli.CommandLine;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.V1;

namespace VideoScale.Cli.Audit;

/// <summary>A log as a database is compared with it, whoever answers for it.</summary>
internal sealed class AuditedLog(IAuditBackend backend, ulong lastSeq) : IExportedLog
{
    public ulong LastSeq => lastSeq;

    public async ValueTask<Hash256?> ChainAtAsync(ulong seq, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var e in backend.ReadAll(new ReadAllRequest { FromSeq = seq, ToSeq = seq }, cancellationToken))
                return EventMapping.FromWire(e).Chain;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.OutOfRange) { } // before what is held
        catch (CliException e) when (e.ExitCode == Exit.Refused) { }
        return null;
    }
}
