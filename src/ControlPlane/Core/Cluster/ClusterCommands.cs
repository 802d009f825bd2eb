using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Cluster;

public abstract record ClusterCommand : DomainCommand
{
    public override string Subject => "cluster";

    /// <summary>A leader's first act in its term.</summary>
    public sealed record RecordLeadership(ulong Member) : ClusterCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.RecordLeadership,
            static (ref CanonicalReader r) => new RecordLeadership(r.ReadUInt64()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => sink.Number("member", Member);
    }

    /// <summary>Each voter reports its hashes as they are after this entry. Changes nothing.</summary>
    public sealed record MarkCheckpoint : ClusterCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.MarkCheckpoint,
            static (ref CanonicalReader r) => new MarkCheckpoint());
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) { }
    }

    /// <summary>What a majority of voters reported for a mark.</summary>
    public sealed record CommitCheckpoint(Checkpoint Checkpoint) : ClusterCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.CommitCheckpoint,
            static (ref CanonicalReader r) => new CommitCheckpoint(Checkpoint.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Checkpoint.Describe(sink);
    }

    public sealed record SetLease(LeaseSettings Lease) : ClusterCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.SetLease,
            static (ref CanonicalReader r) => new SetLease(LeaseSettings.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Lease.Describe(sink);
    }

    /// <summary>Rules change only by a committed command, once every replica knows the new ones.</summary>
    public sealed record RaiseRulesVersion(uint Version) : ClusterCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.RaiseRulesVersion,
            static (ref CanonicalReader r) => new RaiseRulesVersion(r.ReadUInt32()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => sink.Number("version", Version);
    }

    /// <summary>
    /// After an offline recovery from permanent quorum loss, or a move to another engine: every later epoch is above every earlier one, and
    /// a log that was sealed goes on.
    /// </summary>
    /// <param name="Generation">0: the one after the current one.</param>
    public sealed record RaiseRecoveryGeneration(ushort Generation) : ClusterCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.RaiseRecoveryGeneration,
            static (ref CanonicalReader r) => new RaiseRecoveryGeneration(checked((ushort)r.ReadUInt32())));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => sink.Number("generation", Generation);
    }

    /// <summary>A member's hash differed from the majority's.</summary>
    public sealed record RecordDivergence(ulong Member, ulong Index) : ClusterCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.RecordDivergence,
            static (ref CanonicalReader r) => new RecordDivergence(r.ReadUInt64(), r.ReadUInt64()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Number("member", Member);
            sink.Number("index", Index);
        }
    }

    /// <summary>
    /// Somebody asked for other members. Changes nothing here: consensus has its own entries for who votes. It makes the request one that
    /// is remembered, under its request id, and its place in the log says whether it was carried out.
    /// </summary>
    /// <param name="Members">Member ids in hexadecimal, comma-separated, ascending.</param>
    /// <param name="Address">Where the member is reached, for an added one; else empty.</param>
    public sealed record RequestMemberChange(MemberChangeKind Change, string Members, string Address) : ClusterCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.RequestMemberChange,
            static (ref CanonicalReader r) => new RequestMemberChange((MemberChangeKind)r.ReadByte(), r.ReadString(), r.ReadString()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Choice("change", Change);
            sink.Text("members", Members);
            sink.Text("address", Address);
        }
    }

    /// <summary>A request that was refused before it became a command (e.g. PERMISSION_DENIED) and shall be remembered.</summary>
    /// <param name="Stream">Where it is recorded: the stream of what it was about, or "cluster".</param>
    public sealed record RecordRejection(string Stream, string Command, FailureCode Code, string Message) : ClusterCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.RecordRejection,
            static (ref CanonicalReader r) =>
                new RecordRejection(r.ReadString(), r.ReadString(), (FailureCode)r.ReadByte(), r.ReadString()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink)
        {
            sink.Text("stream", Stream);
            sink.Text("command", Command);
            sink.Choice("code", Code);
            sink.Text("message", Message);
        }
    }

    /// <summary>The log ends here, as far as the state goes, so that another engine's can go on after it.</summary>
    /// <param name="Engine">The one that is meant to, as <c>--engine</c> names it.</param>
    public sealed record SealLog(string Engine) : ClusterCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.SealLog,
            static (ref CanonicalReader r) => new SealLog(r.ReadString()));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => sink.Text("engine", Engine);
    }
}

/// <summary>Numbers are in the log: only append.</summary>
public enum MemberChangeKind : byte { Add = 1, Promote = 2, Remove = 3, SetVoters = 4 }

/// <summary>What voters agree on at one place of the log.</summary>
/// <param name="Index">Log index of the mark.</param>
/// <param name="EventSeq">Last event at that index: the tree's size.</param>
/// <param name="ChainHead">Head of the hash chain, 32 bytes.</param>
/// <param name="MerkleRoot">Root over all events, 32 bytes.</param>
/// <param name="Voters">Members that reported the same, in order.</param>
public sealed record Checkpoint(ulong Index, ulong EventSeq, UInt128 StateHash, ReadOnlyMemory<byte> ChainHead,
    ReadOnlyMemory<byte> MerkleRoot, ImmutableArray<ulong> Voters)
{
    public static readonly Checkpoint None = new(0, 0, default, default, default, []);

    public void Describe(FieldSink sink)
    {
        sink.Number("index", Index);
        sink.Number("event_seq", EventSeq);
        sink.Hash("state_hash", StateHash);
        sink.Bytes("chain_head", ChainHead.Span);
        sink.Bytes("merkle_root", MerkleRoot.Span);
        sink.BeginList("voters", Voters.Length);
        foreach (var voter in Voters)
        {
            sink.BeginItem();
            sink.Number("member", voter);
            sink.EndItem();
        }
        sink.EndList();
    }

    public static Checkpoint Read(ref CanonicalReader reader)
    {
        var (index, eventSeq, hash) = (reader.ReadUInt64(), reader.ReadUInt64(), reader.ReadUInt128());
        var (chain, root) = (reader.ReadBytes().ToArray(), reader.ReadBytes().ToArray());
        var voters = new ulong[reader.ReadCount()];
        for (var i = 0; i < voters.Length; i++) voters[i] = reader.ReadUInt64();
        return new(index, eventSeq, hash, chain, root, [.. voters]);
    }

    public bool Equals(Checkpoint? other) =>
        other is not null && Index == other.Index && EventSeq == other.EventSeq && StateHash == other.StateHash
        && ChainHead.Span.SequenceEqual(other.ChainHead.Span) && MerkleRoot.Span.SequenceEqual(other.MerkleRoot.Span)
        && Voters.AsSpan().SequenceEqual(other.Voters.AsSpan());

    public override int GetHashCode() => unchecked((int)(Index * 31 + EventSeq));
}

/// <summary>All commands of this concept: a new one is its record, its number and a name here.</summary>
public static class ClusterCommands
{
    public static ImmutableArray<CommandShape> All =>
    [
        ClusterCommand.RecordLeadership.Shape, ClusterCommand.MarkCheckpoint.Shape, ClusterCommand.CommitCheckpoint.Shape,
        ClusterCommand.SetLease.Shape, ClusterCommand.RaiseRulesVersion.Shape, ClusterCommand.RaiseRecoveryGeneration.Shape,
        ClusterCommand.RecordDivergence.Shape, ClusterCommand.RequestMemberChange.Shape, ClusterCommand.RecordRejection.Shape,
        ClusterCommand.SealLog.Shape,
    ];
}
