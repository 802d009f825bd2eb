using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>Datagrams that wait to be sent, in pinned slots, chained by destination in order.</summary>
public sealed class SendBatch
{
    /// <summary>A receive batch of 32 fanned out to 32 subscribers; a larger fan-out flushes in between.</summary>
    public const int Capacity = 1024;
    /// <summary>Octets of a slot: a full Ethernet frame's payload, in whole cache lines.</summary>
    public const int SlotOctets = 1536;

    private readonly byte[] _slab = GC.AllocateArray<byte>(Capacity * SlotOctets, pinned: true);
    private readonly int[] _lengths = new int[Capacity];
    private readonly int[] _next = new int[Capacity];
    private readonly List<Destination> _destinations = new(Capacity);

    public int Count { get; private set; }
    public bool IsFull => Count == Capacity;

    /// <summary>The next slot, to be written before <see cref="Add"/>.</summary>
    public Span<byte> NextSlot => _slab.AsSpan(Count * SlotOctets, SlotOctets);

    public void Add(Destination destination, int length)
    {
        Invariant.Require(Count < Capacity && length is > 0 and <= SlotOctets, "a batch holds what was reserved");
        var slot = Count++;
        _lengths[slot] = length;
        _next[slot] = -1;
        if (destination.First < 0)
        {
            destination.First = slot;
            _destinations.Add(destination);
        }
        else _next[destination.Last] = slot;
        destination.Last = slot;
    }

    internal int Length(int slot) => _lengths[slot];
    internal int Next(int slot) => _next[slot];
    internal Span<byte> Slot(int slot) => _slab.AsSpan(slot * SlotOctets, _lengths[slot]);
    internal unsafe byte* Pointer(int slot) => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _slab[slot * SlotOctets]);
    internal Destination DestinationAt(int index) => _destinations[index];
    internal int DestinationCount => _destinations.Count;

    internal void Clear()
    {
        for (var i = 0; i < _destinations.Count; i++) _destinations[i].First = _destinations[i].Last = -1;
        _destinations.Clear();
        Count = 0;
    }
}
