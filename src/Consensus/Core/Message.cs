namespace VideoScale.Consensus.Core;

public enum MessageKind : byte
{
    PreVote = 1,
    PreVoteReply = 2,
    Vote = 3,
    VoteReply = 4,
    Append = 5,
    AppendReply = 6,
    Heartbeat = 7,
    HeartbeatReply = 8,
    /// <summary>A follower asks the leader for a read index.</summary>
    ReadIndex = 9,
    ReadIndexReply = 10,
    /// <summary>The leader tells a voter to campaign at once (leadership transfer).</summary>
    TimeoutNow = 11,
    /// <summary>
    /// A replica whose log is new asks whether its log's incarnation is the first one that the receiver has heard of. Outside of terms.
    /// </summary>
    Greet = 12,
    /// <summary>
    /// The incarnation that was greeted with is the first one known of the asker, and this is durable; or, refused, it is not.
    /// </summary>
    GreetReply = 13,
}

/// <summary>What replicas say to each other. One shape for all kinds; a field that a kind does not name is zero.</summary>
/// <remarks>
/// A message that the core emits borrows its entries from the core's log: valid until the core's next step.
/// A message that the core is given need not outlive the step, but the payloads of its entries must live until compaction.
/// </remarks>
public readonly record struct Message
{
    public MessageKind Kind { get; init; }
    public MemberId From { get; init; }
    public MemberId To { get; init; }

    /// <summary>The sender's term; in a pre-vote the term that the sender would campaign in, echoed in a reply that grants it.</summary>
    public ulong Term { get; init; }

    /// <summary>
    /// Append: the index before the entries. Votes: the candidate's last index. AppendReply: the durable matching index, or the refused
    /// one. ReadIndexReply: the index.
    /// </summary>
    public ulong Index { get; init; }

    /// <summary>
    /// Append: the term at <see cref="Index"/>. Votes: the candidate's last term. A refused append: the term at <see cref="Hint"/>.
    /// </summary>
    public ulong LogTerm { get; init; }

    /// <summary>Append and Heartbeat: the sender's commit index, as far as it is known to match at the receiver.</summary>
    public ulong Commit { get; init; }

    /// <summary>
    /// A refused append: where the logs may agree. Heartbeat and its reply: the receiver's and the sender's repair, see
    /// <see cref="RepairNonce"/>.
    /// </summary>
    public ulong Hint { get; init; }

    /// <summary>
    /// Greet: the sender's log incarnation, echoed in the reply. Heartbeat: the quorum round, echoed in the reply (0 asks for no reply).
    /// ReadIndex: the asker's own number, echoed. AppendReply: the sender's repair, see <see cref="RepairNonce"/>.
    /// </summary>
    public ulong Context { get; init; }

    /// <summary>A reply that refuses.</summary>
    public bool Reject { get; init; }

    /// <summary>Vote: campaign of a leadership transfer; voters do not wait for the old leader's silence.</summary>
    public bool Force { get; init; }

    /// <summary>Append: consecutive entries from <see cref="Index"/> + 1.</summary>
    public ReadOnlyMemory<Entry> Entries { get; init; }

    /// <summary>
    /// In what a member answers: not 0 while it fetches again what its disk lost, a number of its own for each such repair; its word does
    /// not count. In a heartbeat: that repair is over, as far as the leader knows.
    /// </summary>
    public ulong RepairNonce => Kind switch
    {
        MessageKind.AppendReply => Context,
        MessageKind.Heartbeat or MessageKind.HeartbeatReply => Hint,
        _ => 0,
    };

    /// <summary>Appends with entries may take long; everything else must never wait behind them.</summary>
    public bool IsBulk => Kind == MessageKind.Append && !Entries.IsEmpty;
}
