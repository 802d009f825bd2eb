namespace VideoScale.ControlPlane.Drain;

public abstract record DrainCommand(NodeId Node) : DomainCommand
{
    public const ulong MaxWithinMs = 604_800_000;

    public override string Subject => "drain-" + Node.Value;
    public override void Describe(FieldSink sink) => sink.Node(Node);

    /// <param name="WithinMs">Rooms still there after this long are moved; 0 moves them at once.</param>
    public sealed record Begin(NodeId Node, ulong WithinMs) : DrainCommand(Node)
    {
        public override CommandType Type => CommandType.BeginDrain;
        public override void Describe(FieldSink sink)
        {
            sink.Node(Node);
            sink.Number("within_ms", WithinMs);
        }
    }

    public sealed record Cancel(NodeId Node) : DrainCommand(Node)
    {
        public override CommandType Type => CommandType.CancelDrain;
    }

    /// <summary>The deadline has passed with rooms still there. From the leader's loop.</summary>
    public sealed record TimeOut(NodeId Node) : DrainCommand(Node)
    {
        public override CommandType Type => CommandType.TimeOutDrain;
    }

    /// <summary>Nothing is left on the node. From the leader's loop.</summary>
    public sealed record Complete(NodeId Node) : DrainCommand(Node)
    {
        public override CommandType Type => CommandType.CompleteDrain;
    }
}
