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
        var within = new Option<uint>("--within") { Description = "Rooms still there after this many seconds are moved; default 0, at once.", HelpName = "SECONDS" };
        var wait = new Option<bool>("--wait") { Description = "Stay until the node is drained, showing how many rooms are left. --timeout counts each question, not the wait." };
        var command = new Command("drain", "Takes no new rooms; those it has finish, or are moved at the deadline. Seats survive. Reversible with cancel-drain until done.")
        { node, within, wait }.WithNotes("""
            Example: videoscale ctl node drain media-1 --within 600 --wait
            """);
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await session.Nodes.DrainNodeAsync(
                new DrainNodeRequest { RequestId = session.RequestId, NodeId = parsed.GetValue(node), WithinSeconds = parsed.GetValue(within) }, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line(
                $"node {reply.NodeId} drains: {reply.Rooms} rooms, moved from {Format.Time(reply.DeadlineMs)} if still there ({Format.Commit(reply.Commit)})"));
            return parsed.GetValue(wait) ? await WaitAsync(session, reply.NodeId, cancellationToken) : Exit.Ok;
        });
        return command;
    }

    private static async Task<int> WaitAsync(CtlSession session, string nodeId, CancellationToken cancellationToken)
    {
        var last = uint.MaxValue;
        while (true)
        {
            var reply = await session.Nodes.GetNodeAsync(new GetNodeRequest { NodeId = nodeId, Consistency = Consistency.Linearizable }, session.Call(cancellationToken));
            switch (reply.Node.Scheduling)
            {
                case NodeScheduling.Drained:
                    session.Output.Write(reply, () => session.Output.Line($"node {nodeId} is drained: safe to terminate"));
                    return Exit.Ok;
                case NodeScheduling.Draining: break;
                default:
                    await Console.Error.WriteLineAsync($"the drain of {nodeId} was cancelled: it is {Format.Scheduling(reply.Node.Scheduling)} again");
                    return Exit.Refused;
            }
            if (reply.Node.Rooms != last) session.Output.Write(reply, () => session.Output.Line($"{reply.Node.Rooms} rooms left"));
            last = reply.Node.Rooms;
            await Task.Delay(Period, cancellationToken);
        }
    }
}
