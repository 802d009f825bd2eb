using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>Snapshots made here and installed from the leader, compaction, and leadership transfer.</summary>
public sealed partial class ReplicatedLog
{
    private void Install(SnapshotMeta meta)
    {
        LogInstall(meta.Index);
        _apply.Add(new ApplyItem(ApplyKind.Restore, default, meta)); // entries before it that were not handed over yet are in it
        _handedTo = meta.Index;
        _offeredTo = meta.Index;
        _compactTo = 0;
    }

    private void OnSnapshotDone(SnapshotDone done)
    {
        _metrics.SnapshotWritten(done.Bytes);
        Step(RaftInput.SnapshotCreated(done.Meta));
        _compactTo = _core.Snapshot.Index < _core.Log.BaseIndex ? 0 : _core.Log.TailBefore(_core.Snapshot.Index, _options.TailBytes);
        Compact();
        LogSnapshot(done.Meta.Index, done.Bytes, _core.Log.FirstIndex);
        _apply.FinishSnapshot(done, _core.Log.FirstIndex);
    }

    private void Compact()
    {
        var index = Math.Min(_compactTo, Math.Min(_apply.CompactionLimit, _handedTo));
        if (index <= _core.Log.BaseIndex) return;
        if (_sending.Count > 0) index = Math.Min(index, SendingLimit());
        if (index <= _core.Log.BaseIndex) return;
        Step(RaftInput.Compact(index));
        _wal.Compact(_core.Log.BaseIndex, _core.Log.BaseTerm);
    }

    private void BeginTransfer(MemberId to, TaskCompletionSource done)
    {
        if (_core.Role != RaftRole.Leader || to == _options.Self)
        {
            done.TrySetResult();
            return;
        }
        FinishTransfer();
        Step(RaftInput.Transfer(to));
        if (_core.IsTransferring) _transfer = done;
        else done.TrySetException(new TimeoutException("no voter there that could lead"));
    }

    private void TickTransfer()
    {
        if (_transfer is null || _core.IsTransferring) return;
        _transfer.TrySetException(new TimeoutException("the chosen voter did not take over in time"));
        _transfer = null;
    }

    private void FinishTransfer()
    {
        _transfer?.TrySetResult();
        _transfer = null;
    }
}
