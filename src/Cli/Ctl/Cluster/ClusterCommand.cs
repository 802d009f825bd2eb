using System.CommandLine;
using System.Globalization;
using VideoScale.Cli.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Cluster;

/// <summary><c>ctl cluster …</c></summary>
internal static class ClusterCommand
{
    internal static Command Create() => new("cluster", "The control plane's own replicas.") { Status(), Transfer(), Snapshot() };

    private static Command Status()
    {
        var command = new Command("status", "How the replica that answers sees the cluster.");
        CtlSession.Bind(command, async (session, _, cancellationToken) =>
        {
            var reply = await session.Cluster.GetStatusAsync(new GetStatusRequest(), session.Call(cancellationToken));
            session.Output.Write(reply, () => Print(session, reply));
        });
        return command;
    }

    private static void Print(CtlSession session, GetStatusReply reply)
    {
        session.Output.Line($"cluster {reply.ClusterId}, answered by {reply.MemberId:x} ({reply.Role.ToString().ToLowerInvariant()}), version {reply.Version}");
        session.Output.Line($"term {reply.Term}, leader {(reply.LeaderId == 0 ? "not known" : $"{reply.LeaderId:x} at {reply.LeaderAddress}")}");
        session.Output.Line($"log {reply.FirstIndex}..{reply.DurableIndex}, committed {reply.CommitIndex}, applied {reply.AppliedIndex}, snapshot {reply.SnapshotIndex}, checkpoint {reply.CheckpointIndex}");
        session.Output.Line($"events {reply.EventFloor}..{reply.EventSeq}, state {Convert.ToHexStringLower(reply.StateHash.Span)} at {reply.HashedAtIndex}");
        if (reply.Quarantined) session.Output.Line("QUARANTINED: this replica's state differed from the majority's; replace it");
        session.Output.Table(["MEMBER", "ROLE", "GRPC", "RAFT", "ON DISK", "SILENT"], reply.Replicas.Select(r => new[]
        {
            r.MemberId.ToString("x", CultureInfo.InvariantCulture), (r.Leader ? "leader" : r.Voter ? "voter" : "learner"), r.GrpcAddress, r.RaftAddress,
            r.MatchIndex == 0 ? "-" : $"{r.MatchIndex}", reply.Role == ReplicaRole.Leader ? $"{r.SilentMs} ms" : "-",
        }));
    }

    private static Command Transfer()
    {
        var to = new Option<string?>("--to") { Description = "Member id in hexadecimal, as `status` prints it; left out, the voter that is furthest.", HelpName = "MEMBER" };
        var command = new Command("transfer", "Hands leadership to another voter.") { to };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var target = 0UL;
            if (parsed.GetValue(to) is { } text && !ulong.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out target))
                throw new CliException($"--to: \"{text}\" is not a member id (hexadecimal, as `ctl cluster status` prints it)");
            var reply = await session.Cluster.TransferLeadershipAsync(new TransferLeadershipRequest { TargetMemberId = target }, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line($"{reply.LeaderId:x} leads in term {reply.Term}"));
        });
        return command;
    }

    private static Command Snapshot()
    {
        var command = new Command("snapshot", "Writes a snapshot on the replica that answers and compacts its log.");
        CtlSession.Bind(command, async (session, _, cancellationToken) =>
        {
            var reply = await session.Cluster.CreateSnapshotAsync(new CreateSnapshotRequest(), session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line($"snapshot at index {reply.Index}, {Format.Bytes(reply.Bytes)}; the log begins at {reply.FirstIndex}"));
        });
        return command;
    }
}
