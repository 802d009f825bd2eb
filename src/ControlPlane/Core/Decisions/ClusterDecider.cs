using System.Diagnostics;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>Leadership, checkpoints, settings and versions.</summary>
public static class ClusterDecider
{
    /// <summary>Longest text kept of a refused request.</summary>
    public const int MaxRejectionLength = 512;

    /// <summary>64 member ids of 16 digits with their commas, or three addresses.</summary>
    private const int MaxMemberListLength = 1_100;

    public static Decision Decide(ClusterState state, ClusterCommand command, in EntryContext entry)
    {
        var cluster = state.Cluster;
        return command switch
        {
            ClusterCommand.RecordLeadership c when entry.Term <= cluster.Term =>
                Failure.Precondition(
                    $"term {entry.Term} has its leader on record already (term {cluster.Term}, member {cluster.Leader}), not member "
                    + $"{c.Member}"),
            ClusterCommand.RecordLeadership c => One(new ClusterEvent.LeadershipRecorded(entry.Term, c.Member), entry),
            ClusterCommand.MarkCheckpoint => Decision.Nothing(),
            ClusterCommand.CommitCheckpoint c => CommitCheckpoint(state, c.Checkpoint, entry),
            ClusterCommand.SetLease c when c.Lease.Check() is { } wrong => wrong,
            ClusterCommand.SetLease c when c.Lease == cluster.Lease => Decision.Nothing(),
            ClusterCommand.SetLease c => One(new ClusterEvent.LeaseSettingsChanged(c.Lease), entry),
            ClusterCommand.RaiseRulesVersion c => RaiseRules(cluster, c.Version, entry),
            ClusterCommand.RaiseRecoveryGeneration { Generation: 0 } when cluster.Generation == ushort.MaxValue =>
                Failure.Exhausted("the last recovery generation is reached"),
            ClusterCommand.RaiseRecoveryGeneration { Generation: 0 } =>
                One(new ClusterEvent.RecoveryGenerationRaised((ushort)(cluster.Generation + 1)), entry),
            ClusterCommand.RaiseRecoveryGeneration c when c.Generation <= cluster.Generation =>
                Failure.Precondition($"generation: {c.Generation} breaks the rule: above the current one, {cluster.Generation}"),
            ClusterCommand.RaiseRecoveryGeneration c => One(new ClusterEvent.RecoveryGenerationRaised(c.Generation), entry),
            ClusterCommand.RecordDivergence c => One(new ClusterEvent.ReplicaDiverged(c.Member, c.Index), entry),
            ClusterCommand.RequestMemberChange c => RequestMemberChange(c, entry),
            ClusterCommand.RecordRejection c => RecordRejection(c, entry),
            ClusterCommand.SealLog c when NameRule.Check("engine", c.Engine) is { } wrong => wrong,
            ClusterCommand.SealLog c => One(new ClusterEvent.LogSealed(c.Engine), entry),
            _ => throw new UnreachableException(command.ToString()),
        };
    }

    private static Decision CommitCheckpoint(ClusterState state, Checkpoint checkpoint, in EntryContext entry)
    {
        var last = state.Cluster.Checkpoint;
        if (checkpoint.Index <= last.Index)
            return Failure.Precondition($"checkpoint at index {checkpoint.Index} is not after the last one, at {last.Index}");
        if (checkpoint.Index >= entry.Index)
            return Failure.InvalidArgument($"checkpoint.index: {checkpoint.Index} breaks the rule: below this entry's, {entry.Index}");
        if (checkpoint.EventSeq > state.LastEventSeq)
            return Failure.InvalidArgument($"checkpoint.event_seq: {checkpoint.EventSeq} breaks the rule: at most {state.LastEventSeq}");
        if (checkpoint.Voters.IsEmpty) return Failure.InvalidArgument("checkpoint.voters: none breaks the rule: a majority of the voters");
        return One(new ClusterEvent.CheckpointCommitted(checkpoint), entry);
    }

    private static Decision RaiseRules(ClusterRecord cluster, uint version, in EntryContext entry)
    {
        // A replica that does not know these rules must not apply what they govern.
        if (version > ClusterRecord.KnownRulesVersion)
            throw new UnknownCommandException(
                $"rules version {version} is unknown to this program, which knows {ClusterRecord.KnownRulesVersion}; start a newer one");
        return version <= cluster.RulesVersion ? Decision.Nothing() : One(new ClusterEvent.RulesVersionRaised(version), entry);
    }

    private static Decision RequestMemberChange(ClusterCommand.RequestMemberChange c, in EntryContext entry)
    {
        if (c.Members.Length == 0) return Failure.InvalidArgument("members: none breaks the rule: at least one member id");
        if ((Rules.MaxLength("members", c.Members, MaxMemberListLength) ?? Rules.MaxLength("address", c.Address, MaxMemberListLength))
            is { } wrong) return wrong;
        return One(new ClusterEvent.MemberChangeRequested(c.Change, c.Members, c.Address), entry);
    }

    private static Decision RecordRejection(ClusterCommand.RecordRejection c, in EntryContext entry)
    {
        if (Rules.MaxLength("stream", c.Stream, 128) is { } wrong) return wrong;
        if (c.Stream.Length == 0)
            return Failure.InvalidArgument("stream: \"\" breaks the rule: the stream of what the request was about, or cluster");
        return One(new ClusterEvent.CommandRejected(c.Stream, Shorten(c.Command), c.Code, Shorten(c.Message)), entry);
    }

    internal static string Shorten(string text)
    {
        if (text.Length <= MaxRejectionLength) return text;
        // half a surrogate has no UTF-8
        var cut = char.IsHighSurrogate(text[MaxRejectionLength - 1]) ? MaxRejectionLength - 1 : MaxRejectionLength;
        return text[..cut];
    }

    private static Decision One(ClusterEvent happened, in EntryContext entry)
    {
        var events = new DecidedEvents(entry);
        events.Add(happened);
        return Decision.Of(events);
    }
}
