using System.Runtime.InteropServices;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>A ring of fixed slots between two threads, one writing, one reading, without locks.</summary>
public sealed class SpscRing
{
    private readonly int _slotOctets;
    private readonly byte[] _slab;
    private readonly int[] _lengths;
    private Ends _ends;

    /// <summary>The two ends on cache lines of their own, so that the threads do not take them from each other.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Ends
    {
        [FieldOffset(0)] public long Head;
        [FieldOffset(64)] public long Tail;
    }

    public SpscRing(int capacity, int slotOctets)
    {
        if (capacity <= 0 || (capacity & (capacity - 1)) != 0)
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "must be a power of two");
        Capacity = capacity;
        _slotOctets = slotOctets;
        _slab = GC.AllocateArray<byte>(capacity * slotOctets, pinned: true);
        _lengths = new int[capacity];
    }

    public int Capacity { get; }
    public bool IsEmpty => Volatile.Read(ref _ends.Head) == Volatile.Read(ref _ends.Tail);

    /// <summary>For the reader, when it is about to wait for a wake-up.</summary>
    public bool IsEmptyBeforeSleep()
    {
        Interlocked.MemoryBarrier();
        return IsEmpty;
    }

    /// <summary>The next free slot, or nothing when the reader is behind.</summary>
    public bool TryReserve(out Span<byte> slot)
    {
        slot = default;
        if (_ends.Head - Volatile.Read(ref _ends.Tail) == Capacity) return false;
        slot = _slab.AsSpan((int)(_ends.Head & (Capacity - 1)) * _slotOctets, _slotOctets);
        return true;
    }

    /// <summary>Hands the slot over; true when the reader had seen everything before it, and so may be asleep.</summary>
    public bool Commit(int length)
    {
        _lengths[_ends.Head & (Capacity - 1)] = length;
        Volatile.Write(ref _ends.Head, _ends.Head + 1);
        Interlocked.MemoryBarrier(); // pairs with IsEmptyBeforeSleep: one of the two sees the other's step
        return _ends.Head - Volatile.Read(ref _ends.Tail) == 1;
    }

    public bool TryPeek(out Span<byte> message)
    {
        message = default;
        if (_ends.Tail == Volatile.Read(ref _ends.Head)) return false;
        var slot = (int)(_ends.Tail & (Capacity - 1));
        message = _slab.AsSpan(slot * _slotOctets, _lengths[slot]);
        return true;
    }

    public void Release() => Volatile.Write(ref _ends.Tail, _ends.Tail + 1);
}
