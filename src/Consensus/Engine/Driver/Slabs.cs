using System.Buffers;
using System.Runtime.InteropServices;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>A pinned block that many payloads share; free again when the last of them is let go.</summary>
internal sealed class Slab(SlabPool pool, int size) : MemoryManager<byte>
{
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(size, pinned: true);
    private int _references;

    public int Size => _bytes.Length;

    public void Begin() => _references = 1; // of the arena that fills it

    public void Retain() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0) pool.Return(this);
    }

    public override Span<byte> GetSpan() => _bytes;

    public override unsafe MemoryHandle Pin(int elementIndex = 0) =>
        new((byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, elementIndex));

    public override void Unpin() { }

    protected override void Dispose(bool disposing) { }
}

/// <summary>Slabs for payloads: after compaction they are used again, so a steady stream of commands allocates nothing.</summary>
internal sealed class SlabPool : IPayloadOwner
{
    private const int SlabBytes = 1024 * 1024;
    private const int MaxFree = 96; // what one compaction lets go of under the default options

    private readonly Lock _gate = new();
    private readonly Stack<Slab> _free = [];

    public Slab Take(int bytes)
    {
        Slab? slab = null;
        if (bytes <= SlabBytes)
        {
            lock (_gate) _free.TryPop(out slab);
        }
        slab ??= new Slab(this, Math.Max(bytes, SlabBytes));
        slab.Begin();
        return slab;
    }

    public void Return(Slab slab)
    {
        if (slab.Size != SlabBytes) return; // made for one large command: left to the collector
        lock (_gate)
        {
            if (_free.Count < MaxFree) _free.Push(slab);
        }
    }

    public void Retain(ReadOnlyMemory<byte> payload)
    {
        if (SlabOf(payload) is { } slab) slab.Retain();
    }

    public void Release(ReadOnlyMemory<byte> payload)
    {
        if (SlabOf(payload) is { } slab) slab.Release();
    }

    private static Slab? SlabOf(ReadOnlyMemory<byte> payload) =>
        !payload.IsEmpty && MemoryMarshal.TryGetMemoryManager<byte, Slab>(payload, out var slab) ? slab : null;
}

/// <summary>Copies payloads into slabs, one behind the other. One caller at a time.</summary>
internal sealed class SlabArena(SlabPool pool)
{
    private Slab? _slab;
    private int _used;

    /// <returns>The copy, with one reference, which the caller owes.</returns>
    public ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty) return default;
        if (_slab is null || _slab.Size - _used < payload.Length)
        {
            _slab?.Release();
            _slab = pool.Take(payload.Length);
            _used = 0;
        }
        var copy = _slab.Memory.Slice(_used, payload.Length);
        payload.CopyTo(copy.Span);
        _used += payload.Length;
        _slab.Retain();
        return copy;
    }
}
