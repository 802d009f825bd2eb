namespace VideoScale.MediaNode.Host.Srtp;

/// <summary>
/// Which of the last packet indices were used (RFC 3711 §3.3.2); 1024 wide, so that late packets recovered behind a burst still pass.
/// </summary>
public sealed class ReplayWindow
{
    public const int Width = 1024;
    private readonly ulong[] _used = new ulong[Width / 64];

    /// <summary>-1 before the first.</summary>
    public long Highest { get; private set; } = -1;

    /// <summary>Whether an index is new and not too old.</summary>
    public bool Accepts(long index)
    {
        if (index > Highest) return true;
        return Highest - index < Width && (_used[Word(index)] & Bit(index)) == 0;
    }

    public void Mark(long index)
    {
        if (index > Highest)
        {
            if (Highest < 0 || index - Highest >= Width) Array.Clear(_used);
            else for (var skipped = Highest + 1; skipped < index; skipped++) _used[Word(skipped)] &= ~Bit(skipped);
            Highest = index;
        }
        _used[Word(index)] |= Bit(index);
    }

    private static int Word(long index) => (int)(index % Width / 64);
    private static ulong Bit(long index) => 1UL << (int)(index % 64);
}
