using System.Collections.Immutable;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;
using VideoScale.Consensus.Engine.Storage;
using VideoScale.Consensus.Engine.Wal;

namespace VideoScale.Consensus.Engine;

/// <summary>The log of a replica that does not run, as the way out needs it when a majority is gone for ever.</summary>
internal sealed class StoppedLog : IDisposable
{
    private readonly DataDirectory _directory;
    private readonly WriteAheadLog _log;
    private readonly LoadedLog _loaded;
    private readonly SnapshotMeta? _snapshot;

    internal StoppedLog(DataDirectory directory)
    {
        _directory = directory;
        if (DurableState.IsUnderRepair(directory))
            throw new DataDirectoryException(
                $"{directory.Path} lost log entries on its disk and was not repaired yet: recover another replica's directory");
        if (DurableState.IsNew(directory))
        {
            throw new DataDirectoryException(
                $"{directory.Path} holds a new log, and no leader has confirmed that it is whole (origin.json says is_new): what this "
                + $"member acknowledged "
                + "with an earlier log is missing. Recover another replica's directory");
        }
        _snapshot = new SnapshotStore(directory).Latest;
        _log = new WriteAheadLog(directory, new WalOptions());
        try
        {
            _loaded = _log.Load();
            if (_loaded.BaseIndex > (_snapshot?.Index ?? 0))
                throw new DataDirectoryException(
                    $"{directory.Path}: the log begins after entry {_loaded.BaseIndex}, and no sound snapshot reaches it: recover "
                    + $"another replica's directory");
        }
        catch
        {
            Dispose();
            throw;
        }
        Summary = Summarize();
    }

    internal LogSummary Summary { get; }

    private ulong LoadedLast => _loaded.BaseIndex + (ulong)_loaded.Entries.Count;

    internal void BeginAnew(Membership membership, ReadOnlyMemory<byte> command, Action prepare)
    {
        if (_snapshot is not null && _snapshot.Index > LoadedLast)
            throw new DataDirectoryException(
                $"{_directory.Path}: the log ends before the snapshot at {_snapshot.Index}: start the replica once, stop it, and recover "
                + $"then");
        prepare();
        var term = Math.Max(_loaded.HardState.Term, Summary.LastTerm) + 1;
        LogRewrite.Append(_log, new HardState(term, _directory.Member, _loaded.HardState.Commit), (Entry[])
        [
            new Entry(Summary.LastIndex + 1, term, EntryKind.Configuration, ProposalId.None, MembershipCodec.Encode(membership)),
            new Entry(Summary.LastIndex + 2, term, EntryKind.Command, ProposalId.None, command),
        ]);
        DurableState.ForgetConflict(_directory); // somebody has compared, and decided for this one
    }

    /// <summary>Before another log goes on after a sealed entry of this one.</summary>
    /// <returns>The highest term that was seen here.</returns>
    internal ulong Leave(ulong sealedIndex)
    {
        // A sealed log takes no change of members: one that stands behind the seal was written by a recovery, and the log went on with it.
        foreach (var entry in _loaded.Entries)
            if (entry.Kind == EntryKind.Configuration && entry.Index > sealedIndex)
                throw new DataDirectoryException(
                    $"{_directory.Path}: its log was sealed at entry {sealedIndex}, and was recovered and went on after it: start this "
                    + "replica and seal the log again");
        return Math.Max(_loaded.HardState.Term, Summary.LastTerm);
    }

    public void Dispose() => _log.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private LogSummary Summarize()
    {
        var (last, term) = (LoadedLast, _loaded.Entries.Count > 0 ? _loaded.Entries[^1].Term : _loaded.BaseTerm);
        if (_snapshot is not null && _snapshot.Index > last) (last, term) = (_snapshot.Index, _snapshot.Term);
        return new LogSummary(term, last, Math.Max(_loaded.HardState.Commit, _snapshot?.Index ?? 0), Voters());
    }

    private ImmutableArray<MemberId>? Voters()
    {
        for (var i = _loaded.Entries.Count - 1; i >= 0; i--)
        {
            if (_loaded.Entries[i].Kind == EntryKind.Configuration) return MembershipCodec.Decode(_loaded.Entries[i].Payload.Span).Voters;
        }
        return _snapshot?.Membership.Voters;
    }
}
