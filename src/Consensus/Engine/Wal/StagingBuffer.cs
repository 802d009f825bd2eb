namespace VideoScale.Consensus.Engine.Wal;

/// <summary>Records that wait for the disk, and what they will vouch for once synced. Grows to the largest burst, up to a bound.</summary>
internal sealed class StagingBuffer
{
    private const int InitialBytes = 1 << 20;
    private byte[] _bytes = GC.AllocateUninitializedArray<byte>(InitialBytes, pinned: true);

    internal int Length { get; private set; }
    internal uint Records { get; private set; }
    internal bool HasToken { get; private set; }
    internal ulong Token { get; private set; }
    internal ulong Term { get; private set; }
    internal ulong LastIndex { get; private set; }
    internal ulong Commit { get; set; }

    /// <summary>What is staged, with room for a footer behind it.</summary>
    internal Span<byte> WithFooter => _bytes.AsSpan(0, Length + RecordFormat.FooterBytes);

    internal bool HasRoom(int bytes, int maxBytes) => Length == 0 || (long)Length + bytes <= maxBytes;

    internal void Add(in RecordHeader header, ReadOnlySpan<byte> payload = default)
    {
        var total = RecordFormat.TotalBytes(payload.Length);
        Grow(total);
        RecordFormat.Stage(_bytes.AsSpan(Length, total), header, payload);
        Length += total;
        Records++;
    }

    internal void Vouch(ulong token, ulong term, ulong lastIndex)
    {
        HasToken = true;
        Token = token;
        Term = term;
        LastIndex = lastIndex;
    }

    internal void Clear()
    {
        Length = 0;
        Records = 0;
        HasToken = false;
    }

    private void Grow(int bytes)
    {
        var needed = Length + bytes + RecordFormat.FooterBytes;
        if (needed <= _bytes.Length) return;
        var larger = GC.AllocateUninitializedArray<byte>(Math.Max(needed, (int)Math.Min(2L * _bytes.Length, Array.MaxLength)),
            pinned: true);
        _bytes.AsSpan(0, Length).CopyTo(larger);
        _bytes = larger;
    }
}
