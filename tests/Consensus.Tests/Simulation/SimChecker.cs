using System.Buffers.Binary;

namespace VideoScale.Consensus.Tests.Simulation;

/// <summary>Watches a whole cluster from outside and fails the run at the first broken promise.</summary>
internal sealed class SimChecker
{
    private readonly Dictionary<ulong, MemberId> _leaders = [];
    private readonly Dictionary<(ulong Index, ulong Term), (ulong Command, EntryKind Kind, ulong PreviousTerm)> _written = [];
    private readonly Dictionary<ulong, (ulong Term, ulong Command)> _applied = [];

    /// <summary>Nothing that starts now may see less than this: the highest index that was acknowledged or read.</summary>
    public ulong Floor { get; private set; }
    public ulong HighestApplied { get; private set; }

    public static ulong CommandOf(in Entry entry) => entry.Kind == EntryKind.Command ? BinaryPrimitives.ReadUInt64LittleEndian(entry.Payload.Span) : 0;

    public void Leads(MemberId member, ulong term, Membership membership, IReadOnlyList<SimNode> nodes)
    {
        if (_leaders.TryGetValue(term, out var known) && known == member) return;
        var votes = nodes.Select(node => new MemberValue(node.Id, node.Disk.HardState.Term > term || (node.Disk.HardState.Term == term && node.Disk.HardState.Vote == member) ? 1UL : 0)).ToArray();
        if (Quorum.Agreed(membership, votes) == 0) throw new SimViolation($"{member} leads term {term} without the durable votes of a majority");
        if (!_leaders.TryAdd(term, member) && _leaders[term] != member) throw new SimViolation($"two leaders in term {term}: {_leaders[term]} and {member}");
    }

    public void Wrote(in Entry entry, ulong previousTerm)
    {
        var what = (CommandOf(entry), entry.Kind, previousTerm);
        if (!_written.TryAdd((entry.Index, entry.Term), what) && _written[(entry.Index, entry.Term)] != what)
            throw new SimViolation($"log matching broken at {entry.Index} of term {entry.Term}");
    }

    public void Applied(in Entry entry)
    {
        var what = (entry.Term, CommandOf(entry));
        if (!_applied.TryAdd(entry.Index, what) && _applied[entry.Index] != what)
            throw new SimViolation($"index {entry.Index} was applied as {_applied[entry.Index]} and as {what}");
        HighestApplied = Math.Max(HighestApplied, entry.Index);
    }

    /// <summary>A leader says that an entry is committed: a majority must have it on disk, now.</summary>
    public static void Committed(ulong index, ulong term, Membership membership, IReadOnlyList<SimNode> nodes)
    {
        var holders = nodes.Select(node => new MemberValue(node.Id, node.Disk.Holds(index, term) ? 1UL : 0)).ToArray();
        if (Quorum.Agreed(membership, holders) == 0) throw new SimViolation($"index {index} of term {term} was committed without a durable majority");
    }

    /// <summary>What a message vouches for is on the sender's disk when it leaves.</summary>
    public static void Vouches(in Message message, SimNode sender)
    {
        var disk = sender.Disk;
        if (message.Kind != MessageKind.PreVoteReply && message.Kind != MessageKind.PreVote && disk.HardState.Term < message.Term)
            throw new SimViolation($"{sender.Id} spoke in term {message.Term} with {disk.HardState.Term} on disk");
        if (message is { Kind: MessageKind.VoteReply, Reject: false } && disk.HardState.Vote != message.To)
            throw new SimViolation($"{sender.Id} gave {message.To} a vote that is not on its disk");
        if (message is { Kind: MessageKind.AppendReply, Reject: false } && sender.Core!.Log.BaseIndex <= message.Index
            && !disk.Holds(message.Index, sender.Core.Log.TermAt(message.Index)))
            throw new SimViolation($"{sender.Id} acknowledged {message.Index}, which is not on its disk");
    }

    public void Acknowledged(ulong index, ulong floorAtStart)
    {
        if (index <= floorAtStart) throw new SimViolation($"a write at {index} began after {floorAtStart} was acknowledged");
        Floor = Math.Max(Floor, index);
    }

    public void Read(ulong index, ulong floorAtStart)
    {
        if (index < floorAtStart) throw new SimViolation($"stale read: saw {index}, but {floorAtStart} was acknowledged before it began");
        Floor = Math.Max(Floor, index);
    }
}

internal sealed class SimViolation(string message) : Exception(message);
