using System.Buffers;
using System.Text;
using VideoScale.ControlPlane.Canonical;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Audit;

/// <summary>
/// The last version of every stream there ever was, so that versions stay gapless when a room's name comes back years later.
/// About 40 bytes for each stream: names lie in shared blocks, found through a table of open addressing.
/// </summary>
/// <remarks>Order of serialization is order of first appearance, which is the same on every replica.</remarks>
public sealed class StreamVersions
{
    private const int BlockBytes = 64 * 1024;
    private const int MaxNameBytes = 512;
    private readonly List<byte[]> _blocks = [];
    private int _blockUsed = BlockBytes;
    private Slot[] _slots = new Slot[16];
    private int[] _table = NewTable(32); // index into _slots, -1 when free
    private int _count;

    internal struct Slot
    {
        public ulong Hash;
        public ulong Version;
        public int Block;
        public ushort Offset;
        public ushort Length;
    }

    /// <summary>Number of streams.</summary>
    public int Count => _count;

    /// <summary>The version of the stream's next event, from 1; counts it.</summary>
    public ulong Next(ReadOnlySpan<char> stream)
    {
        Span<byte> name = stackalloc byte[MaxNameBytes];
        Invariant.Require(stream.Length is > 0 and <= MaxNameBytes / 4, "a stream's name has 1 to 128 characters");
        name = name[..Encoding.UTF8.GetBytes(stream, name)];
        var hash = HashOf(name);
        var slot = Find(name, hash);
        if (slot < 0) slot = Add(name, hash);
        return ++_slots[slot].Version;
    }

    /// <summary>The stream's last version; 0 when it has no events.</summary>
    public ulong Last(ReadOnlySpan<char> stream)
    {
        var name = Encoding.UTF8.GetBytes(stream.ToString());
        var slot = Find(name, HashOf(name));
        return slot < 0 ? 0 : _slots[slot].Version;
    }

    /// <summary>A copy of the versions as of now that stays as it is while events go on; names are shared, they never change.</summary>
    internal Captured Capture()
    {
        var slots = ArrayPool<Slot>.Shared.Rent(Math.Max(1, _count));
        _slots.AsSpan(0, _count).CopyTo(slots);
        return new(slots, _count, [.. _blocks]);
    }

    internal static StreamVersions Read(ref CanonicalReader reader)
    {
        var versions = new StreamVersions();
        var count = reader.ReadCount();
        for (var i = 0; i < count; i++)
        {
            var name = reader.ReadUtf8(MaxNameBytes);
            var hash = HashOf(name);
            if (versions.Find(name, hash) >= 0) throw new CanonicalException($"stream {Encoding.UTF8.GetString(name)} appears twice");
            var slot = versions.Add(name, hash); // may move the slots
            versions._slots[slot].Version = reader.ReadUInt64();
        }
        return versions;
    }

    private int Find(ReadOnlySpan<byte> name, ulong hash)
    {
        var mask = _table.Length - 1;
        for (var at = unchecked((int)hash) & mask; ; at = (at + 1) & mask)
        {
            var index = _table[at];
            if (index < 0) return -1;
            ref readonly var slot = ref _slots[index];
            if (slot.Hash == hash && _blocks[slot.Block].AsSpan(slot.Offset, slot.Length).SequenceEqual(name)) return index;
        }
    }

    private int Add(ReadOnlySpan<byte> name, ulong hash)
    {
        if (_blockUsed + name.Length > BlockBytes)
        {
            _blocks.Add(new byte[BlockBytes]);
            _blockUsed = 0;
        }
        name.CopyTo(_blocks[^1].AsSpan(_blockUsed));
        if (_count == _slots.Length) Array.Resize(ref _slots, _slots.Length * 2);
        _slots[_count] = new() { Hash = hash, Block = _blocks.Count - 1, Offset = (ushort)_blockUsed, Length = (ushort)name.Length };
        _blockUsed += name.Length;
        if ((_count + 1) * 4 > _table.Length * 3) Rehash();
        Insert(_count);
        return _count++;
    }

    private void Rehash()
    {
        _table = NewTable(_table.Length * 2);
        for (var i = 0; i < _count; i++) Insert(i);
    }

    private void Insert(int index)
    {
        var mask = _table.Length - 1;
        var at = unchecked((int)_slots[index].Hash) & mask;
        while (_table[at] >= 0) at = (at + 1) & mask;
        _table[at] = index;
    }

    private static int[] NewTable(int size)
    {
        var table = new int[size];
        Array.Fill(table, -1);
        return table;
    }

    /// <summary>FNV-1a, 64 bits, with a final mix: only finds slots, decides nothing.</summary>
    private static ulong HashOf(ReadOnlySpan<byte> name)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in name) hash = unchecked((hash ^ b) * 1099511628211UL);
        return hash ^ (hash >> 32);
    }

    internal sealed class Captured(Slot[] slots, int count, byte[][] blocks)
    {
        private Slot[]? _slots = slots;

        public void WriteTo(CanonicalWriter writer)
        {
            Invariant.Require(_slots is not null, "captured versions are written before they are released");
            writer.WriteCount(count);
            foreach (ref readonly var slot in _slots.AsSpan(0, count))
            {
                writer.WriteBytes(blocks[slot.Block].AsSpan(slot.Offset, slot.Length));
                writer.WriteUInt64(slot.Version);
            }
        }

        public void Release()
        {
            if (_slots is { } captured) ArrayPool<Slot>.Shared.Return(captured);
            _slots = null;
        }
    }
}
