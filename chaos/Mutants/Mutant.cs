namespace VideoScale.Chaos.Mutants;

/// <summary>A planted bug, and the run that must find it.</summary>
/// <param name="Bug">As weaves name it.</param>
/// <param name="What">It does.</param>
/// <param name="Words">Of <c>chaos run</c>.</param>
public sealed record Mutant(string Bug, string What, params IReadOnlyList<string> Words)
{
    public static IReadOnlyList<Mutant> All { get; } =
    [
        new("StaleReadIndex", "a read is answered without a quorum round", "split-brain", "--rounds", "1"),
        new("NoPreVote", "a voter campaigns without asking first", "split-brain", "--rounds", "2"),
        new("NoCheckQuorum", "a leader without a majority goes on leading", "leader-cut", "--rounds", "2"),
        new("ReadBeforeTermCommit", "a leader answers reads before it has committed in its term", "stale", "--rounds", "3"),
        new("AckAtWrite", "an append is acknowledged when it is written, not when it is synced", "lose"),
        new("LogNotSynced", "the log is never synced", "power-loss", "--rounds", "2"),
        new("AnswersNotKept", "the answers to requests are not kept", "leader-kill", "--rounds", "2"),
        new("DedupeWithoutBody", "a request id answers whatever body comes with it", "leader-kill", "--rounds", "1"),
        new("EpochReused", "a room's next owner gets its last epoch again", "leader-kill", "--rounds", "1"),
        new("LeaseNeverEnds", "a lease never ends by itself", "authority", "--rounds", "2"),
        new("LeaseFromAcknowledgement", "a node counts its lease from when the acknowledgement came", "authority", "--rounds", "2"),
        new("AssignBeforeRelease", "a revoked ownership ends without waiting for release or lease", "authority", "--rounds", "5"),
        new("RenewWithoutGivingUp", "a node renews its lease and does not give up what it is told to", "authority", "--rounds", "5"),
        new("HashOrderDependence", "a lost node's rooms are released in an order that differs from replica to replica", "authority",
            "--rounds", "2"),
        new("NewLeaderExpiresAtOnce", "a new leader expires leases at once", "nodes-apart", "--rounds", "4"),
    ];
}
