using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using VideoScale.Cli.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Cluster;

/// <summary><c>ctl cluster …</c></summary>
internal static class ClusterCommand
{
    internal static Command Create() => new("cluster", "The control plane's own replicas.") { Status(), MemberCommands.Add(),
        MemberCommands.Promote(), MemberCommands.Remove(), MemberCommands.Set(), Transfer(), Snapshot(), SealCommand.Create() };

    private static Command Status()
    {
        var command = new Command("status", "How the replica that answers sees the cluster.");
        CtlSession.Bind(command, async (session, _, cancellationToken) =>
        {
            var reply = await session.Cluster.GetStatusAsync(new GetStatusRequest(), session.Call(cancellationToken));
            if (!session.Output.IsJson) await AskLeaderAsync(session, reply, cancellationToken);
            session.Output.Write(reply, () => Print(session, reply));
        });
        return command;
    }

    /// <summary>Only the leader knows how far the others are. When it cannot be reached from here, those columns stay empty.</summary>
    private static async Task AskLeaderAsync(CtlSession session, GetStatusReply reply, CancellationToken cancellationToken)
    {
        if (reply.Role == ReplicaRole.Leader || reply.LeaderAddress.Length == 0) return;
        try
        {
            var leader = await session.At(reply.LeaderAddress).GetStatusAsync(new GetStatusRequest(),
                new CallOptions(deadline: DateTime.UtcNow.AddSeconds(1), cancellationToken: cancellationToken));
            if (leader.Role != ReplicaRole.Leader) return;
            reply.Notices.Add(leader.Notices.Except(reply.Notices));
            reply.Replicas.Clear();
            reply.Replicas.Add(leader.Replicas);
        }
        catch (RpcException) { }
    }

    private static void Print(CtlSession session, GetStatusReply reply)
    {
        session.Output.Line(
            $"cluster {reply.ClusterId}, answered by {reply.MemberId:x} ({reply.Role.ToString().ToLowerInvariant()}), version "
            + $"{reply.Version}, engine {(reply.Engine.Length > 0 ? reply.Engine : "native")}");
        session.Output.Line(
            $"term {reply.Term}, leader {(reply.LeaderId == 0 ? "not known" : $"{reply.LeaderId:x} at {reply.LeaderAddress}")}");
        session.Output.Line(
            $"log {reply.FirstIndex}..{reply.DurableIndex}, committed {reply.CommitIndex}, applied {reply.AppliedIndex}, snapshot "
            + $"{reply.SnapshotIndex}, checkpoint {reply.CheckpointIndex}");
        session.Output.Line(
            $"events {reply.EventFloor}..{reply.EventSeq}, state {Convert.ToHexStringLower(reply.StateHash.Span)} at "
            + $"{reply.HashedAtIndex}");
        if (reply.LogTimeMs != 0) session.Output.Line($"log time {Format.Time(reply.LogTimeMs)}{ClockWords(reply)}");
        // when it is time to renew it, a notice says so
        if (reply.CertificateExpiresAtMs != 0) session.Output.Line($"certificate valid until {Format.Time(reply.CertificateExpiresAtMs)}");
        if (reply.Joint) session.Output.Line("a change of voters is under way: both majorities are needed");
        if (reply.Generation > 0)
            session.Output.Line(
                $"recovery generation {reply.Generation}: this cluster was once recovered from the loss of its quorum, or moved to another "
                + "engine");
        if (reply.SealedIndex > 0)
            session.Output.Line(
                $"SEALED at log index {reply.SealedIndex}, to go on with the engine {reply.SealedFor}: nothing changes until it does; this "
                + $"replica is {(reply.ReadyToMove ? "" : "not yet ")}ready to move (`control migrate`)");
        foreach (var notice in reply.Notices) session.Output.Line($"NOTE: {notice}");
        if (reply.Repairing)
            session.Output.Line(
                "QUARANTINED: this replica's disk lost log entries; it fetches them again and takes no part until it has them");
        if (reply.Quarantined) session.Output.Line("QUARANTINED: this replica's state differed from the majority's; replace it");
        var known = reply.Replicas.Any(r => r.MatchIndex > 0 && r.MemberId != reply.MemberId) || reply.Role == ReplicaRole.Leader;
        session.Output.Table(["MEMBER", "ROLE", "GRPC", "RAFT", "ON DISK", "BEHIND", "SILENT", "CLOCK"], reply.Replicas.Select(r => new[]
        {
            r.MemberId.ToString("x", CultureInfo.InvariantCulture), RoleOf(r), r.GrpcAddress, r.RaftAddress,
            r.MatchIndex == 0 ? "-" : $"{r.MatchIndex}", known ? Behind(r) : "-", known ? $"{r.SilentMs} ms" : "-", r.ClockKnown
                ? $"{r.ClockDifferenceMs:+0;-0;0} ms" : "-",
        }));
        var voters = reply.Replicas.Count(r => r.Role == MemberRole.Voter);
        if (ControlPlane.Host.Members.VoterSetAdvice.For(voters) is { Length: > 0 } advice) session.Output.Line($"note: {advice}");
    }

