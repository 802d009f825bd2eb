using System.Collections.Immutable;

namespace VideoScale.ControlPlane.Webhooks;

/// <summary>Answers of the receiver, and what is to be remembered of them.</summary>
public sealed partial class Outbox<T>
{
    private readonly List<DeadLetter> _newDead = [];
    private readonly List<MessageRef> _settled = [], _returned = [];
    private int _dead; // dead letters of the record, with the new ones
    private ulong _delivered;
    private (ulong Position, ImmutableArray<HeldRoom> Held) _marked;

    /// <summary>The receiver took it.</summary>
    public void Took(Delivery<T> message, long nowMs)
    {
        var lane = End(message);
        if (IsDown) Recover(nowMs);
        (_failuresInRow, _lastTakenMs) = (0, nowMs);
        _failedInRow.Clear();
        _delivered++;
        if (lane.IsReplay)
        {
            _replays.Remove(message.Message);
            _settled.Add(message.Message);
            _dead--;
            return;
        }
        Done(lane, nowMs);
    }

    /// <summary>The receiver did not.</summary>
    /// <param name="error">Why, without secrets.</param>
    public void Failed(Delivery<T> message, string error, long nowMs)
    {
        var lane = End(message);
        if (lane.Failures++ == 0) lane.FirstFailedMs = nowMs;
        lane.Error = error.Length <= DeadLetter.MaxErrorLength ? error : error[..(DeadLetter.MaxErrorLength - 1)];
        _failuresInRow++;
        if (_failedInRow.Count < _rules.DownRooms) _failedInRow.Add(lane.Room);
        if (IsDown)
            _downUntilMs = nowMs + _rules.PauseMs(_failuresInRow - _rules.DownAfter + 1, _rules.LongestDownPauseMs, _chance);
        if (lane.IsReplay)
        {
            if (lane.Failures < _rules.LeastAttempts)
            {
                Pause(lane, nowMs);
                return;
            }
            _replays.Remove(message.Message);
            _returned.Add(message.Message);
            return;
        }
        if (lane.Failures >= _rules.LeastAttempts && nowMs - message.AtMs >= _rules.GiveUpAfterMs && _dead < WebhookRecord.MaxDead)
        {
            _newDead.Add(new(message.Message, message.Room, message.Word, (ulong)lane.Failures, lane.Error, IsReplayed: false));
            _dead++;
            Done(lane, nowMs);
            return;
        }
        Pause(lane, nowMs);
        if (!lane.IsHeld && lane.Failures >= _rules.HoldAfter && _lastTakenMs > lane.FirstFailedMs && _held < WebhookRecord.MaxHeld)
            Hold(lane);
    }

    /// <summary>What is to be remembered, when that has changed since the last time; from then on it counts as known.</summary>
    public WebhookProgress? Mark()
    {
        while (_window.TryPeek(out var entry) && (entry.Open == 0 || entry.IsHeld)) _window.Dequeue();
        var position = _window.TryPeek(out var first) ? first.Seq - 1 : _read;
        ImmutableArray<HeldRoom> held = _held == 0 ? []
            : [.. _lanes.Values.Where(lane => lane.IsHeld).Select(lane => new HeldRoom(lane.Room, lane.FromSeq))];
        // Events that nobody is told of move nothing by themselves: a position that follows its own events would never rest.
        if (_delivered == 0 && _newDead.Count + _settled.Count + _returned.Count == 0
            && held.AsSpan().SequenceEqual(_marked.Held.AsSpan())) return null;
        var progress = new WebhookProgress(position, _delivered, held, [.. _newDead], [.. _settled], [.. _returned]);
        _newDead.Clear();
        _settled.Clear();
        _returned.Clear();
        (_delivered, _marked) = (0, (position, held));
        return progress;
    }

    private Lane<T> End(Delivery<T> message)
    {
        message.Lane.IsUnderWay = false;
        _underWay--;
        return message.Lane;
    }

    private void Pause(Lane<T> lane, long nowMs) =>
        Schedule(lane, nowMs + _rules.PauseMs(lane.Failures, _rules.LongestPauseMs, _chance));

    /// <summary>The first message of the lane is over: the next one's turn.</summary>
    private void Done(Lane<T> lane, long nowMs)
    {
        if (lane.Waiting.Dequeue().Entry is { } entry)
        {
            entry.Open--;
            if (!entry.IsHeld) _inWindow--;
        }
        (lane.Failures, lane.Error) = (0, "");
        if (lane.Waiting.Count > 0) Schedule(lane, nowMs);
        else Forget(lane);
    }

    /// <summary>Whoever waits for nothing is no room of ours any more, and not held.</summary>
    private void Forget(Lane<T> lane)
    {
        if (lane.Waiting.Count > 0 || lane.LoadFrom != 0 || lane.IsUnderWay) return;
        if (lane.IsHeld) _held--;
        _lanes.Remove(lane.Room);
    }

    private void Hold(Lane<T> lane)
    {
        lane.IsHeld = true;
        _held++;
        foreach (var message in lane.Waiting)
        {
            if (message.Entry is not { IsHeld: false } entry) continue;
            entry.IsHeld = true;
            _inWindow -= entry.Open;
        }
        if (lane.Waiting.Count <= _rules.HeldWindow) return;
        // Of one event all or none: what is dropped is read again from its first one on.
        var all = lane.Waiting.ToArray();
        var cut = all[_rules.HeldWindow].Message.Seq;
        if (cut == all[0].Message.Seq) return;
        lane.Waiting.Clear();
        foreach (var message in all.TakeWhile(message => message.Message.Seq != cut)) lane.Waiting.Enqueue(message);
        lane.LoadFrom = cut;
    }

    /// <summary>It is there again: whoever waited need not wait any longer, but not all at once.</summary>
    private void Recover(long nowMs)
    {
        foreach (var lane in Lanes().Where(CanSend)) Schedule(lane, Math.Min(lane.DueMs, nowMs + _chance(_rules.FirstPauseMs + 1)));
    }
}
