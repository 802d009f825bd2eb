using VideoScale.Model;

namespace VideoScale.ControlPlane.Clocks;

/// <summary>
/// Log time at one replica: where the log stood, and what has elapsed since on a clock that never jumps. It is drawn towards the time that
/// a majority of voters has, slowly; no wall clock moves it by a jump. Without clock or network: times come in. See docs/clocks.md.
/// </summary>
/// <remarks>Milliseconds throughout; boot: CLOCK_BOOTTIME of this machine, wall: its wall clock. One caller at a time.</remarks>
public sealed class LogClock
{
    /// <summary>Log time runs faster or slower by at most one part in so many, to come closer to the agreed time.</summary>
    public const long SlewPart = 64;

    /// <summary>A request id may be so far ahead of log time: clocks differ, and the id is made where the caller is.</summary>
    public const long FurthestAheadMs = 3_600_000L;

    /// <summary>So far from the log the agreed time may be and still be the log's own.</summary>
    public const long NearMs = 5_000;

    /// <summary>From here on request ids are compared with the agreed time and not with log time.</summary>
    public const long ApartMs = 60_000;

    /// <summary>
    /// How long the clocks must stay apart from the log before they are believed about request ids: a jump that is soon corrected costs
    /// nothing.
    /// </summary>
    public const long BelievedAfterMs = 60_000;

    private const long AnchorEveryMs = 1_000;

    /// <summary>Slewing is not saved up while nothing is asked.</summary>
    private const long SlewForMostMs = 10_000;
    private bool _begun;
    private long _anchorMs;
    private long _anchorBootMs;
    private long _lastMs;
    private long? _agreedOffsetMs;
    private long? _apartSinceBootMs;
    private long? _believedOffsetMs; // while the clocks are apart from the log
    private TimeStep _step;

    /// <summary>
    /// Whether this replica knows how much time has passed since the log's last entry: it saw it come, or has compared it with the others'
    /// clocks.
    /// </summary>
    public bool IsSettled { get; private set; }

    /// <summary>Whether entries may carry more than log time: every member reads that.</summary>
    public bool MayExtend { get; set; } = true;

    /// <summary>The last step this replica made; none when it made none.</summary>
    public TimeStep LastStep { get; private set; }

    /// <summary>Agreed time less this replica's boot clock; null while no majority of voters agrees.</summary>
    public long? AgreedOffsetMs => _agreedOffsetMs;

    /// <summary>An entry was applied.</summary>
    /// <param name="time">Log time by then; none (0) as long as no entry had a time: elections and members have none.</param>
    public void Observed(LogTime time, long bootMs, long wallMs)
    {
        if (time == default) return; // a log begins now, not in 1970
        if (!_begun || time.UnixMs > Predict(bootMs)) (_begun, _anchorMs, _anchorBootMs) = (true, time.UnixMs, bootMs);
        _lastMs = Math.Max(_lastMs, time.UnixMs);
        if (Math.Abs(time.UnixMs - wallMs) <= NearMs) IsSettled = true; // it is as young as it looks
        if (_lastMs >= _step.To.UnixMs) _step = TimeStep.None;
    }

    /// <summary>The voters' clocks were compared.</summary>
    /// <param name="offsetMs">Agreed time less this boot clock; null when no majority agrees.</param>
    public void Agreed(long? offsetMs, long bootMs, long wallMs)
    {
        _agreedOffsetMs = offsetMs;
        if (!_begun) return;
        Anchor(bootMs, wallMs);
        if (offsetMs is not { } offset) return;
        var gap = bootMs + offset - Predict(bootMs);
        if (Math.Abs(gap) <= ApartMs) (_believedOffsetMs, _apartSinceBootMs) = (null, null);
        else
        {
            _apartSinceBootMs ??= bootMs;
            if (!IsSettled || bootMs - _apartSinceBootMs >= BelievedAfterMs) _believedOffsetMs = offset;
        }
        if (Math.Abs(gap) <= NearMs) IsSettled = true;
    }

    /// <summary>The time the next entry would get.</summary>
    public LogTime Now(long bootMs, long wallMs)
    {
        if (!_begun) return new(_agreedOffsetMs is { } offset ? bootMs + offset : wallMs);
        return new(Math.Max(_lastMs, Predict(bootMs) + Gap(bootMs)));
    }

    /// <summary>
    /// Whether a request id that was made then may look made ahead only because the log missed the time in which nothing ran: neither was
    /// that seen to pass nor were the others' clocks compared yet.
    /// </summary>
    public bool MayHaveMissed(LogTime made, long bootMs, long wallMs) =>
        !IsSettled && _agreedOffsetMs is null && made.UnixMs > Now(bootMs, wallMs).UnixMs + FurthestAheadMs;

    /// <summary>Stamps an entry that this replica proposes.</summary>
    public EntryStamp Stamp(long bootMs, long wallMs)
    {
        if (!_begun)
        {
            (_begun, _anchorMs, _anchorBootMs, IsSettled) = (true, Now(bootMs, wallMs).UnixMs, bootMs, _agreedOffsetMs is not null);
            _lastMs = _anchorMs;
        }
        if (Gap(bootMs) is > 0 and var gap) Step(bootMs, gap);
        if (_agreedOffsetMs is not null) IsSettled = true; // a log ahead of the clocks stays ahead: time never goes back
        Anchor(bootMs, wallMs);
        _lastMs = Math.Max(_lastMs, Predict(bootMs));
        if (!MayExtend) return new(new(_lastMs));
        return new(new(_lastMs), _believedOffsetMs is { } offset ? new LogTime(bootMs + offset) : null, _step);
    }

    private long Predict(long bootMs) => _anchorMs + Math.Max(0, bootMs - _anchorBootMs);

    /// <summary>What the log has missed while nothing ran, as far as nobody saw it pass: 0 once this replica is settled.</summary>
    private long Gap(long bootMs) =>
        !IsSettled && _agreedOffsetMs is { } offset && bootMs + offset - Predict(bootMs) is > NearMs and var gap ? gap : 0;

    private void Step(long bootMs, long gapMs)
    {
        var from = Math.Max(_lastMs, Predict(bootMs));
        (_anchorMs, _anchorBootMs) = (Predict(bootMs) + gapMs, bootMs);
        LastStep = _step = new(new(from), new(_anchorMs));
        (_believedOffsetMs, _apartSinceBootMs) = (null, null);
    }

    /// <summary>Moves the anchor up, and a little towards the agreed time; without one towards this wall clock when it is near.</summary>
    private void Anchor(long bootMs, long wallMs)
    {
        var elapsed = bootMs - _anchorBootMs;
        if (elapsed < AnchorEveryMs) return;
        var now = _anchorMs + elapsed;
        var target = _agreedOffsetMs is { } offset ? bootMs + offset : Math.Abs(wallMs - now) <= NearMs ? wallMs : now;
        var most = Math.Min(elapsed, SlewForMostMs) / SlewPart;
        (_anchorMs, _anchorBootMs) = (now + Math.Clamp(target - now, -most, most), bootMs);
    }
}