    private static string ClockWords(GetStatusReply reply)
    {
        var off = reply.Replicas.Where(r => r.ClockKnown
            && Math.Abs(r.ClockDifferenceMs) > ControlPlane.Host.Clocks.ClockExchange.WorthALineMs).Select(r => $"{r.MemberId:x}")
            .ToArray();
        return (!reply.ClocksAgree ? "; NOTE: no majority of the voters' clocks agrees, or they are not known yet" : "")
            + (Math.Abs(reply.LogTimeAheadMs) > ControlPlane.Clocks.LogClock.NearMs
                ? $"; NOTE: {Math.Abs(reply.LogTimeAheadMs)} ms {(reply.LogTimeAheadMs > 0 ? "ahead of" : "behind")} what the voters' "
                + $"clocks say" : "")
            + (off.Length > 0 ? $"; NOTE: the clock of {string.Join(", ", off)} is off (column CLOCK): set it right" : "");
    }

    private static string RoleOf(Replica replica) => replica.Leader ? "leader" : replica.Role switch
    {
        MemberRole.Voter => "voter",
        MemberRole.Learner => "learner",
        MemberRole.Leaving => "leaving",
        _ => "not a member",
    };

    private static string Behind(Replica replica) =>
        (replica.Repairing ? "repairing, " : "") + (replica.Snapshotting ? "snapshot, " : "") + $"{replica.LagEntries}";

    private static Command Transfer()
    {
        var to = new Option<string?>("--to")
        {
            Description = "Member id in hexadecimal, as `status` prints it; left out, the voter that is furthest.",
            HelpName = "MEMBER",
        };
        var command = new Command("transfer", "Hands leadership to another voter.") { to };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var target = 0UL;
            if (parsed.GetValue(to) is { } text && !ulong.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out target))
                throw new CliException($"--to: \"{text}\" is not a member id (hexadecimal, as `ctl cluster status` prints it)");
            var reply = await (await session.AtOneAsync(cancellationToken))
                .TransferLeadershipAsync(new TransferLeadershipRequest { TargetMemberId = target }, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line($"{reply.LeaderId:x} leads in term {reply.Term}"));
        });
        return command;
    }

    private static Command Snapshot()
    {
        var command = new Command("snapshot", "Writes a snapshot on the replica that answers and compacts its log.");
        CtlSession.Bind(command, async (session, _, cancellationToken) =>
        {
            var reply = await (await session.AtOneAsync(cancellationToken))
                .CreateSnapshotAsync(new CreateSnapshotRequest(), session.Call(cancellationToken));
            session.Output.Write(reply, () =>
                session.Output.Line($"snapshot at index {reply.Index}, {Format.Bytes(reply.Bytes)}; the log begins at {reply.FirstIndex}"));
        });
        return command;
    }
}
