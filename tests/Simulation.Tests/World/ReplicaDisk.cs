using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.World;

/// <summary>One write on its way to the disk.</summary>
internal sealed class DiskWrite
{
    public WriteEffect Effect { get; set; }
    public List<Entry> Entries { get; } = [];
}

/// <summary>A state as of one index, with all that a replica needs to go on from it.</summary>
/// <param name="Chain">Hash of every entry up to there, for the checker.</param>
internal sealed record StoredSnapshot(SnapshotMeta Meta, byte[] Sessions, object State, ulong Chain);

/// <summary>
/// What survives a crash. Writes reach it in order; one sync at a time makes durable what was written before it began. At a crash some of
/// what was not synced is there too, the last of it perhaps in part: that is all that recovery of the real log lets through.
/// </summary>
internal sealed class ReplicaDisk(Membership initial, object emptyState, LogOrigin origin)
{
    private readonly List<Entry> _entries = [];
    private readonly Dictionary<ulong, ulong> _lost = [];
    private readonly Queue<DiskWrite> _unsynced = new();
    private readonly Stack<DiskWrite> _spare = new();

    public HardState HardState { get; private set; }
    public ulong BaseIndex { get; private set; }
    public ulong BaseTerm { get; private set; }
    public StoredSnapshot Snapshot { get; private set; } = new(new SnapshotMeta(0, 0, initial, 0), [], emptyState, 0);
    public ulong LastIndex => BaseIndex + (ulong)_entries.Count;

    /// <summary>Writes that the running sync covers; 0 when none runs.</summary>
    public int Syncing { get; private set; }
    public bool IsDirty => _unsynced.Count > 0;

    /// <summary>Entries behind a rotten record were set aside; a leader has not confirmed yet that all is here again.</summary>
    public bool IsDamaged { get; set; }

    /// <summary>
    /// Its member took part with another log, which is lost, and no leader has confirmed yet that all is here again. The replica need not
    /// know.
    /// </summary>
    public bool IsLost { get; set; }

    /// <summary>What the replica knows of itself and others; durable at once.</summary>
    public LogOrigin Origin { get; set; } = origin;

    /// <summary>On disk; or lost to rot after it was, which is the same for whoever counted on it.</summary>
    public bool Holds(ulong index, ulong term) =>
        _lost.TryGetValue(index, out var lost) && lost == term || index <= Snapshot.Meta.Index || (index == BaseIndex && term == BaseTerm)
            || (index > BaseIndex && index <= LastIndex && _entries[(int)(index - BaseIndex - 1)].Term == term);

    public DiskWrite Enqueue(in WriteEffect effect)
    {
        var write = _spare.TryPop(out var spare) ? spare : new DiskWrite();
        write.Effect = effect;
        _unsynced.Enqueue(write);
        return write;
    }

    public void BeginSync() => Syncing = _unsynced.Count;

    /// <summary>The running sync is done.</summary>
    /// <returns>The last write that it made durable.</returns>
    public WriteEffect EndSync()
    {
        WriteEffect last = default;
        for (; Syncing > 0; Syncing--)
        {
            var write = _unsynced.Dequeue();
            Take(write, write.Entries.Count);
            last = write.Effect;
            Reuse(write);
        }
        return last;
    }

    public void Crash(Dice chance)
    {
        Syncing = 0;
        for (var survive = chance.Below(_unsynced.Count + 1); survive > 0; survive--)
        {
            var write = _unsynced.Dequeue();
            Take(write, write.Entries.Count);
            Reuse(write);
            Marks.Hit(Mark.UnsyncedWriteSurvivedCrash);
        }
        if (_unsynced.TryPeek(out var torn))
        {
            if (torn.Effect.ResetTo is null && chance.OneIn(2))
            {
                Take(torn, chance.Below(torn.Entries.Count + 1));
                Marks.Hit(Mark.WriteTorn);
            }
            else
            {
                Marks.Hit(Mark.UnsyncedWriteLost);
                if (torn.Effect.HardStateChanged) Marks.Hit(Mark.VoteLostToTornWrite);
            }
        }
        while (_unsynced.TryDequeue(out var lost)) Reuse(lost);
    }

    public void Keep(StoredSnapshot snapshot)
    {
        if (snapshot.Meta.Index > Snapshot.Meta.Index) Snapshot = snapshot;
    }

    /// <summary>A synced record is found rotten: the entries from it on are gone. Votes are kept apart, so they are not.</summary>
    public void Rot(Dice chance)
    {
        if (_entries.Count == 0) return;
        var from = chance.Below(_entries.Count);
        for (var i = from; i < _entries.Count; i++) _lost[_entries[i].Index] = _entries[i].Term;
        _entries.RemoveRange(from, _entries.Count - from);
        IsDamaged = true;
        Marks.Hit(Mark.RotFound);
    }

    public void Repaired()
    {
        Marks.Hit(IsLost ? Mark.LostLogRepaired : Mark.RotRepaired);
        IsDamaged = IsLost = false;
        _lost.Clear();
    }

    public void Compact(ulong index, ulong term)
    {
        if (index <= BaseIndex || index > LastIndex) return;
        _entries.RemoveRange(0, (int)(index - BaseIndex));
        (BaseIndex, BaseTerm) = (index, term);
    }

    /// <summary>What a replica starts from: as the driver puts it together.</summary>
    public RestoredState Load()
    {
        var log = new RaftLog();
        log.Reset(BaseIndex, BaseTerm);
        foreach (var entry in _entries) log.Append(entry);
        if (!log.Holds(Snapshot.Meta.Index, Snapshot.Meta.Term))
        {
            if (_entries.Count > 0) Marks.Hit(Mark.LogDroppedForSnapshotAtStart);
            log.Reset(Snapshot.Meta.Index, Snapshot.Meta.Term);
            _entries.Clear();
            (BaseIndex, BaseTerm) = (Snapshot.Meta.Index, Snapshot.Meta.Term);
        }
        return new RestoredState(HardState, Snapshot.Meta, log) { Damaged = IsDamaged, Origin = Origin };
    }

    private void Take(DiskWrite write, int entries)
    {
        var effect = write.Effect;
        HardState = Planted.Is(Bug.VoteForgottenAtRestart) ? effect.HardState with { Vote = MemberId.None } : effect.HardState;
        if (effect.ResetTo is { } meta)
        {
            _entries.Clear();
            (BaseIndex, BaseTerm) = (meta.Index, meta.Term);
        }
        for (var i = 0; i < entries; i++)
        {
            var entry = write.Entries[i];
            if (entry.Index <= BaseIndex) continue; // compacted since
            var at = (int)(entry.Index - BaseIndex - 1);
            if (at < _entries.Count) _entries.RemoveRange(at, _entries.Count - at);
            _entries.Add(entry);
        }
    }

    private void Reuse(DiskWrite write)
    {
        write.Effect = default;
        write.Entries.Clear();
        _spare.Push(write);
    }
}
