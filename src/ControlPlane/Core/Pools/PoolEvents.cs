using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Pools;

public abstract record PoolEvent(string Pool) : DomainEvent
{
    public override string Stream => "pool-" + Pool;
    public override void Describe(FieldSink sink) => sink.Text("pool", Pool);

    /// <summary>About one instance.</summary>
    public abstract record OfInstance(string Pool, NodeId Key) : PoolEvent(Pool)
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

    public sealed record PolicySet(string Pool, PoolPolicy Policy) : PoolEvent(Pool)
    {
        internal static readonly EventShape Shape = new(EventType.PoolPolicySet,
            static (ref CanonicalReader r) => new PolicySet(r.ReadString(), PoolPolicy.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            Policy.Describe(sink);
        }
        public override string Words => $"pool {Pool} is to be: {Policy.Words}";
    }

    /// <param name="Reason">Empty when it was resumed.</param>
    public sealed record Suspended(string Pool, string Reason) : PoolEvent(Pool)
    {
        internal static readonly EventShape Shape = new(EventType.PoolSuspended,
            static (ref CanonicalReader r) => new Suspended(r.ReadString(), r.ReadString()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            sink.Text("reason", Reason);
        }
        public override string Words => $"pool {Pool} launches nothing until it is resumed: {Reason}";
    }

    public sealed record Resumed(string Pool) : PoolEvent(Pool)
    {
        internal static readonly EventShape Shape = new(EventType.PoolResumed,
            static (ref CanonicalReader r) => new Resumed(r.ReadString()));
        public override EventType Type => Shape.Type;
        public override string Words => $"pool {Pool} launches again";
    }

    public sealed record Removed(string Pool) : PoolEvent(Pool)
    {
        internal static readonly EventShape Shape = new(EventType.PoolRemoved,
            static (ref CanonicalReader r) => new Removed(r.ReadString()));
        public override EventType Type => Shape.Type;
        public override string Words => $"pool {Pool} was removed";
    }

    public sealed record LaunchRequested(string Pool, NodeId Key, ScalingReason Reason) : Decided(Pool, Key, Reason)
    {
        internal static readonly EventShape Shape = new(EventType.LaunchRequested,
            static (ref CanonicalReader r) => new LaunchRequested(r.ReadString(), r.ReadNode(), ScalingReason.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override string Words => $"pool {Pool} asks for instance {Key}: {Reason.Words}";
    }

    public sealed record Launched(string Pool, NodeId Key, string ProviderId) : OfInstance(Pool, Key)
    {
        internal static readonly EventShape Shape = new(EventType.InstanceLaunched,
            static (ref CanonicalReader r) => new Launched(r.ReadString(), r.ReadNode(), r.ReadString()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            sink.Text("provider_id", ProviderId);
        }
        public override string Words => $"the provider launched instance {Key} of pool {Pool} as {ProviderId}";
    }

    /// <param name="Failures">In a row.</param>
    /// <param name="RetryAtMs">Log time before which nothing is launched.</param>
    public sealed record LaunchFailed(string Pool, NodeId Key, string Error, uint Failures, long RetryAtMs) : OfInstance(Pool, Key)
    {
        internal static readonly EventShape Shape = new(EventType.LaunchFailed,
            static (ref CanonicalReader r) =>
                new LaunchFailed(r.ReadString(), r.ReadNode(), r.ReadString(), r.ReadUInt32(), r.ReadInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            sink.Text("error", Error);
            sink.Number("failures", Failures);
            sink.Signed("retry_at_ms", RetryAtMs);
        }
        public override string Words => $"instance {Key} of pool {Pool} was not launched: {Error}";
    }

    public sealed record NodeReleased(string Pool, NodeId Key, ScalingReason Reason) : Decided(Pool, Key, Reason)
    {
        internal static readonly EventShape Shape = new(EventType.NodeReleased,
            static (ref CanonicalReader r) => new NodeReleased(r.ReadString(), r.ReadNode(), ScalingReason.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override string Words => $"node {Key} is to leave pool {Pool}: {Reason.Words}";
    }

    public sealed record NodeKept(string Pool, NodeId Key, ScalingReason Reason) : Decided(Pool, Key, Reason)
    {
        internal static readonly EventShape Shape = new(EventType.NodeKept,
            static (ref CanonicalReader r) => new NodeKept(r.ReadString(), r.ReadNode(), ScalingReason.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override string Words => $"node {Key} stays in pool {Pool} after all: {Reason.Words}";
    }

    public sealed record TerminationRequested(string Pool, NodeId Key, TerminationReason Reason) : OfInstance(Pool, Key)
    {
        internal static readonly EventShape Shape = new(EventType.TerminationRequested,
            static (ref CanonicalReader r) => new TerminationRequested(r.ReadString(), r.ReadNode(), (TerminationReason)r.ReadByte()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            sink.Choice("reason", Reason);
        }
        public override string Words => $"instance {Key} of pool {Pool} is to be terminated: " + Reason switch
        {
            TerminationReason.Drained => "its node is drained and holds nothing",
            TerminationReason.NeverRegistered => "its node never registered",
            TerminationReason.NodeGone => "its node is gone",
            _ => "it is not needed any more",
        };
    }

    public sealed record Terminated(string Pool, NodeId Key, string ProviderId) : OfInstance(Pool, Key)
    {
        internal static readonly EventShape Shape = new(EventType.InstanceTerminated,
            static (ref CanonicalReader r) => new Terminated(r.ReadString(), r.ReadNode(), r.ReadString()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            base.Describe(sink);
            sink.Text("provider_id", ProviderId);
        }
        public override string Words => $"instance {Key} of pool {Pool} is gone";
    }
}

/// <summary>All events of this concept: a new one is its record, its number and a name here.</summary>
public static class PoolEvents
{
    public static ImmutableArray<EventShape> All =>
    [
        PoolEvent.PolicySet.Shape, PoolEvent.Suspended.Shape, PoolEvent.Resumed.Shape, PoolEvent.Removed.Shape,
        PoolEvent.LaunchRequested.Shape, PoolEvent.Launched.Shape, PoolEvent.LaunchFailed.Shape, PoolEvent.NodeReleased.Shape,
        PoolEvent.NodeKept.Shape, PoolEvent.TerminationRequested.Shape, PoolEvent.Terminated.Shape,
    ];
}
