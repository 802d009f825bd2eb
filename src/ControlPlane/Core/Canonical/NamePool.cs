using System.Buffers.Binary;
using System.Text;

namespace VideoScale.ControlPlane.Canonical;

/// <summary>
/// Names that were read lately, so that one which is read again is the same string: nothing is made for it, and comparing it with what was
/// kept of it ends at once.
/// </summary>
/// <remarks>A name has one slot, and the last one read there stays: bounded, and right whatever it has forgotten. One caller.</remarks>
public sealed class NamePool
{
    private const int SlotBits = 12;
    private readonly string?[] _slots = new string?[1 << SlotBits];

    /// <param name="slot">For <see cref="Keep"/>.</param>
    /// <returns>Null when it was not read lately, or is not of ASCII alone.</returns>
    public string? Find(ReadOnlySpan<byte> name, out int slot)
    {
        slot = SlotOf(name);
        return _slots[slot] is { } known && Ascii.Equals(name, known) ? known : null;
    }

    public void Keep(string name, int slot) => _slots[slot] = name;

    /// <summary>By length and both ends: names that differ only between them share a slot, which costs time and nothing else.</summary>
    private static int SlotOf(ReadOnlySpan<byte> name)
    {
        ulong head = 0, tail = 0;
        if (name.Length >= sizeof(ulong))
        {
            head = BinaryPrimitives.ReadUInt64LittleEndian(name);
            tail = BinaryPrimitives.ReadUInt64LittleEndian(name[^sizeof(ulong)..]);
        }
        else foreach (var b in name) tail = (tail << 8) | b;
        unchecked
        {
            var mixed = (head * 0x9E37_79B9_7F4A_7C15 ^ tail) * 0xD6E8_FEB8_6659_FD93 + (uint)name.Length;
            return (int)((mixed ^ (mixed >> 29)) * 0x9E37_79B9_7F4A_7C15 >> (64 - SlotBits));
        }
    }
}
