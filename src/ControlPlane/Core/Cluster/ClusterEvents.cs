using System.Collections.Immutable;
using System.Globalization;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Cluster;

public abstract record ClusterEvent : DomainEvent
{
    public override string Stream => "cluster";

    /// <summary>As everything else shows it: hexadecimal.</summary>
    private static string Named(ulong member) => member.ToString("x", CultureInfo.InvariantCulture);

    public sealed record LeadershipRecorded(ulong Term, ulong Member) : ClusterEvent
    {
        internal static readonly EventShape Shape = new(EventType.LeadershipRecorded,
            static (ref CanonicalReader r) => new LeadershipRecorded(r.ReadUInt64(), r.ReadUInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Number("term", Term);
            sink.Number("member", Member);
        }
        public override string Words => $"member {Named(Member)} leads in term {Term}";
    }

    public sealed record CheckpointCommitted(Checkpoint Checkpoint) : ClusterEvent
    {
        internal static readonly EventShape Shape = new(EventType.CheckpointCommitted,
            static (ref CanonicalReader r) => new CheckpointCommitted(Checkpoint.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Checkpoint.Describe(sink);
        public override string Words =>
            $"{Checkpoint.Voters.Length} voters agree on state {Checkpoint.StateHash.ToString("x32", CultureInfo.InvariantCulture)} at "
                + $"log index {Checkpoint.Index}, event {Checkpoint.EventSeq}";
    }

    public sealed record LeaseSettingsChanged(LeaseSettings Lease) : ClusterEvent
    {
        internal static readonly EventShape Shape = new(EventType.LeaseSettingsChanged,
            static (ref CanonicalReader r) => new LeaseSettingsChanged(LeaseSettings.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Lease.Describe(sink);
        public override string Words =>
            $"leases last {Lease.TtlMs} ms, margin {Lease.MarginMs} ms, heartbeats every {Lease.HeartbeatMs} ms";
    }

    public sealed record RulesVersionRaised(uint Version) : ClusterEvent
    {
        internal static readonly EventShape Shape = new(EventType.RulesVersionRaised,
            static (ref CanonicalReader r) => new RulesVersionRaised(r.ReadUInt32()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => sink.Number("version", Version);
        public override string Words => $"rules version {Version} holds from here";
    }

    public sealed record RecoveryGenerationRaised(ushort Generation) : ClusterEvent
    {
        internal static readonly EventShape Shape = new(EventType.RecoveryGenerationRaised,
            static (ref CanonicalReader r) => new RecoveryGenerationRaised(checked((ushort)r.ReadUInt32())));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => sink.Number("generation", Generation);
        public override string Words => $"recovery generation {Generation} began: every epoch from here is above every one before";
    }

    public sealed record ReplicaDiverged(ulong Member, ulong Index) : ClusterEvent
    {
        internal static readonly EventShape Shape = new(EventType.ReplicaDiverged,
            static (ref CanonicalReader r) => new ReplicaDiverged(r.ReadUInt64(), r.ReadUInt64()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Number("member", Member);
            sink.Number("index", Index);
        }
        public override string Words => $"member {Named(Member)} differed from the majority at log index {Index}";
    }

    public sealed record MemberChangeRequested(MemberChangeKind Change, string Members, string Address) : ClusterEvent
    {
        internal static readonly EventShape Shape = new(EventType.MemberChangeRequested,
            static (ref CanonicalReader r) => new MemberChangeRequested((MemberChangeKind)r.ReadByte(), r.ReadString(), r.ReadString()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Choice("change", Change);
            sink.Text("members", Members);
            sink.Text("address", Address);
        }
        public override string Words => Change switch
        {
            MemberChangeKind.Add => $"member {Members} at {Address} was asked to be added as learner",
            MemberChangeKind.Promote => $"learners {Members} were asked to become voters",
            MemberChangeKind.Remove => $"members {Members} were asked to be removed",
            _ => $"the voters were asked to be {Members}",
        };
    }

    /// <param name="In">The stream it is recorded in.</param>
    public sealed record CommandRejected(string In, string Command, FailureCode Code, string Message) : ClusterEvent
    {
        internal static readonly EventShape Shape = new(EventType.CommandRejected,
            static (ref CanonicalReader r) =>
                new CommandRejected(r.ReadString(), r.ReadString(), (FailureCode)r.ReadByte(), r.ReadString()));
        public override EventType Type => Shape.Type;
        public override string Stream => In;
        public override void Describe(FieldSink sink)
        {
            sink.Text("stream", In);
            sink.Text("command", Command);
            sink.Choice("code", Code);
            sink.Text("message", Message);
        }
        public override string Words => $"{Command} was refused ({Code}): {Message}";
    }

    public sealed record LogSealed(string Engine) : ClusterEvent
    {
        internal static readonly EventShape Shape = new(EventType.LogSealed,
            static (ref CanonicalReader r) => new LogSealed(r.ReadString()));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => sink.Text("engine", Engine);
        public override string Words => $"the log was sealed, to go on with the engine {Engine}: until it does, nothing changes any more";
    }
}

/// <summary>All events of this concept: a new one is its record, its number and a name here.</summary>
public static class ClusterEvents
{
    public static ImmutableArray<EventShape> All =>
    [
        ClusterEvent.LeadershipRecorded.Shape, ClusterEvent.CheckpointCommitted.Shape, ClusterEvent.LeaseSettingsChanged.Shape,
        ClusterEvent.RulesVersionRaised.Shape, ClusterEvent.RecoveryGenerationRaised.Shape, ClusterEvent.ReplicaDiverged.Shape,
        ClusterEvent.MemberChangeRequested.Shape, ClusterEvent.CommandRejected.Shape, ClusterEvent.LogSealed.Shape,
    ];
}
