using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Nodes;

/// <summary><c>ctl node drain</c></summary>
internal static class DrainCommand
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    internal static Command Create()
    {
        var node = NodeCommand.Node();
        var within = new Option<uint>("--within")
        {
            Description =
                "Rooms still there after this many seconds are moved; default 0, at once. Of a drain that runs it is the new deadline, "
                + "counted from now.",
            HelpName = "SECONDS",
        };
        var wait =
            new Option<bool>(
            "--wait")
            {
                Description =
            "Stay until the node is drained, showing how many rooms are left. --timeout counts each question, and each time in which "
            + "nobody answers, not the wait."
            };
        var command = new Command("drain",
            "Takes no new rooms; those it has finish, or are moved at the deadline. Seats survive. Reversible with cancel-drain until "
            + "done.")
        { node, within, wait }.WithNotes("""
            Example: videoscale ctl node drain media-1 --within 600 --wait
            """);
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await session.Nodes.DrainNodeAsync(
                new DrainNodeRequest
                {
                    RequestId = session.RequestId,
                    NodeId = parsed.GetValue(node),
                    WithinSeconds = parsed.GetValue(within)
                }, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line(reply.Scheduling == NodeScheduling.Drained
                ? $"node {reply.NodeId} is drained already and holds nothing: safe to terminate, or `ctl node uncordon` takes it back "
                    + $"({Format.Commit(reply.Commit)})"
                : $"node {reply.NodeId} drains: {Holds(reply)} ({Format.Commit(reply.Commit)})"));
            return parsed.GetValue(wait) ? await WaitAsync(session, reply.NodeId, cancellationToken) : Exit.Ok;
        });
        return command;
    }

    internal static string Blocked(Node node) =>
        node.DrainBlockedRooms == 0 ? "" : $"; {node.DrainBlockedRooms} of them can go nowhere, e.g. {node.DrainBlocked}";

    private static async Task<int> WaitAsync(CtlSession session, string nodeId, CancellationToken cancellationToken)
    {
        var last = (Rooms: uint.MaxValue, Blocked: "");
        while (true)
        {
            var reply = await LongWait.AskAsync(session, call => session.Nodes.GetNodeAsync(
                new GetNodeRequest { NodeId = nodeId, Consistency = Consistency.Linearizable }, call), cancellationToken);
            switch (reply.Node.Scheduling)
            {
                case NodeScheduling.Drained:
                    session.Output.Write(reply, () => session.Output.Line($"node {nodeId} is drained: safe to terminate"));
                    return Exit.Ok;
                case NodeScheduling.Draining: break;
                default:
                    await Console.Error.WriteLineAsync(
                        $"the drain of {nodeId} was cancelled: it is {Format.Scheduling(reply.Node.Scheduling)} again");
                    return Exit.Refused;
            }
            var now = (reply.Node.Rooms, reply.Node.DrainBlocked);
            if (now != last) session.Output.Write(reply, () => session.Output.Line($"{reply.Node.Rooms} rooms left{Blocked(reply.Node)}"));
            last = now;
            await Task.Delay(Period, cancellationToken);
        }
    }

    private static string Holds(DrainNodeReply reply) =>
        reply.Rooms == 0 ? "it holds no rooms" : $"{reply.Rooms} rooms, moved from {Format.Time(reply.DeadlineMs)} if still there";
}
