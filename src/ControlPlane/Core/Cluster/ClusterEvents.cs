using System.Globalization;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Leases;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Cluster;

public abstract record ClusterEvent : DomainEvent
{
    public override string Stream => "cluster";

    /// <summary>As everything else shows it: hexadecimal.</summary>
    private static string Named(ulong member) => member.ToString("x", CultureInfo.InvariantCulture);

    public sealed record LeadershipRecorded(ulong Term, ulong Member) : ClusterEvent
    {
        public override EventType Type => EventType.LeadershipRecorded;
        public override void Describe(FieldSink sink)
        {
            sink.Number("term", Term);
            sink.Number("member", Member);
        }
        public override string Words => $"member {Named(Member)} leads in term {Term}";
    }

    public sealed record CheckpointCommitted(Checkpoint Checkpoint) : ClusterEvent
    {
        public override EventType Type => EventType.CheckpointCommitted;
        public override void Describe(FieldSink sink) => Checkpoint.Describe(sink);
        public override string Words =>
            $"{Checkpoint.Voters.Length} voters agree on state {Checkpoint.StateHash.ToString("x32", CultureInfo.InvariantCulture)} at "
                + $"log index {Checkpoint.Index}, event {Checkpoint.EventSeq}";
    }

    public sealed record LeaseSettingsChanged(LeaseSettings Lease) : ClusterEvent
    {
        public override EventType Type => EventType.LeaseSettingsChanged;
        public override void Describe(FieldSink sink) => Lease.Describe(sink);
        public override string Words =>
            $"leases last {Lease.TtlMs} ms, margin {Lease.MarginMs} ms, heartbeats every {Lease.HeartbeatMs} ms";
    }

    public sealed record RulesVersionRaised(uint Version) : ClusterEvent
    {
        public override EventType Type => EventType.RulesVersionRaised;
        public override void Describe(FieldSink sink) => sink.Number("version", Version);
        public override string Words => $"rules version {Version} holds from here";
    }

    public sealed record RecoveryGenerationRaised(ushort Generation) : ClusterEvent
    {
        public override EventType Type => EventType.RecoveryGenerationRaised;
        public override void Describe(FieldSink sink) => sink.Number("generation", Generation);
        public override string Words => $"recovery generation {Generation} began: every epoch from here is above every one before";
    }

    public sealed record ReplicaDiverged(ulong Member, ulong Index) : ClusterEvent
    {
        public override EventType Type => EventType.ReplicaDiverged;
        public override void Describe(FieldSink sink)
        {
            sink.Number("member", Member);
            sink.Number("index", Index);
        }
        public override string Words => $"member {Named(Member)} differed from the majority at log index {Index}";
    }

    public sealed record MemberChangeRequested(MemberChangeKind Change, string Members, string Address) : ClusterEvent
    {
        public override EventType Type => EventType.MemberChangeRequested;
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
        public override EventType Type => EventType.CommandRejected;
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
}
