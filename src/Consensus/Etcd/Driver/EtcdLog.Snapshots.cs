using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>What becomes of a snapshot that was made here; what is said in the log.</summary>
public sealed partial class EtcdLog
{
    private void OnSnapshotDone(SnapshotDone done)
    {
        _metrics.SnapshotWritten(done.Bytes);
        _publishing = Task.Run(() => FinishSnapshotAsync(done));
    }

    /// <summary>The leader's goes to etcd; one that cannot costs only space.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "whoever asked is told; the log stays, and the next snapshot tries again")]
    private async Task FinishSnapshotAsync(SnapshotDone done)
    {
        try
        {
            if (_standing.Role is { Role: ReplicaRole.Leader } leader)
            {
                var keepFrom = Math.Min(_feed.TailFirst ?? ulong.MaxValue, Math.Min(_apply.CompactionLimit, done.Meta.Index) + 1);
                if (await _exchange.PublishAsync(done.Meta, leader.Term, keepFrom, _stop.Token)) await SeenAsync(done.Meta.Index);
            }
            var first = _known.Manifest?.First ?? 1;
            LogSnapshot(done.Meta.Index, done.Bytes, first);
            _apply.FinishSnapshot(done, first);
            return;
        }
        catch (OperationCanceledException)
        {
            foreach (var asker in done.Askers) asker.TrySetCanceled();
        }
        catch (Exception e)
        {
            LogPublishFailed(e);
            foreach (var asker in done.Askers) asker.TrySetException(e);
        }
        _apply.NextSnapshot();
    }

    /// <summary>The watch brings the manifest back a moment later.</summary>
    private async Task SeenAsync(ulong index)
    {
        for (var i = 0; i < 100 && (_known.Manifest?.Index ?? 0) < index; i++) await Task.Delay(10, _stop.Token);
    }

    [LoggerMessage(1359, LogLevel.Information, "Replica {Self} starts over etcd, under {Prefix}, behind entry {Index}")]
    private partial void LogStarted(MemberId self, string prefix, ulong index);

    [LoggerMessage(1360, LogLevel.Information, "Replica {Self} stopped")]
    private partial void LogStopped(MemberId self);

    [LoggerMessage(1361, LogLevel.Critical, "Replica {Self} stops for ever: its process must end")]
    private partial void LogFatal(Exception cause, MemberId self);

    [LoggerMessage(1362, LogLevel.Warning, "A snapshot could not be written; the next one is tried later")]
    private partial void LogSnapshotFailed(Exception cause);

    [LoggerMessage(1363, LogLevel.Warning, "A snapshot did not get into etcd: the log there stays as long as it is")]
    private partial void LogPublishFailed(Exception cause);

    [LoggerMessage(1364, LogLevel.Information, "Snapshot at entry {Index}: {Bytes} bytes; the log begins at entry {First}")]
    private partial void LogSnapshot(ulong index, ulong bytes, ulong first);

    [LoggerMessage(1365, LogLevel.Information, "Replica {Self} could not give its lease back: it ends by itself")]
    private partial void LogLeaseLeft(MemberId self);
}
