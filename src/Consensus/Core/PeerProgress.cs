namespace VideoScale.Consensus.Core;

public enum PeerState : byte
{
    /// <summary>Where the logs agree is not known: one append at a time.</summary>
    Probe = 1,
    /// <summary>Appends follow each other without waiting, as far as the window goes.</summary>
    Replicate = 2,
    /// <summary>Needs entries the leader no longer has: a snapshot is on its way.</summary>
    Snapshot = 3,
}

/// <summary>What a leader knows about one other member.</summary>
internal sealed class PeerProgress(MemberId member, ulong next, RaftOptions options)
{
    private readonly ulong[] _inflightLast = new ulong[options.MaxInflightAppends];
    private readonly long[] _inflightSize = new long[options.MaxInflightAppends];
    private int _inflightHead;
    private ulong _repair;
    private ulong _repaired;
    private ulong _repairRound;

    public MemberId Member { get; } = member;
    public PeerState State { get; private set; } = PeerState.Probe;

    /// <summary>The highest index known to be durable there and equal to ours.</summary>
    public ulong Match { get; private set; }
    public ulong Next { get; set; } = next;
    public bool ProbeSent { get; set; }

    /// <summary>The round that was current when the probe was sent: an answer to a later one means that the probe had its chance.</summary>
    public ulong ProbeRound { get; set; }
    public ulong PendingSnapshot { get; private set; }

    /// <summary>The configuration that no longer has this member; 0 while it is one.</summary>
    public ulong LeavesAt { get; set; }
    public int LeavingTicks { get; set; }

    /// <summary>Heard from since the last quorum check.</summary>
    public bool Active { get; set; }
    public int SilentTicks { get; set; }

    /// <summary>How often it was heard from under this leader.</summary>
    public uint Heard { get; set; }

    /// <summary>Ticks with appends on their way and no progress.</summary>
    public int StallTicks { get; set; }

    /// <summary>The highest quorum round of this leadership that the member confirmed.</summary>
    public ulong ConfirmedRound { get; set; }

    /// <summary>The commit index that the member was last told.</summary>
    public ulong CommitSent { get; set; }
    public int Inflight { get; private set; }
    public long InflightBytes { get; private set; }

    public bool WindowFull => Inflight == _inflightLast.Length || InflightBytes >= options.MaxInflightBytes;

    public void Sent(ulong last, long bytes)
    {
        var at = (_inflightHead + Inflight) % _inflightLast.Length;
        _inflightLast[at] = last;
        _inflightSize[at] = bytes;
        Inflight++;
        InflightBytes += bytes;
        Next = last + 1;
    }

    /// <returns>Whether the member got further.</returns>
    public bool Acknowledge(ulong index)
    {
        if (index <= Match) return false;
        Match = index;
        Next = Math.Max(Next, index + 1);
        StallTicks = 0;
        while (Inflight > 0 && _inflightLast[_inflightHead] <= index)
        {
            InflightBytes -= _inflightSize[_inflightHead];
            _inflightHead = (_inflightHead + 1) % _inflightLast.Length;
            Inflight--;
        }
        return true;
    }

    public void BecomeProbe(ulong next)
    {
        Enter(PeerState.Probe);
        Next = Math.Max(next, Match + 1);
    }

    public void BecomeReplicate()
    {
        Enter(PeerState.Replicate);
        Next = Match + 1;
    }

    public void BecomeSnapshot(ulong index)
    {
        Enter(PeerState.Snapshot);
        PendingSnapshot = index;
    }

    /// <summary>The member fetches again what its disk lost: nothing that it says counts.</summary>
    public bool IsRepairing => _repair != 0;

    /// <summary>All that it may ever have acknowledged to this leader: our log's end when we learned of the repair.</summary>
    public ulong RepairTarget { get; private set; }

    /// <summary>It has everything again; it does not know yet that we know.</summary>
    public bool IsWhole => IsRepairing && Match >= RepairTarget;
    public ulong WholeNonce => IsWhole ? _repair : 0;

    /// <param name="nonce">Of an answer: not 0 while the member repairs itself.</param>
    /// <param name="logEnd">The leader's last index.</param>
    /// <param name="round">The leader's present round.</param>
    /// <param name="confirms">The round that the answer confirms; 0 when none.</param>
    /// <returns>Whether the answer may be used.</returns>
    /// <remarks>
    /// Only the answer to a round begun after we learned of the repair is surely younger than the damage. Any other may have been on its
    /// way since before: taken for the end of the repair, it would leave the member waiting for ever for our word that it is whole.
    /// </remarks>
    public bool NoteRepair(ulong nonce, ulong logEnd, ulong round, ulong confirms)
    {
        if (nonce == 0)
        {
            if (!IsRepairing) return true;
            if (confirms <= _repairRound) return false;
            _repaired = _repair;
            _repair = 0;
            return true;
        }
        if (nonce == _repaired) return false; // an old answer, of a repair that is over
        if (nonce == _repair) return true;
        _repair = nonce;
        _repairRound = round;
        RepairTarget = logEnd;
        Match = 0; // what it acknowledged before may be gone
        CommitSent = 0;
        Enter(PeerState.Probe);
        Next = logEnd + 1;
        return true;
    }

    private void Enter(PeerState state)
    {
        State = state;
        ProbeSent = false;
        PendingSnapshot = 0;
        StallTicks = 0;
        Inflight = 0;
        InflightBytes = 0;
    }
}
