using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using VideoScale.Cli.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Cluster;

/// <summary><c>ctl cluster add | promote | remove | set</c>: who is in the cluster.</summary>
internal static class MemberCommands
{
    private static readonly Option<bool> Force = new(
        "--force")
    { Description = "Also when the replicas that would count do not answer: such a change can stop the cluster for good." };
    private static readonly Option<bool> Yes = new("--yes",
        "-y")
    { Description = "Do not ask before a change that leaves a single voter." };

    private const string HexNote = "Member ids in hexadecimal, as `ctl cluster status` prints them.";

    internal static Command Add()
    {
        var member = new Option<string>("--member")
        {
            Description = "The replica's own id, from identity.json in its data directory, in hexadecimal.",
            HelpName = "ID",
            Required = true,
        };
        var raft = new Option<string>("--raft")
        {
            Description = "host:port of its consensus, as the others reach it.",
            HelpName = "ADDRESS",
            Required = true,
        };
        var grpc = new Option<string>("--grpc") { Description = "host:port of its gRPC API.", HelpName = "ADDRESS", Required = true };
        var http = new Option<string>("--http")
        {
            Description = "host:port of its probes and metrics.",
            HelpName = "ADDRESS",
            DefaultValueFactory = _ => "",
        };
        var command = new Command("add",
            "Adds a replica as learner, or says where a member is now. A replica started with `control --join` does this by itself.")
        { member, raft, grpc, http, Force }.WithNotes("""
            Example, for a member that has moved: videoscale ctl cluster add --member 5d1c…07 --raft 10.0.0.9:8080 --grpc 10.0.0.9:7980
            """);
        CtlSession.Bind(command, (session, parsed, cancellationToken) =>
        {
            var request = new AddMemberRequest
            {
                RequestId = session.RequestId,
                MemberId = Parse(parsed.GetValue(member)!, "--member"),
                RaftAddress = parsed.GetValue(raft)!,
                GrpcAddress = parsed.GetValue(grpc)!,
                HttpAddress = parsed.GetValue(http)!,
                Force = parsed.GetValue(Force),
            };
            return RunAsync(session, options => session.Cluster.AddMemberAsync(request, options), cancellationToken);
        });
        return command;
    }

    internal static Command Promote()
    {
        var members = Members("Learners that shall vote, all in one change.");
        var command = new Command("promote",
            "Makes learners voters, once all of them have caught up; shows how far they are. Naming several at once avoids an even "
            + "number in between.")
        { members, Force }.WithNotes("""
            Example, growing one voter into three: videoscale ctl cluster promote 5d1c…07 9a20…e1
            """);
        CtlSession.Bind(command, (session, parsed, cancellationToken) =>
        {
            var request = new PromoteMemberRequest { RequestId = session.RequestId, Force = parsed.GetValue(Force) };
            request.MemberIds.AddRange(Parse(parsed.GetValue(members)!));
            return RunAsync(session, options => session.Cluster.PromoteMemberAsync(request, options), cancellationToken);
        });
        return command;
    }

    internal static Command Remove()
    {
        var members = Members("Voters or learners to take out, all in one change.");
        var command = new Command("remove",
            "Takes members out of the cluster. A leader that is removed hands over first; a removed replica ends.") { members, Force, Yes };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var request = new RemoveMemberRequest { RequestId = session.RequestId, Force = parsed.GetValue(Force) };
            request.MemberIds.AddRange(Parse(parsed.GetValue(members)!));
            await ConfirmAsync(session, parsed, voters => voters.Except(request.MemberIds).Count(), cancellationToken);
            await RunAsync(session, options => session.Cluster.RemoveMemberAsync(request, options), cancellationToken);
        });
        return command;
    }

    internal static Command Set()
    {
        var members = Members("All who shall vote.");
        var command = new Command("set",
            "Names the whole set of voters to go to, in one change: replaces a voter without an even number in between.")
        { members, Force, Yes }.WithNotes("""
            Example, replacing a voter: videoscale ctl cluster set 11ab…20 5d1c…07 9a20…e1
            """);
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var request = new SetVotersRequest { RequestId = session.RequestId, Force = parsed.GetValue(Force) };
            request.MemberIds.AddRange(Parse(parsed.GetValue(members)!));
            await ConfirmAsync(session, parsed, _ => request.MemberIds.Count, cancellationToken);
            await RunAsync(session, options => session.Cluster.SetVotersAsync(request, options), cancellationToken);
        });
        return command;
    }

    private static Argument<string[]> Members(string description) =>
        new("MEMBER") { Description = $"{description} {HexNote}", Arity = ArgumentArity.OneOrMore };

    private static ulong[] Parse(string[] members)
    {
        ulong[] ids = [.. members.Select(member => Parse(member, "MEMBER"))];
        return ids.GroupBy(id => id).FirstOrDefault(same => same.Count() > 1) is { } twice
            ? throw new CliException($"MEMBER: {twice.Key:x} is named {twice.Count()} times") : ids;
    }

    /// <summary>Asks first when several voters would become one, which survives nothing: a slip of the keyboard must not do that.</summary>
    private static async Task ConfirmAsync(CtlSession session, ParseResult parsed, Func<IEnumerable<ulong>, int> votersAfter,
        CancellationToken cancellationToken)
    {
        if (parsed.GetValue(Yes) || parsed.GetValue(Force)) return;
        var status = await session.Cluster.GetStatusAsync(new GetStatusRequest(), session.Call(cancellationToken));
        ulong[] voters = [.. status.Replicas.Where(replica => replica.Role == MemberRole.Voter).Select(replica => replica.MemberId)];
        if (voters.Length < 3 || votersAfter(voters) != 1) return;
        await Confirmation.AskAsync(
            $"one voter would stay of {voters.Length}: it survives no failure, and what only it has is lost with it");
    }

    private static ulong Parse(string text, string what) =>
        ulong.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var id) && id != 0 ? id
            : throw new CliException($"{what}: \"{text}\" is not a member id (hexadecimal, as `ctl cluster status` prints it)");

    /// <summary>Asks, under one request id, until it is done: catching up can take longer than one call.</summary>
    private static async Task RunAsync(CtlSession session, Func<CallOptions, AsyncUnaryCall<MembersReply>> call,
        CancellationToken cancellationToken)
    {
        var said = "";
        MembersReply? reply = null;
        while (true)
        {
            // Once it is under way, a gap between two questions is no reason to give it up.
            reply = reply is null ? await call(session.Call(cancellationToken)) : await LongWait.AskAsync(session, call, cancellationToken);
            if (reply.Done)
            {
                session.Output.Write(reply,
                    () =>
                    session.Output.Line(
                    $"voters {List(reply.Voters)}{(reply.Learners.Count > 0 ? $", learners {List(reply.Learners)}" : "")} (membership at "
                    + $"log index {reply.MembershipIndex})"));
                if (reply.Warning.Length > 0) await Console.Error.WriteLineAsync($"note: {reply.Warning}");
                return;
            }
            if (reply.WaitingFor != said) session.Output.Write(reply, () => session.Output.Line($"catching up: {reply.WaitingFor}"));
            said = reply.WaitingFor;
        }
    }

    private static string List(IEnumerable<ulong> members) =>
        string.Join(", ", members.Select(member => member.ToString("x", CultureInfo.InvariantCulture)));
}
