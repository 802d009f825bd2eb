using System.ComponentModel;

namespace VideoScale.Simulation.Seams;

/// <summary>Bugs that can be planted: each a mistake that somebody has made in an engine like this one.</summary>
internal enum Bug
{
    None = 0,
    [Description("a vote leaves before it is on disk")] VoteBeforeSync,
    [Description("an append is acknowledged when it is written, not when it is synced")] AckAtWrite,
    [Description("an entry of an old term is committed by counting")] OldTermCommit,
    [Description("a read is answered without a quorum round")] StaleReadIndex,
    [Description("a leader answers reads before it has committed in its term")] ReadBeforeTermCommit,
    [Description("a voter campaigns without asking first")] NoPreVote,
    [Description("a repeated vote counts as another's")] DuplicateVoteCounted,
    [Description("while joint the old majority alone commits")] OldMajorityCommitsWhileJoint,
    [Description("while joint the new majority alone elects")] NewMajorityElectsWhileJoint,
    [Description("a log that conflicts with a snapshot is kept")] ConflictingLogKept,
    [Description("a sync of what has been overwritten counts for what stands there now")] StorageAckAba,
    [Description("the session table is left out of snapshots")] SessionsNotInSnapshot,
    [Description("a snapshot gives its own index as that of its membership")] ConfigIndexIsSnapshotIndex,
    [Description("a leader without a majority goes on leading")] NoCheckQuorum,
    [Description("a follower commits what the leader has committed, matching or not")] CommitBeyondMatch,
    [Description("a vote does not look at the candidate's log")] VoteForStaleLog,
    [Description("two votes are given in one term")] TwoVotesInATerm,
    [Description("the vote is forgotten at a restart")] VoteForgottenAtRestart,
    [Description("an append cuts what lies behind it, conflicting or not")] AppendAlwaysTruncates,
    [Description("a second membership change begins before the first is committed")] OverlappingChanges,
    [Description("a log is cut where it rotted, as if the write had been torn")] TruncateOnRot,
    [Description("an empty log takes part without asking whether it is the first")] EmptyLogTakesPart,
    [Description("a lost log takes part as soon as a leader is heard, confirmed or not")] RepairUnconfirmed,

    [Description("leases run on the wall clock")] LeaseOnWallClock,
    [Description("a node counts its lease from when the acknowledgement came")] LeaseFromAcknowledgement,
    [Description("a lease never ends by itself")] LeaseNeverEnds,
    [Description("a new leader expires leases at once")] NewLeaderExpiresAtOnce,
    [Description("a revoked ownership ends without waiting for release or lease")] AssignBeforeRelease,
    [Description("a heartbeat is acknowledged while the node's loss is under way")] AckWhileLossInFlight,
    [Description("a heartbeat is acknowledged without a quorum round")] AckWithoutQuorum,
    [Description("a node renews its lease and does not give up what it is told to")] RenewWithoutGivingUp,
    [Description("a room's next owner gets its last epoch again")] EpochReused,
    [Description("a request id answers whatever body comes with it")] DedupeWithoutBody,
    [Description("a lost node's rooms are released in an order that differs from replica to replica")] HashOrderDependence,
    [Description("admission does not count who is there")] SeatsOverCap,
    [Description("a drain is complete while rooms are left")] DrainCompleteTooSoon,
    [Description("the answers to requests are not kept")] AnswersNotKept,
    [Description("an entry is stamped with the leader's wall clock, whatever it says")] StampFromWallClock,
    [Description("times inside request ids are compared with the leader's wall clock")] RequestsAgedByWallClock,
}
