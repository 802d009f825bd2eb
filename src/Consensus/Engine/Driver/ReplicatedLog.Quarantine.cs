using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>A replica that takes no part says why, and when that is over. Loop thread.</summary>
public sealed partial class ReplicatedLog
{
    private const int TicksBeforeWaitIsSaid = 40;
    private const int TicksBetweenWaits = 1_200;
    private bool _underRepair;
    private bool _beganAsNew;
    private bool _refusalSaid;
    private bool _conflictSaid;
    private long _newSince;

    private void NoteRepair()
    {
        if (!_refusalSaid && !_core.RefusedBy.IsNone)
        {
            _refusalSaid = true; // when it happens: a leader may make it whole before the next tick
            LogRefused(_options.Self, _core.RefusedBy);
        }
        if (_core.IsRepairing == _underRepair) return;
        _underRepair = _core.IsRepairing;
        if (_underRepair) return;
        if (_beganAsNew && _core.Log.LastIndex > 0) LogMadeWhole(_options.Self, _core.Leader, _core.Log.LastIndex);
        _beganAsNew = false;
        _options.Repaired?.Invoke();
    }

    private void TickQuarantine()
    {
        if (_core.Conflict is { } conflict && !_conflictSaid)
        {
            _conflictSaid = true;
            LogConflict(_options.Self, conflict);
        }
        if (!_core.IsNew || !_core.RefusedBy.IsNone) return;
        if (++_newSince % TicksBetweenWaits != TicksBeforeWaitIsSaid || _core.WaitsFor is not { Length: > 0 } missing) return;
        LogWaits(_options.Self, string.Join(", ", missing.Select(Named)));
    }

    private void MeetSetBack(MemberId by, SetBackReport report)
    {
        try { Step(RaftInput.SetBack(by, report.Remembered, report.Start)); }
        catch
        {
            report.Done.TrySetResult(false);
            throw;
        }
        report.Done.TrySetResult(true);
    }

    private string Named(MemberId member) =>
        _options.KnownAddresses.FirstOrDefault(known => known.Member == member) is { } address ? $"{member} ({address.Raft})" : $"{member}";

    [LoggerMessage(1201, LogLevel.Critical,
        "Replica {Self} takes no part any more: {What}. Some replica's log was lost or set back unnoticed, and what others commit from "
        + "now on may contradict what was acknowledged. This log may be the only right one and is kept as it is: stop all replicas, "
        + "compare them with `control recover --data DIR`, and recover the one that holds most. conflict.json in its directory keeps it "
        + "out until then; recovering removes it")]
    private partial void LogConflict(MemberId self, string what);

    [LoggerMessage(1202, LogLevel.Error,
        "Replica {Self} has a new log, but member {By} knows an earlier log of it, or a cluster that ran without it: its disk was "
        + "replaced or its log deleted. It is quarantined: it neither votes nor acknowledges until a leader has sent it everything")]
    private partial void LogRefused(MemberId self, MemberId by);

    [LoggerMessage(1203, LogLevel.Warning,
        "Replica {Self} has a new log and waits for {Missing}: a cluster begins once all its founding members have heard of each other, "
        + "or an empty log could not be told from a lost one. If such a member never ran and will not come, start with --without MEMBER")]
    private partial void LogWaits(MemberId self, string missing);

    [LoggerMessage(1205, LogLevel.Warning,
        "Replica {Self} began with a new log. Member {Leader} has led meanwhile and sent everything up to entry {Index}: it takes part "
        + "from now on. If it took part before, its disk was replaced or its log deleted")]
    private partial void LogMadeWhole(MemberId self, MemberId leader, ulong index);
}
