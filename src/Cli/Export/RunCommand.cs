using System.CommandLine;
using VideoScale.Cli.Audit;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Ctl;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export;
using VideoScale.V1;

namespace VideoScale.Cli.Export;

/// <summary><c>export run</c>: the exporter as a process of its own, beside a cluster whose leader does not export.</summary>
internal static class RunCommand
{
    private static readonly Option<string?> Data = new("--data")
    {
        Description = "A stopped replica's data directory: exports what it holds, and ends.",
        HelpName = "DIR",
    };

    internal static Command Create()
    {
        var command = new Command("run", "Exports as a process of its own: follows a cluster until Ctrl-C, or --data to its end.")
        {
            PostgresOptions.Url, PostgresOptions.PasswordFile, Data,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var address = PostgresOptions.Require(parsed);
            await using var target = new MartenExport(address);
            if (parsed.GetValue(Data) is { } directory)
            {
                var offline = new OfflineAudit(directory);
                var claim = new ExportClaim(ClusterFiles.Read(directory).ClusterId, await TermOfAsync(offline, cancellationToken),
                    NewName(),
                    IsLeader: false);
                return await new ExportRun(offline, target, _ => Task.FromResult(claim), follows: false).RunAsync(cancellationToken);
            }
            return await CtlSession.RunAsync(parsed, async session =>
            {
                await RequireNobodyExportsAsync(session, cancellationToken);
                var name = NewName();
                return await new ExportRun(new LiveAudit(session), target, async token =>
                {
                    var status = await session.Cluster.GetStatusAsync(new GetStatusRequest(), session.Call(token));
                    return new ExportClaim(status.ClusterId, status.Term, name, IsLeader: false);
                }, follows: true).RunAsync(cancellationToken);
            }, cancellationToken);
        });
        return command;
    }

    private static string NewName() => $"{ExportClaim.ProcessPrefix}{Environment.MachineName}/{Guid.CreateVersion7():N}";

    private static async Task<ulong> TermOfAsync(OfflineAudit log, CancellationToken cancellationToken)
    {
        var last = await log.LastSeqAsync(cancellationToken);
        await foreach (var e in log.ReadAll(new ReadAllRequest { FromSeq = last, ToSeq = last }, cancellationToken)) return e.RaftTerm;
        throw new CliException("the log holds no events") { ExitCode = Exit.Refused };
    }

    private static async Task RequireNobodyExportsAsync(CtlSession session, CancellationToken cancellationToken)
    {
        var client = new AuditService.AuditServiceClient(session.Invoker);
        var status = await client.ExportStatusAsync(new ExportStatusRequest(), session.Call(cancellationToken));
        if (status.State != ExportState.Off)
            throw new CliException(
                $"the leader exports already, to {status.Target} ({status.State}); a process of its own is for clusters without --postgres")
            { ExitCode = Exit.Refused };
    }
}
