namespace VideoScale.Consensus.Tests.Simulation;

/// <summary>One write on its way to the disk.</summary>
internal sealed record SimWrite(ulong Token, ulong Term, ulong LastIndex, HardState HardState, SnapshotMeta? ResetTo, Entry[] Entries);

/// <summary>A state: every command that was applied, in order.</summary>
internal sealed record SimSnapshot(SnapshotMeta Meta, ulong[] Commands);

/// <summary>What survives a crash. Writes reach it in order; at a crash some that were not synced are there too, the last one perhaps in part.</summary>
internal sealed class SimDisk(Membership initial)
{
    private readonly List<Entry> _entries = [];

    public HardState HardState { get; private set; }
    public ulong BaseIndex { get; private set; }
    public ulong BaseTerm { get; private set; }
    public SimSnapshot Snapshot { get; private set; } = new(new SnapshotMeta(0, 0, initial, 0), []);
    public Queue<SimWrite> Unsynced { get; } = new();
    public ulong LastIndex => BaseIndex + (ulong)_entries.Count;

    public bool Holds(ulong index, ulong term) =>
        index <= Snapshot.Meta.Index || (index == BaseIndex && term == BaseTerm) || (index > BaseIndex && index <= LastIndex && EntryAt(index).Term == term);

    private Entry EntryAt(ulong index) => _entries[(int)(index - BaseIndex - 1)];

    public void Write(SimWrite write, int entries)
    {
        HardState = write.HardState;
        if (write.ResetTo is { } meta)
        {
            _entries.Clear();
            (BaseIndex, BaseTerm) = (meta.Index, meta.Term);
        }
        for (var i = 0; i < entries; i++)
        {
            var entry = write.Entries[i];
            if (entry.Index <= BaseIndex) continue; // compacted since
            var at = (int)(entry.Index - BaseIndex - 1);
            if (i == 0 || at < _entries.Count) _entries.RemoveRange(at, _entries.Count - at);
            _entries.Add(entry);
        }
    }

    public void Crash(Random random)
    {
        var survive = random.Next(Unsynced.Count + 1);
        for (var i = 0; i < survive; i++)
        {
            var write = Unsynced.Dequeue();
            Write(write, write.Entries.Length);
        }
        if (Unsynced.TryPeek(out var torn) && torn.ResetTo is null && random.Next(2) == 0) Write(torn, random.Next(torn.Entries.Length + 1));
        Unsynced.Clear();
    }

    public void Keep(SimSnapshot snapshot)
    {
        if (snapshot.Meta.Index > Snapshot.Meta.Index) Snapshot = snapshot;
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
            log.Reset(Snapshot.Meta.Index, Snapshot.Meta.Term);
            _entries.Clear();
            (BaseIndex, BaseTerm) = (Snapshot.Meta.Index, Snapshot.Meta.Term);
        }
        return new RestoredState(HardState, Snapshot.Meta, log);
    }
}
