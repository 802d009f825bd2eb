using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Pools;

public abstract record PoolCommand(string Pool) : DomainCommand
{
    public const int MaxTextLength = 300;
    public override string Subject => "pool-" + Pool;
    public override void Describe(FieldSink sink) => sink.Text("pool", Pool);

    /// <summary>About one instance.</summary>
    public abstract record OfInstance(string Pool, NodeId Key) : PoolCommand(Pool)
    {
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            sink.Node("key", Key);
        }
    }

    /// <summary>What the autoscaler decided about one, with its figures.</summary>
    public abstract record Decided(string Pool, NodeId Key, ScalingReason Reason) : OfInstance(Pool, Key)
    {
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            Reason.Describe(sink);
        }
    }

    /// <summary>Makes a pool, or changes what is wanted of it.</summary>
    public sealed record SetPolicy(string Pool, PoolPolicy Policy) : PoolCommand(Pool)
    {
        internal static readonly CommandShape Shape = new(CommandType.SetPoolPolicy,
            static (ref CanonicalReader r) => new SetPolicy(r.ReadString(), PoolPolicy.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            Policy.Describe(sink);
        }
    }

    /// <summary>A suspended pool launches again.</summary>
    public sealed record Resume(string Pool) : PoolCommand(Pool)
    {
        internal static readonly CommandShape Shape = new(CommandType.ResumePool,
            static (ref CanonicalReader r) => new Resume(r.ReadString()));
        public override CommandType Type => Shape.Type;
    }

    /// <summary>Forgets a pool without instances.</summary>
    public sealed record Remove(string Pool) : PoolCommand(Pool)
    {
        internal static readonly CommandShape Shape = new(CommandType.RemovePool,
            static (ref CanonicalReader r) => new Remove(r.ReadString()));
        public override CommandType Type => Shape.Type;
    }

    /// <summary>On record before the provider is asked, so that whoever leads next asks for the same one. From the leader's loop.</summary>
    public sealed record RequestLaunch(string Pool, NodeId Key, ScalingReason Reason) : Decided(Pool, Key, Reason)
    {
        internal static readonly CommandShape Shape = new(CommandType.RequestLaunch,
            static (ref CanonicalReader r) => new RequestLaunch(r.ReadString(), r.ReadNode(), ScalingReason.Read(ref r)));
        public override CommandType Type => Shape.Type;
    }

    /// <summary>The provider has it, under a name of its own. From the leader's loop.</summary>
    public sealed record RecordLaunched(string Pool, NodeId Key, string ProviderId) : OfInstance(Pool, Key)
    {
        internal static readonly CommandShape Shape = new(CommandType.RecordLaunched,
            static (ref CanonicalReader r) => new RecordLaunched(r.ReadString(), r.ReadNode(), r.ReadString()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            sink.Text("provider_id", ProviderId);
        }
    }

    /// <summary>The provider said no. What it may have of an earlier try is ended. From the leader's loop.</summary>
    /// <param name="RetryAfterMs">Nothing is launched before.</param>
    /// <param name="IsHopeless">Another try would fail the same way: somebody has to look.</param>
    public sealed record RecordLaunchFailed(string Pool, NodeId Key, string Error, ulong RetryAfterMs, bool IsHopeless) : OfInstance(Pool,
        Key)
    {
        internal static readonly CommandShape Shape = new(CommandType.RecordLaunchFailed,
            static (ref CanonicalReader r) =>
                new RecordLaunchFailed(r.ReadString(), r.ReadNode(), r.ReadString(), r.ReadUInt64(), r.ReadBool()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            sink.Text("error", Error);
            sink.Number("retry_after_ms", RetryAfterMs);
            sink.Flag("is_hopeless", IsHopeless);
        }
    }

    /// <summary>A node is to leave: it is drained. From the leader's loop.</summary>
    public sealed record ReleaseNode(string Pool, NodeId Key, ScalingReason Reason) : Decided(Pool, Key, Reason)
    {
        internal static readonly CommandShape Shape = new(CommandType.ReleaseNode,
            static (ref CanonicalReader r) => new ReleaseNode(r.ReadString(), r.ReadNode(), ScalingReason.Read(ref r)));
        public override CommandType Type => Shape.Type;
    }

    /// <summary>A node that was to leave is wanted again. From the leader's loop.</summary>
    public sealed record KeepNode(string Pool, NodeId Key, ScalingReason Reason) : Decided(Pool, Key, Reason)
    {
        internal static readonly CommandShape Shape = new(CommandType.KeepNode,
            static (ref CanonicalReader r) => new KeepNode(r.ReadString(), r.ReadNode(), ScalingReason.Read(ref r)));
        public override CommandType Type => Shape.Type;
    }

    /// <summary>
    /// The instance may go: it holds no room and takes none. On record before the provider is asked. From the leader's loop.
    /// </summary>
    public sealed record RequestTermination(string Pool, NodeId Key, TerminationReason Reason) : OfInstance(Pool, Key)
    {
        internal static readonly CommandShape Shape = new(CommandType.RequestTermination,
            static (ref CanonicalReader r) => new RequestTermination(r.ReadString(), r.ReadNode(), (TerminationReason)r.ReadByte()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            sink.Choice("reason", Reason);
        }
    }

    /// <summary>The provider has it no more. From the leader's loop.</summary>
    public sealed record RecordTerminated(string Pool, NodeId Key) : OfInstance(Pool, Key)
    {
        internal static readonly CommandShape Shape = new(CommandType.RecordTerminated,
            static (ref CanonicalReader r) => new RecordTerminated(r.ReadString(), r.ReadNode()));
        public override CommandType Type => Shape.Type;
    }
}

/// <summary>Why an instance goes.</summary>
public enum TerminationReason : byte
{
    None = 0,
    /// <summary>Its node was drained.</summary>
    Drained = 1,
    /// <summary>No node registered within the boot limit.</summary>
    NeverRegistered = 2,
    /// <summary>Its node's lease ended, or its process left.</summary>
    NodeGone = 3,
    /// <summary>Not wanted any more before its node had registered.</summary>
    NotNeeded = 4,
}

/// <summary>All commands of this concept: a new one is its record, its number and a name here.</summary>
public static class PoolCommands
{
    public static ImmutableArray<CommandShape> All =>
    [
        PoolCommand.SetPolicy.Shape, PoolCommand.Resume.Shape, PoolCommand.Remove.Shape, PoolCommand.RequestLaunch.Shape,
        PoolCommand.RecordLaunched.Shape, PoolCommand.RecordLaunchFailed.Shape, PoolCommand.ReleaseNode.Shape, PoolCommand.KeepNode.Shape,
        PoolCommand.RequestTermination.Shape, PoolCommand.RecordTerminated.Shape,
    ];
}
