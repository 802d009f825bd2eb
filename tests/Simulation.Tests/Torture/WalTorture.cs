using System.Buffers.Binary;
using VideoScale.Consensus;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Wal;
using VideoScale.Simulation.Engine;

namespace VideoScale.Simulation.Torture;

/// <summary>
/// A log of 200 records in one segment of 64 KiB, in memory, read back by the real recovery after every damage of three kinds: a crash at
/// every byte of every write, every bit flipped, sectors of an unsynced write missing. What was synced is never lost in silence, and
/// nothing wrong is read.
/// </summary>
internal sealed class WalTorture
{
    private const int SegmentBytes = 64 << 10;
    private const int Records = 200;
    private const int SectorBytes = 512;
    private static readonly MemberId Member = new(7);
    private readonly byte[] _image = new byte[SegmentBytes];
    private readonly byte[] _damaged = new byte[SegmentBytes];
    private readonly List<Written> _writes = [];
    private readonly Dice _dice;

    /// <summary>One write: where it lies, and what the log held before and after it.</summary>
    private sealed record Written(int Start, int End, LoadedState Before, LoadedState After);

    /// <summary>What a start reads: the vote and the entries, in short.</summary>
    private sealed record LoadedState(ulong Term, ulong Vote, ulong[] Entries);

    public WalTorture(ulong seed)
    {
        _dice = new Dice(seed);
        Write();
    }

    public int Bytes => _writes[^1].End;
    public int Writes => _writes.Count;

