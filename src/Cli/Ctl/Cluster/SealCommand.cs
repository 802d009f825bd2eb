using System.CommandLine;
using Grpc.Core;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Control;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Cluster;

/// <summary><c>ctl cluster seal</c>: ends the log, so that another engine's can go on after it.</summary>
internal static class SealCommand
{
    private const string What = "nothing can be changed from then on, until all replicas were stopped and moved (calls go on meanwhile)";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan StatusTime = TimeSpan.FromSeconds(2);

    internal static Command Create()
    {
        var engine = new Option<string>("--engine")
        {
            Description = $"What shall keep the log afterwards: {LogEngines.Names}.",
            HelpName = "NAME",
            Required = true,
        };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var command = new Command("seal",
            "Ends the log, so that the replicas can move to another engine, and waits until all are ready. From then on calls go on and "
            + "nothing else changes, until they have moved.")
        { engine, yes }.WithNotes("""
            There is no way back but through the same door: `control migrate` to the engine that the replicas have goes on with that.
            Example: videoscale ctl cluster seal --engine dotnext
              then stop all replicas; on each: videoscale control migrate --data DIR --engine dotnext --yes; start them with --engine dotnext
            """);
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var wanted = Check(parsed.GetValue(engine)!);
            var status = await session.Cluster.GetStatusAsync(new GetStatusRequest(), session.Call(cancellationToken));
            if (status.SealedIndex == 0)
            {
                if (!parsed.GetValue(yes)) await Confirmation.AskAsync(What);
                var reply = await session.Cluster.SealLogAsync(new SealLogRequest { RequestId = session.RequestId, Engine = wanted },
                    session.Call(cancellationToken));
                session.Output.Write(reply, () => session.Output.Line($"sealed at log index {reply.Commit.LogIndex}"));
            }
            else if (status.SealedFor != wanted)
            {
                throw new CliException($"the log is sealed at log index {status.SealedIndex} already, to go on with {status.SealedFor}")
                { ExitCode = Exit.Refused };
            }
            await WaitAsync(session, status.Replicas, cancellationToken);
            if (session.Output.IsJson) return;
            session.Output.Line(
                $"all replicas are ready: stop them, run `videoscale control migrate --engine {wanted} --yes --data DIR` on each, and "
                    + $"start "
                + $"them with --engine {wanted}");
        });
        return command;
    }

    private static string Check(string engine)
    {
        try { return LogEngines.Choose(engine); }
        catch (StartupException e) { throw new CliException(e.Message, e); }
    }

    private static async Task WaitAsync(CtlSession session, IEnumerable<Replica> replicas, CancellationToken cancellationToken)
    {
        var waits = replicas.Where(replica => replica.Role == MemberRole.Voter).ToDictionary(replica => replica.MemberId,
            replica => (replica.GrpcAddress, Cluster: session.At(replica.GrpcAddress), Said: ""));
        while (true)
        {
            foreach (var (member, wait) in waits.ToArray())
            {
                var why = await WhyNotAsync(wait.Cluster, cancellationToken);
                if (why is null) waits.Remove(member);
                else waits[member] = wait with { Said = why };
                if (why != wait.Said && !session.Output.IsJson)
                    session.Output.Line($"{member:x} at {wait.GrpcAddress}: {why ?? "ready to move"}");
            }
            if (waits.Count == 0) return;
            await Task.Delay(Pause, cancellationToken);
        }
    }

    private static async Task<string?> WhyNotAsync(ClusterService.ClusterServiceClient replica, CancellationToken cancellationToken)
    {
        try
        {
            var status = await replica.GetStatusAsync(new GetStatusRequest(),
                new CallOptions(deadline: DateTime.UtcNow + StatusTime, cancellationToken: cancellationToken));
            return status.ReadyToMove ? null : status.SealedIndex == 0 ? "the seal has not come there yet" : "it writes its snapshot";
        }
        catch (RpcException e) when (!cancellationToken.IsCancellationRequested) { return $"it does not answer ({e.StatusCode})"; }
    }
}
