using System.Globalization;
using Google.Protobuf;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>Answers what was true at an index, a time or an event: the nearest kept state, folded on from there.</summary>
public static class PastStates
{
    /// <summary>Checks the question and finds the event it means.</summary>
    public static Failure? Resolve(EventLogReader log, StateAtRequest request, out ulong seq)
    {
        seq = 0;
        return StateView.Check(request.Scope) ?? Resolve(log, MomentOf(request), "", out seq);
    }

    /// <param name="field">Where the moment stands in the question, with a dot behind it; empty when it is the question.</param>
    public static Failure? Resolve(EventLogReader log, Moment? moment, string field, out ulong seq)
    {
        seq = 0;
        switch (moment?.AtCase)
        {
            case Moment.AtOneofCase.EventSeq when moment.EventSeq == 0:
                return Failure.InvalidArgument($"{field}event_seq: 0 breaks the rule: from 1");
            case Moment.AtOneofCase.EventSeq when moment.EventSeq > log.LastSeq:
                return Failure.OutOfRange($"event {moment.EventSeq} does not exist yet; the last one is {log.LastSeq}");
            case Moment.AtOneofCase.EventSeq: seq = moment.EventSeq; break;
            case Moment.AtOneofCase.LogIndex when moment.LogIndex == 0:
                return Failure.InvalidArgument($"{field}log_index: 0 breaks the rule: from 1");
            case Moment.AtOneofCase.LogIndex: seq = log.SeqAtRaftIndex(moment.LogIndex); break;
            case Moment.AtOneofCase.TimeMs when moment.TimeMs < 0:
                return Failure.InvalidArgument($"{field}time_ms: {moment.TimeMs} breaks the rule: not negative");
            case Moment.AtOneofCase.TimeMs: seq = log.SeqAtTime(new(moment.TimeMs)); break;
            default: return Failure.InvalidArgument($"{field}at: nothing breaks the rule: one of log_index, time_ms, event_seq");
        }
        return log.Floor > 1 && log.LastSeq > 0
            ? Failure.OutOfRange(
            $"the log is held here from event {log.Floor} on only, and a state needs all of it; older segments are being fetched") : null;
    }

    private static Moment MomentOf(StateAtRequest request) => request.AtCase switch
    {
        StateAtRequest.AtOneofCase.EventSeq => new() { EventSeq = request.EventSeq },
        StateAtRequest.AtOneofCase.LogIndex => new() { LogIndex = request.LogIndex },
        StateAtRequest.AtOneofCase.TimeMs => new() { TimeMs = request.TimeMs },
        _ => new(),
    };

    /// <summary>Folds; long. Never on the apply thread.</summary>
    public static Answer<StateAtReply> At(EventLogReader log, KeptFolds folds, ulong seq, string scope, CancellationToken cancellationToken)
    {
        var state = FoldTo(log, folds, seq, cancellationToken);
        if (StateView.Render(state, scope) is { Failure: { } refused }) return refused;
        return new StateAtReply
        {
            EventSeq = state.LastEventSeq,
            LogIndex = state.LastEventIndex,
            TimeMs = state.LastTime.UnixMs,
            StateJson = StateView.Render(state, scope).Value!,
            StateHash = ByteString.CopyFrom(HashBytes(state.StateHash())),
        };
    }

    public static ClusterState FoldTo(EventLogReader log, KeptFolds folds, ulong seq, CancellationToken cancellationToken)
    {
        var state = folds.Nearest(log, seq);
        DomainFold.Run(log, state, seq, folds.Between(state.LastEventSeq, seq), reached => folds.Keep(log, reached), cancellationToken);
        return state;
    }

    /// <summary>16 bytes, most significant first, so that they read as the hash is printed.</summary>
    public static byte[] HashBytes(UInt128 hash) => Convert.FromHexString(hash.ToString("x32", CultureInfo.InvariantCulture));
}
