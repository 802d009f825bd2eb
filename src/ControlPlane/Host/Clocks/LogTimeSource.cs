using VideoScale.ControlPlane.Clocks;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Clocks;

/// <summary>
/// Log time at this replica, from its boot clock, its wall clock, what it applied and what the others' clocks say. Any thread.
/// </summary>
public sealed class LogTimeSource(TimeProvider wall, LeaseClock boot)
{
    private readonly Lock _gate = new();
    private readonly LogClock _clock = new() { MayExtend = false }; // until every member was asked
    private bool _awaitsMembers = true;

    /// <summary>The time the next entry would get: what deadlines are compared with.</summary>
    public LogTime Now { get { lock (_gate) return _clock.Now(boot.NowMs, WallMs); } }

    /// <summary>Stamps an entry that is about to be proposed.</summary>
    public EntryStamp Stamp() { lock (_gate) return _clock.Stamp(boot.NowMs, WallMs); }

    /// <summary>Entries were applied up to this time.</summary>
    public void Observed(LogTime time) { lock (_gate) _clock.Observed(time, boot.NowMs, WallMs); }

    /// <summary>The voters' clocks were compared.</summary>
    /// <param name="offsetMs">Agreed time less this replica's boot clock; null when no majority agrees.</param>
    internal void Agreed(long? offsetMs) { lock (_gate) _clock.Agreed(offsetMs, boot.NowMs, WallMs); }

    /// <summary>The members were asked which program they run.</summary>
    /// <param name="everyMemberKnows">Whether all read entries that carry more than log time; null: that is not known yet.</param>
    internal void Programs(bool? everyMemberKnows)
    {
        lock (_gate) (_clock.MayExtend, _awaitsMembers) = (everyMemberKnows == true, everyMemberKnows is null);
    }

    /// <summary>
    /// Entries and commands that a program of the first version stops at may be proposed: no member runs one, as far as can be told.
    /// </summary>
    public bool MayExtend { get { lock (_gate) return _clock.MayExtend; } }

    /// <summary>That is not known yet, and will be in a moment.</summary>
    internal bool AwaitsMembers { get { lock (_gate) return _awaitsMembers; } }

    /// <summary>See <see cref="LogClock.MayHaveMissed"/>.</summary>
    internal bool MayHaveMissed(LogTime made) { lock (_gate) return _clock.MayHaveMissed(made, boot.NowMs, WallMs); }

    /// <summary>This replica's wall clock less its boot clock.</summary>
    internal long OwnOffsetMs => WallMs - boot.NowMs;

    internal long BootMs => boot.NowMs;

    /// <summary>Log time less the time that a majority of voters agrees on; null while none does.</summary>
    internal long? AheadMs
    {
        get
        {
            lock (_gate)
            {
                var now = boot.NowMs;
                return _clock.AgreedOffsetMs is { } offset ? _clock.Now(now, WallMs).UnixMs - now - offset : null;
            }
        }
    }

    /// <summary>This replica knows how much time has passed since the log's last entry.</summary>
    internal bool IsSettled { get { lock (_gate) return _clock.IsSettled; } }

    /// <summary>The last step over a time in which nothing ran.</summary>
    internal TimeStep LastStep { get { lock (_gate) return _clock.LastStep; } }

    private long WallMs => wall.GetUtcNow().ToUnixTimeMilliseconds();
}
