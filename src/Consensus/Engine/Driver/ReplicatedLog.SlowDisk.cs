using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>Writes that the disk took long for: at most one line in ten seconds says so, before anybody looks for a lost leader.</summary>
public sealed partial class ReplicatedLog
{
    private const double SlowWriteMs = 1_000;
    private const int SlowDiskPauseMs = 10_000;

    private int _slowWrites;
    private double _slowestMs;
    private long _slowSaidAt = long.MinValue / 2;

    private void NoteWritten(double ms)
    {
        _metrics.Appended(ms);
        if (ms < SlowWriteMs) return;
        _slowWrites++;
        _slowestMs = Math.Max(_slowestMs, ms);
        if (_ticks - _slowSaidAt < SlowDiskPauseMs / _options.TickMs) return;
        LogSlowDisk(_options.Self, _slowWrites, SlowWriteMs, _slowestMs);
        (_slowWrites, _slowestMs, _slowSaidAt) = (0, 0, _ticks);
    }

    [LoggerMessage(2120, LogLevel.Warning,
        "Replica {Self}: {Count} writes to the log took longer than {Limit:0} ms since the last such line, at most {Slowest:0} ms. The "
        + "disk is slow or shared with something that writes much: give the data directory one of its own")]
    private partial void LogSlowDisk(MemberId self, int count, double limit, double slowest);
}