    private void Write()
    {
        var header = new SegmentHeader
        {
            Sequence = 1,
            Epoch = _dice.Next(),
            Member = Member,
            PreviousEnd = 0,
            PreviousChain = 0,
            HardState = default,
            BaseIndex = 0,
            BaseTerm = 0,
            LastIndex = 0,
        };
        header.WriteTo(_image);
        var (tail, batch, chain, offset, records) = (new LogTail(), new StagingBuffer(), 0U, SegmentHeader.Bytes, 0);
        var entries = new List<ulong>();
        var (term, vote) = (1UL, 0UL);
        while (records < Records)
        {
            var before = new LoadedState(term == 1 && vote == 0 ? 0 : term, vote, [.. entries]);
            batch.Clear();
            if (_dice.OneIn(8))
            {
                (term, vote) = (term + 1, 1 + (ulong)_dice.Below(3));
                batch.Add(new RecordHeader { Kind = RecordKind.HardState, Term = term, Session = vote });
                if (entries.Count > 3 && _dice.OneIn(2))
                {
                    var keep = entries.Count - 1 - _dice.Below(3);
                    batch.Add(new RecordHeader { Kind = RecordKind.Truncate, Term = term, Index = (ulong)keep });
                    entries.RemoveRange(keep, entries.Count - keep);
                }
            }
            for (var i = _dice.Between(1, 6); i > 0; i--) AddEntry(batch, entries, term);
            records += (int)batch.Records;
            var bytes = batch.WithFooter;
            for (var at = 0; at < batch.Length;)
            {
                var total = RecordFormat.TotalBytes(BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]));
                tail.Follow(RecordFormat.ReadStaged(bytes[at..]));
                chain = RecordFormat.Seal(bytes.Slice(at, total), header.Epoch, chain);
                at += total;
            }
            chain = BatchFooter.Seal(bytes, offset, batch.Records, tail, header.Epoch, chain);
            bytes.CopyTo(_image.AsSpan(offset));
            _writes.Add(
                new Written(offset, offset + bytes.Length, before, new LoadedState(term == 1 && vote == 0 ? 0 : term, vote, [.. entries])));
            offset += bytes.Length;
        }
    }

    private void AddEntry(StagingBuffer batch, List<ulong> entries, ulong term)
    {
        var payload = new byte[_dice.OneIn(10) ? _dice.Between(500, 900) : _dice.Below(60)];
        if (_dice.OneIn(3)) payload.AsSpan().Clear(); // whole sectors of zeros by right are the hard case
        else for (var i = 0; i < payload.Length; i++) payload[i] = (byte)(_dice.Next() & 0xFF);
        batch.Add(new RecordHeader
        {
            Kind = RecordKind.Entry,
            EntryKind = EntryKind.Command,
            Term = term,
            Index = (ulong)entries.Count + 1
        }, payload);
        entries.Add(HashOf(term, payload));
    }

    private static ulong HashOf(ulong term, ReadOnlySpan<byte> payload)
    {
        var hash = term;
        foreach (var b in payload) hash = unchecked((hash ^ b) * 0x100000001B3);
        return unchecked(hash * 31 + (ulong)payload.Length);
    }

    /// <returns>Null when the log is refused as rotten.</returns>
    private static LoadedState? Recover(ReadOnlySpan<byte> image)
    {
        if (SegmentHeader.Read(image, "torture") is not { } header || header.Member != Member) return null;
        var replay = new LogReplay();
        replay.StartFrom(header);
        try
        {
            var scan = new SegmentScan(image, header, "torture", replay);
            var (end, footerEnd, _) = scan.Read();
            scan.RequireTorn(end, footerEnd);
        }
        catch (RotFoundException) { return null; }
        var loaded = replay.Finish();
        return loaded is null ? null : new LoadedState(loaded.HardState.Term, loaded.HardState.Vote.Value,
            [.. loaded.Entries.Select(entry => HashOf(entry.Term, entry.Payload.Span))]);
    }

    /// <summary>A crash in the middle of each write: it is there up to some byte, and nothing after it.</summary>
    public int CutAtEveryByte()
    {
        var cuts = 0;
        foreach (var write in _writes)
        {
            _damaged.AsSpan().Clear();
            _image.AsSpan(0, write.Start).CopyTo(_damaged);
            for (var cut = write.Start; cut <= write.End; cut++, cuts++)
            {
                RequireBetween(write, Recover(_damaged), $"cut at byte {cut}");
                if (cut < write.End) _damaged[cut] = _image[cut];
            }
        }
        return cuts;
    }

    /// <summary>Sectors of the last write did not reach the disk, in any combination when they are few.</summary>
    public int LoseSectors()
    {
        var tried = 0;
        foreach (var write in _writes)
        {
            var first = write.Start / SectorBytes;
            var sectors = ((write.End - 1) / SectorBytes) - first + 1;
            for (var pick = 0; pick < Math.Min(1 << sectors, 64); pick++, tried++)
            {
                var missing = sectors <= 6 ? (ulong)pick : _dice.Next();
                _damaged.AsSpan().Clear();
                _image.AsSpan(0, write.End).CopyTo(_damaged);
                for (var sector = 0; sector < sectors; sector++)
                {
                    if ((missing & (1UL << sector)) == 0) continue;
                    var (from, to) = (Math.Max(write.Start, (first + sector) * SectorBytes),
                        Math.Min(write.End, (first + sector + 1) * SectorBytes));
                    _damaged.AsSpan(from, to - from).Clear();
                }
                RequireBetween(write, Recover(_damaged), $"sectors {missing:x} of the write at {write.Start} lost");
            }
        }
        return tried;
    }

    /// <summary>A bit of what was synced changes: refused, or read as it was written.</summary>
    /// <returns>How many flips were refused.</returns>
    public int FlipEveryBit(int step = 1)
    {
        var refused = 0;
        var whole = _writes[^1].After;
        _image.CopyTo(_damaged, 0);
        for (var bit = 0; bit < 8 * (_writes[^1].End + 64); bit += step)
        {
            _damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            if (Recover(_damaged) is not { } read) refused++;
            else if (!Same(read, whole))
                throw new Violation("log-recovery",
                    $"bit {bit % 8} of byte {bit / 8} flipped: {read.Entries.Length} of {whole.Entries.Length} synced entries were read, "
                    + $"and nothing was said");
            _damaged[bit / 8] ^= (byte)(1 << (bit % 8));
        }
        return refused;
    }

    private static bool Same(LoadedState a, LoadedState b) =>
        a.Term == b.Term && a.Vote == b.Vote && a.Entries.AsSpan().SequenceEqual(b.Entries);

    /// <summary>What was synced before the torn write is there; what is there beyond it was written.</summary>
    private static void RequireBetween(Written write, LoadedState? read, string damage)
    {
        if (read is null) throw new Violation("log-recovery", $"{damage}: a torn write was taken for rot");
        var truncates = write.After.Entries.Length < write.Before.Entries.Length
            || !write.After.Entries.AsSpan().StartsWith(write.Before.Entries);
        var kept = truncates ? CommonLength(write.Before.Entries, write.After.Entries) : write.Before.Entries.Length;
        if (read.Entries.Length < kept || read.Term < write.Before.Term)
            throw new Violation("log-recovery", $"{damage}: {read.Entries.Length} of {kept} synced entries were read");
        var isOld = write.Before.Entries.AsSpan().StartsWith(read.Entries);
        if (!isOld && !write.After.Entries.AsSpan().StartsWith(read.Entries))
            throw new Violation("log-recovery", $"{damage}: entries were read that nobody wrote");
    }

    private static int CommonLength(ulong[] a, ulong[] b)
    {
        var length = 0;
        while (length < a.Length && length < b.Length && a[length] == b[length]) length++;
        return length;
    }
}
