using System.Runtime.InteropServices;
using VideoScale.Consensus.Apply.Directories;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>Reads one segment's records up to where they stop, and judges why they stop.</summary>
internal readonly ref struct SegmentScan(ReadOnlySpan<byte> bytes, SegmentHeader header, string path, LogReplay replay)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <returns>Where the valid records end and where the last write with a footer ended; how many records lie between.</returns>
    internal (int End, int FooterEnd, uint Records) Read()
    {
        var at = SegmentHeader.Bytes;
        var footerEnd = at;
        var records = 0u;
        while (RecordFormat.TryRead(_bytes[at..], header.Epoch, out var record) && record.Chain == replay.Chain)
        {
            var payload = _bytes.Slice(at + RecordFormat.HeaderBytes, record.PayloadBytes);
            if (!replay.Apply(record, payload))
                throw Rot(at, $"a {record.Kind} record that cannot follow the ones before it", record.Index);
            replay.Chain = record.Crc;
            if (record.Kind != RecordKind.Footer) records++;
            else
            {
                var footer = BatchFooter.Read(payload);
                if (footer.Start != (ulong)footerEnd || footer.Records != records)
                    throw Rot(at, "a batch footer that does not fit the records before it", record.Index);
                footerEnd = at + record.TotalBytes;
                records = 0;
            }
            at += record.TotalBytes;
        }
        return (at, footerEnd, records);
    }

    /// <summary>
    /// Bytes that do not verify are a torn write only when they lie in the last write, and that one never finished: it has no footer,
    /// or pieces of it never reached the disk. Everything else had been acknowledged, perhaps, and is rot.
    /// </summary>
    /// <exception cref="RotFoundException"/>
    internal void RequireTorn(int end, int footerEnd)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(_bytes);
        var word = end / sizeof(ulong);
        const int MagicWord = (RecordFormat.FooterBytes / sizeof(ulong)) - 1;
        while (true)
        {
            var next = words[word..].IndexOf(RecordFormat.FooterMagic);
            if (next < 0) return;
            word += next + 1;
            var at = (word - 1 - MagicWord) * sizeof(ulong);
            if (at < end || !RecordFormat.TryRead(_bytes[at..], header.Epoch, out var record) || record.Kind != RecordKind.Footer) continue;
            var footer = BatchFooter.Read(_bytes[(at + RecordFormat.HeaderBytes)..]);
            if (footer.Start != (ulong)footerEnd) throw Rot(end, "it fails its checksum, and later writes are sound", record.Index);
            var batch = _bytes[footerEnd..(at + RecordFormat.FooterBytes)];
            if (BatchFooter.CountZeroPieces(batch, footerEnd) <= footer.ZeroPieces)
                throw Rot(end, "it fails its checksum, although the whole write that holds it reached the disk", record.Index);
        }
    }

    /// <summary>
    /// A segment has its whole length before anything is written to it. One that is shorter was cut by somebody: nothing is missing when
    /// zeros follow the last write, for whatever came later would stand there. Otherwise writes that were acknowledged may be gone, and a
    /// footer that is missing proves nothing.
    /// </summary>
    /// <returns>How long the file must be.</returns>
    /// <exception cref="RotFoundException"/>
    internal long RequireWhole(long fileBytes, int end, int footerEnd, WalOptions options)
    {
        var behind = _bytes[end..];
        var endsInZeros = behind.Length > 0 && behind.IndexOfAnyExcept((byte)0) < 0;
        var first = Math.Min(options.FirstSegmentBytes, options.SegmentBytes);
        var isWhole = header.FileBytes > 0 ? fileBytes == header.FileBytes : fileBytes == first
            // one that was made for a large write
            || fileBytes == options.SegmentBytes || (fileBytes > options.SegmentBytes && (behind.IsEmpty || behind[^1] == 0));
        if (isWhole) return fileBytes;
        if (endsInZeros && end == footerEnd && fileBytes % sizeof(ulong) == 0)
            return Math.Max(fileBytes, header.FileBytes > 0 ? (long)header.FileBytes : fileBytes < first ? first : options.SegmentBytes);
        throw Rot(end, $"the file was cut to {fileBytes} bytes, within what was written or right behind it", ulong.MaxValue);
    }

    internal RotFoundException Rot(long position, string what, ulong lastIndex) =>
        new(path, position, what, replay.Tail.LastIndex + 1, Math.Max(lastIndex, replay.Tail.LastIndex + 1));
}
