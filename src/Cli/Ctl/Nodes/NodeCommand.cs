using System.CommandLine;
using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl.Nodes;

/// <summary><c>ctl node …</c></summary>
internal static class NodeCommand
{
    private static readonly string[] Columns = ["NODE", "HEALTH", "SCHEDULING", "ROOMS", "RESERVED", "CPU", "MEMORY", "REGION/ZONE",
        "ADDRESS"];

    internal static Command Create() => new("node", "Media nodes: what they hold, and keeping rooms away from them.")
    {
        List(), Get(), Scheduling("cordon", "No new rooms on the node; those it has stay.",
            (client, id, node, call) => client.CordonNodeAsync(new CordonNodeRequest { RequestId = id, NodeId = node }, call)),
        Scheduling("uncordon", "Ends a cordon.",
            (client, id, node, call) => client.UncordonNodeAsync(new UncordonNodeRequest { RequestId = id, NodeId = node }, call)),
        DrainCommand.Create(), Scheduling("cancel-drain", "Ends a drain that is not completed; the node takes rooms again.",
            (client, id, node, call) => client.CancelDrainAsync(new CancelDrainRequest { RequestId = id, NodeId = node }, call)),
        Scheduling("deregister", "Takes an empty, drained or lost node out of the records.",
            (client, id, node, call) => client.DeregisterNodeAsync(new DeregisterNodeRequest { RequestId = id, NodeId = node }, call)),
        Watch(),
    };

    internal static Argument<string> Node() => new("node") { Description = "Name of the node." };

    private static Command List()
    {
        var command = new Command("list", "All nodes.") { CtlOptions.Stale };
        CtlSession.Bind(command, async (session, _, cancellationToken) =>
        {
            var reply = await session.Nodes.ListNodesAsync(new ListNodesRequest { Consistency = session.Consistency },
                session.Call(cancellationToken));
            session.Output.Write(reply, () =>
            {
                session.Output.Table(Columns, reply.Nodes.Select(Row));
                if (reply.Note.Length > 0) session.Output.Line($"NOTE: {reply.Note}");
                if (reply.Nodes.Count > 0 && reply.Nodes.All(known => known.Load is null))
                    session.Output.Line("loads are known to the leader alone; `cluster status` says who it is: ask it with --server");
            });
        });
        return command;
    }

    private static Command Get()
    {
        var node = Node();
        var command = new Command("get", "One node.") { node, CtlOptions.Stale };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await session.Nodes.GetNodeAsync(
                new GetNodeRequest { NodeId = parsed.GetValue(node), Consistency = session.Consistency }, session.Call(cancellationToken));
            session.Output.Write(reply, () =>
            {
                session.Output.Table(Columns, [Row(reply.Node)]);
                var capacity = reply.Node.Capacity ?? new Capacity();
                session.Output.Line(
                    $"incarnation {reply.Node.Incarnation:x}, registered {Format.Time(reply.Node.RegisteredAtMs)}, capacity "
                    + $"{capacity.Publishers} publishers, {capacity.Subscribers} subscribers, {capacity.BitrateKbps} kbit/s");
                if (reply.Node.DrainDeadlineMs != 0)
                    session.Output.Line(
                        $"drain: rooms still there are moved from "
                        + $"{Format.Time(reply.Node.DrainDeadlineMs)}{DrainCommand.Blocked(reply.Node)}");
            });
        });
        return command;
    }

    private static Command Scheduling(string name, string description,
        Func<NodeService.NodeServiceClient, string, string, CallOptions, AsyncUnaryCall<NodeReply>> call)
    {
        var node = Node();
        var command = new Command(name, description) { node };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var reply = await call(session.Nodes, session.RequestId, parsed.GetValue(node)!, session.Call(cancellationToken));
            session.Output.Write(reply, () => session.Output.Line(name == "deregister"
                ? $"node {reply.NodeId} deregistered ({Format.Commit(reply.Commit)})"
                : $"node {reply.NodeId} is {Format.Scheduling(reply.Scheduling)} ({Format.Commit(reply.Commit)})"));
        });
        return command;
    }

    private static Command Watch()
    {
        var node = new Argument<string?>("node") { Description = "Only this node; left out, all.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("watch", "The nodes now, then every change, until Ctrl-C.") { node };
        CtlSession.Bind(command, async (session, parsed, cancellationToken) =>
        {
            var request = new WatchNodesRequest { NodeId = parsed.GetValue(node) ?? "" };
            await foreach (var change in LongStream.ReadAsync(session,
                () => session.Nodes.WatchNodes(request, cancellationToken: cancellationToken), cancellationToken))
                session.Output.Write(change, () => session.Output.Line(
                    $"{change.AppliedIndex,10}  {(change.Initial ? "is " : "now")}  {change.Node.NodeId}  "
                        + (change.Removed ? "deregistered" : Describe(change.Node))));
        });
        return command;
    }

    private static string[] Row(Node node) =>
    [
        node.NodeId, Format.Health(node.Health), Format.Scheduling(node.Scheduling), $"{node.Rooms}",
            $"{node.Reserved?.BitrateKbps ?? 0}/{node.Capacity?.BitrateKbps ?? 0} kbit/s",
        node.Load is null ? "-" : Format.Permille((int)node.Load.CpuPermille), node.Load is null ? "-"
            : Format.Bytes(node.Load.MemoryBytes),
        $"{Format.Text(node.Region)}/{Format.Text(node.Zone)}", node.Address,
    ];

    private static string Describe(Node node) =>
        $"{Format.Health(node.Health)}  {Format.Scheduling(node.Scheduling)}  rooms {node.Rooms}";
}
