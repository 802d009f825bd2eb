using System.Buffers;
using System.Buffers.Binary;

namespace VideoScale.Consensus.Apply;

internal enum SessionAnswer : byte { New, Repeated, Expired }

/// <summary>
/// Makes retries exactly-once: the last replies of each session. Replicated state: it changes only by applied entries, and expiry is
/// counted in entries, so it is the same at every replica. A session whose numbers start beyond the window has been forgotten.
/// </summary>
internal sealed class SessionTable
{
    /// <summary>Replies kept per session, and the most proposals that a session may have in flight.</summary>
    public const int Window = 1024;

    /// <summary>Above it the session that was used longest ago goes.</summary>
    public const int MaxSessions = 1024;

    private readonly Dictionary<ulong, Session> _sessions = [];

    private struct Slot
    {
        public ulong Sequence;
        public ulong Index;
        public ulong Term;
        public byte[]? Reply;
        public int Length;
    }

    private sealed class Session
    {
        public Slot[] Slots = new Slot[16];
        public ulong Highest;
        public ulong LastUsed;
    }

    public int Count => _sessions.Count;

    public SessionAnswer Find(ProposalId id, out ProposeResult result)
    {
        result = default;
        if (!_sessions.TryGetValue(id.Session, out var session)) return id.Sequence > Window ? SessionAnswer.Expired : SessionAnswer.New;
        if (id.Sequence + Window <= session.Highest) return SessionAnswer.Expired;
        ref var slot = ref session.Slots[id.Sequence & (ulong)(session.Slots.Length - 1)];
        if (slot.Index == 0 || slot.Sequence != id.Sequence) return SessionAnswer.New;
        result = new ProposeResult(Outcome.Committed, slot.Index, slot.Term, slot.Reply.AsSpan(0, slot.Length).ToArray());
        return SessionAnswer.Repeated;
    }

    public void Record(ProposalId id, ulong index, ulong term, ReadOnlySpan<byte> reply)
    {
        if (!_sessions.TryGetValue(id.Session, out var session))
        {
            if (_sessions.Count == MaxSessions) ForgetLeastRecent();
            _sessions.Add(id.Session, session = new Session { Highest = id.Sequence });
        }
        session.LastUsed = index;
        session.Highest = Math.Max(session.Highest, id.Sequence);
        ref var slot = ref SlotFor(session, id.Sequence);
        slot.Sequence = id.Sequence;
        slot.Index = index;
        slot.Term = term;
        if (slot.Reply is null || slot.Reply.Length < reply.Length) slot.Reply = reply.IsEmpty ? [] : new byte[reply.Length];
        reply.CopyTo(slot.Reply);
        slot.Length = reply.Length;
    }

    /// <summary>
    /// The ring grows to the window as the session is used; a slot is given up only for a number at least a window later.
    /// </summary>
    private static ref Slot SlotFor(Session session, ulong sequence)
    {
        while (true)
        {
            ref var slot = ref session.Slots[sequence & (ulong)(session.Slots.Length - 1)];
            if (slot.Index == 0 || slot.Sequence == sequence || session.Slots.Length == Window) return ref slot;
            var larger = new Slot[session.Slots.Length * 2];
            foreach (var old in session.Slots)
            {
                if (old.Index != 0) larger[old.Sequence & (ulong)(larger.Length - 1)] = old;
            }
            session.Slots = larger;
        }
    }

    private void ForgetLeastRecent()
    {
        var oldest = 0UL;
        var used = ulong.MaxValue;
        foreach (var (id, session) in _sessions) // order does not matter: indexes differ
        {
            if (session.LastUsed < used) (oldest, used) = (id, session.LastUsed);
        }
        _sessions.Remove(oldest);
    }

    public void Clear() => _sessions.Clear();

    /// <summary>Sessions in ascending order, replies in ascending sequence: equal tables give equal bytes.</summary>
    /// <remarks>Runs on the apply thread, so it is one pass without garbage but for the result.</remarks>
    public byte[] Serialize()
    {
        var target = new ArrayBufferWriter<byte>(1024);
        var ids = _sessions.Keys.ToArray();
        Array.Sort(ids);
        Write(target, (ulong)ids.Length);
        foreach (var id in ids)
        {
            var session = _sessions[id];
            Write(target, id);
            Write(target, session.Highest);
            Write(target, session.LastUsed);
            Write(target, (ulong)CountKept(session));
            for (var sequence = OldestKept(session); sequence <= session.Highest; sequence++)
            {
                ref var slot = ref session.Slots[sequence & (ulong)(session.Slots.Length - 1)];
                if (slot.Index == 0 || slot.Sequence != sequence) continue;
                Write(target, slot.Sequence);
                Write(target, slot.Index);
                Write(target, slot.Term);
                Write(target, (ulong)slot.Length);
                target.Write(slot.Reply.AsSpan(0, slot.Length));
            }
        }
        return target.WrittenSpan.ToArray();
    }

    private static ulong OldestKept(Session session) => session.Highest < Window ? 0 : session.Highest - Window + 1;

    private static int CountKept(Session session)
    {
        var (count, oldest) = (0, OldestKept(session));
        foreach (ref readonly var slot in session.Slots.AsSpan())
        {
            if (slot.Index != 0 && slot.Sequence >= oldest) count++;
        }
        return count;
    }

    public void Deserialize(ReadOnlySpan<byte> bytes)
    {
        _sessions.Clear();
        for (var count = Read(ref bytes); count > 0; count--)
        {
            var id = Read(ref bytes);
            var session = new Session { Highest = Read(ref bytes), LastUsed = Read(ref bytes) };
            for (var slots = Read(ref bytes); slots > 0; slots--)
            {
                var (sequence, index, term) = (Read(ref bytes), Read(ref bytes), Read(ref bytes));
                var length = checked((int)Read(ref bytes));
                SlotFor(session, sequence) = new Slot
                {
                    Sequence = sequence,
                    Index = index,
                    Term = term,
                    Reply = bytes[..length].ToArray(),
                    Length = length,
                };
                bytes = bytes[length..];
            }
            _sessions.Add(id, session);
        }
        if (!bytes.IsEmpty) throw new InvalidDataException("bytes after the session table");
    }

    private static void Write(ArrayBufferWriter<byte> target, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target.GetSpan(8), value);
        target.Advance(8);
    }

    private static ulong Read(ref ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8) throw new InvalidDataException("session table cut short");
        var value = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        bytes = bytes[8..];
        return value;
    }
}
