namespace VideoScale.MediaNode.Ice;

/// <summary>
/// Bounds the work that checks with a wrong integrity make: an address that has sent some in this second is not listened to until the next,
/// and when all addresses together have sent too many, only known ones are.
/// </summary>
/// <remarks>
/// Addresses share slots by their hash, so memory is fixed; who shares one with a flood waits a second for its next check at most, and
/// a client's checks on the pair that carries its media are counted apart (<see cref="IceLiteAgent"/>'s host keeps one budget of one slot
/// for each).
/// </remarks>
public sealed class CheckBudget(int slots)
{
    /// <summary>
    /// A client whose signalling is a moment behind its checks fails a few times; browsers send no more than some twenty checks a second.
    /// </summary>
    public const int FailuresPerAddress = 50;
    /// <summary>About a hundredth of a core, at 1 to 2 µs a check.</summary>
    public const int FailuresInAll = 5_000;
    private const long PeriodUs = 1_000_000;

    private readonly (long Period, int Failures)[] _slots = new (long, int)[slots];
    private long _period;
    private int _failures;

    /// <summary>Whether a check from this address may cost the computation of its integrity.</summary>
    /// <param name="isKnown">Media goes there.</param>
    public bool Allows(in TransportAddress from, bool isKnown, long nowUs)
    {
        var period = nowUs / PeriodUs;
        if (_period == period && _failures >= FailuresInAll && !isKnown) return false;
        ref var slot = ref SlotOf(from);
        return slot.Period != period || slot.Failures < FailuresPerAddress;
    }

    /// <summary>A check from this address had a wrong integrity.</summary>
    public void Failed(in TransportAddress from, long nowUs)
    {
        var period = nowUs / PeriodUs;
        if (_period != period) (_period, _failures) = (period, 0);
        _failures++;
        ref var slot = ref SlotOf(from);
        if (slot.Period != period) slot = (period, 0);
        slot.Failures++;
    }

    private ref (long Period, int Failures) SlotOf(in TransportAddress from) => ref _slots[(int)(from.Hash % (uint)_slots.Length)];
}
