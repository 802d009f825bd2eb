namespace VideoScale.Consensus.Apply;

/// <summary>What every engine asks of it, in the same way.</summary>
internal sealed partial class ApplyThread
{
    private const int MaxAhead = 8_192;
    private static readonly TimeSpan RoomPause = TimeSpan.FromMilliseconds(1);

    /// <summary>Waits while too many entries are ahead of the state.</summary>
    public async ValueTask RoomAsync(CancellationToken cancellationToken)
    {
        while (Depth >= MaxAhead) await Task.Delay(RoomPause, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A snapshot of what is applied by then, once it is durable.</summary>
    public async Task<SnapshotInfo> SnapshotAsync(CancellationToken cancellationToken)
    {
        if (Applied == 0) return new SnapshotInfo(0, 0, 1);
        var done = new TaskCompletionSource<SnapshotInfo>(TaskCreationOptions.RunContinuationsAsynchronously);
        Add(new ApplyItem(ApplyKind.Snapshot, default, done));
        return await done.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Whoever asked is told, and whoever asked meanwhile gets the next one.</summary>
    /// <param name="firstIndex">Where the log begins now.</param>
    public void FinishSnapshot(SnapshotDone done, ulong firstIndex)
    {
        foreach (var asker in done.Askers) asker.TrySetResult(new SnapshotInfo(done.Meta.Index, done.Bytes, firstIndex));
        NextSnapshot();
    }

    /// <summary>The last one is dealt with: the next may begin.</summary>
    public void NextSnapshot()
    {
        _snapshots.Finished();
        Add(new ApplyItem(ApplyKind.Snapshot, default, null));
    }

    public void Post(IApplyWork work)
    {
        ArgumentNullException.ThrowIfNull(work);
        Add(new ApplyItem(ApplyKind.Work, default, work));
    }
}
