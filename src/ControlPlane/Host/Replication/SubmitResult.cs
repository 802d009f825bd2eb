using VideoScale.ControlPlane.Outcomes;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>What became of a submitted command, as far as this replica knows.</summary>
public enum SubmitStatus : byte
{
    /// <summary>Committed and applied; the reply is the answer, be it a refusal.</summary>
    Applied = 1,
    /// <summary>Certainly not in the log: this replica does not lead. Forward it.</summary>
    NotLeader = 2,
    /// <summary>Certainly not in the log: too much is waiting already.</summary>
    Overloaded = 3,
    /// <summary>May or may not be in the log: only a retry with the same request_id tells.</summary>
    Unknown = 4,
    /// <summary>Certainly not in the log: a replica of the cluster runs an older program, which would stop at it.</summary>
    TooRecent = 5,
    /// <summary>Certainly not run, now or later: the log is sealed. The reply says so.</summary>
    Sealed = 6,
    /// <summary>Certainly not in the log: the room would wait for a node, and as many do as may. The reply says so.</summary>
    Full = 7,
}

/// <param name="Reply">Set when applied, sealed or full.</param>
public readonly record struct SubmitResult(SubmitStatus Status, CommandReply? Reply)
{
    /// <summary>Of two commands that were proposed together, the reply is the second's.</summary>
    public bool IsOfSecond { get; init; }

    /// <summary>What came of an entry that was applied. A decider never refuses as unavailable: a sealed log does.</summary>
    public static SubmitResult Of(CommandReply reply) =>
        new(reply.Failure is { Code: FailureCode.Unavailable } ? SubmitStatus.Sealed : SubmitStatus.Applied, reply);

    public static SubmitResult Full(Failure refusal) => new(SubmitStatus.Full, new CommandReply(0, 0, refusal, CommandOutcome.Empty));
    public static SubmitResult NotLeader => new(SubmitStatus.NotLeader, null);
    public static SubmitResult Overloaded => new(SubmitStatus.Overloaded, null);
    public static SubmitResult TooRecent => new(SubmitStatus.TooRecent, null);
    public static SubmitResult Unknown => new(SubmitStatus.Unknown, null);
}
