using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>Linearizable reads: those of one turn share a question to the core, and wait until what it answers is applied.</summary>
public sealed partial class ReplicatedLog
{
    private readonly Dictionary<ulong, ReadBatch> _readBatches = [];
    private readonly List<PendingFence> _retryReads = [];
    private ulong _nextReadContext;
    private bool _askReadsAgain;

    private readonly record struct ReadBatch(PendingFence[] Fences, long AskedAt);

    private void BeginRead(List<PendingFence> fences)
    {
        var context = _nextReadContext++;
        _readBatches.Add(context, new ReadBatch([.. fences], _ticks));
        fences.Clear();
        Step(RaftInput.Read(context));
    }

    private void FinishReads(ReadOnlySpan<ReadState> reads)
    {
        foreach (var read in reads)
        {
            if (!_readBatches.Remove(read.Context, out var batch)) continue; // asked again since
            if (!read.Ok)
            {
                _retryReads.AddRange(batch.Fences);
                continue;
            }
            foreach (var fence in batch.Fences)
            {
                fence.Index = read.Index;
                _apply.Add(new ApplyItem(ApplyKind.Fence, default, fence));
            }
        }
    }

    /// <summary>A new leader: what was asked of the old one is asked again at once.</summary>
    private void RetryReads()
    {
        if (!_askReadsAgain || _core.Leader.IsNone) return;
        _askReadsAgain = false;
        foreach (var (context, batch) in _readBatches.ToArray())
        {
            _readBatches.Remove(context);
            _retryReads.AddRange(batch.Fences);
        }
        _retryReads.RemoveAll(static fence => fence.Task.IsCompleted);
        if (_retryReads.Count > 0) BeginRead(_retryReads);
    }

    private void TickReads()
    {
        foreach (var (context, batch) in _readBatches.Count == 0 ? [] : _readBatches.ToArray())
        {
            if (_ticks - batch.AskedAt < _options.Raft.ElectionTicks) continue;
            _readBatches.Remove(context);
            _retryReads.AddRange(batch.Fences);
        }
        if (_apply.HasFences) _apply.Add(new ApplyItem(ApplyKind.Expire, default, null));
        foreach (var fence in _retryReads)
        {
            if (_ticks >= fence.Deadline) fence.TrySetResult(default);
        }
        _retryReads.RemoveAll(static fence => fence.Task.IsCompleted);
        if (_retryReads.Count == 0 || _core.Leader.IsNone) return;
        BeginRead(_retryReads);
    }

    private void AbandonReads()
    {
        foreach (var batch in _readBatches.Values)
        {
            foreach (var fence in batch.Fences) fence.TrySetResult(default);
        }
        foreach (var fence in _retryReads) fence.TrySetResult(default);
        _readBatches.Clear();
        _retryReads.Clear();
    }
}
