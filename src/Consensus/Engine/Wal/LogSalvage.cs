using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>What can still be read of a log with rot in it. Changes nothing.</summary>
/// <param name="Sound">All before the damage.</param>
/// <param name="HighestTerm">The replica was in this term: said by sound records behind the damage too.</param>
/// <param name="LastMembership">The last membership that can be read, before or behind the damage; null when none is in the log.</param>
internal sealed record SalvagedLog(LoadedLog Sound, ulong HighestTerm, Membership? LastMembership, RotFoundException Rot);

/// <summary>Reads a damaged log up to the damage, and looks behind it for what must not be forgotten: terms, and who votes.</summary>
internal static unsafe class LogSalvage
{
    internal static SalvagedLog Run(string directory, MemberId member, WalOptions options)
    {
        var (found, damage) = LogRecovery.FindSegments(directory, member);
        var replay = new LogReplay();
        var behind = new Behind();
        RotFoundException? rot = null;
        long end = 0;
        for (var i = 0; i < found.Count; i++)
        {
            var (path, header) = found[i];
            using var segment = SegmentFile.Open(path, header);
            if (rot is null)
            {
                try
                {
                    if (i == 0) replay.StartFrom(header);
                    else LogRecovery.RequireContinues(found[i - 1].Path, end, path, header, replay);
                }
                catch (RotFoundException e) { rot = e; }
            }
            rot = Read(segment, replay, damage is null && i == found.Count - 1, rot, behind, options, out end) ?? rot;
            behind.Term = Math.Max(behind.Term, header.HardState.Term);
        }
        foreach (var path in LogRecovery.PathsOf(directory).Skip(found.Count)) LookWithoutHeader(path, behind);
        rot ??= damage;
        var sound = replay.Finish();
        if (sound is null)
        {
            rot ??= LogRecovery.LacksTheFirst(found[0].Path, replay);
            sound = LoadedLog.Empty with { HardState = replay.Tail.HardState with { Commit = 0 } };
        }
        if (rot is null) throw new InvalidOperationException($"{directory} is not damaged");
        return new SalvagedLog(sound, Math.Max(sound.HardState.Term, behind.Term), behind.Membership ?? LastMembership(sound.Entries), rot);
    }

    /// <summary>
    /// A file behind the damage, or with a damaged header: its first record says which use of the file its records are of.
    /// </summary>
    private static void LookWithoutHeader(string path, Behind behind)
    {
        const int EpochAt = SegmentHeader.Bytes + 16; // in the record's header, see RecordFormat
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length < EpochAt + sizeof(ulong)) return;
        var whole = bytes.AsSpan(0, bytes.Length & ~7);
        if (SegmentHeader.Read(whole[..SegmentHeader.Bytes], path) is { } header)
            behind.Term = Math.Max(behind.Term, header.HardState.Term);
        behind.Look(whole, BinaryPrimitives.ReadUInt64LittleEndian(whole[EpochAt..]));
    }

    internal static Membership? LastMembership(IReadOnlyList<Entry> entries)
    {
        for (var i = entries.Count - 1; i >= 0; i--)
        {
            if (entries[i].Kind == EntryKind.Configuration) return MembershipCodec.Decode(entries[i].Payload.Span);
        }
        return null;
    }

    /// <returns>The damage that was found in this segment.</returns>
    private static RotFoundException? Read(SegmentFile segment, LogReplay replay, bool isLast, RotFoundException? before, Behind behind,
        WalOptions options, out long end)
    {
        var length = checked((int)segment.Length & ~7);
        var memory = (byte*)NativeMemory.Alloc((nuint)Math.Max(length, 1));
        try
        {
            var bytes = new Span<byte>(memory, length);
            segment.ReadAll(bytes);
            end = 0;
            if (before is null)
            {
                var scan = new SegmentScan(bytes, segment.Header, segment.Path, replay);
                try
                {
                    (var at, var footerEnd, _) = scan.Read();
                    end = at;
                    if (isLast)
                    {
                        scan.RequireTorn(at, footerEnd);
                        scan.RequireWhole(segment.Length, at, footerEnd, options);
                        return null;
                    }
                }
                catch (RotFoundException e)
                {
                    behind.Look(bytes, segment.Header.Epoch);
                    return e;
                }
            }
            behind.Look(bytes, segment.Header.Epoch); // also in front of damage that only the next segment shows
            return null;
        }
        finally { NativeMemory.Free(memory); }
    }

    /// <summary>Collects from whole writes, wherever they stand.</summary>
    private sealed class Behind
    {
        public ulong Term { get; set; }
        public Membership? Membership { get; private set; }

        public void Look(ReadOnlySpan<byte> bytes, ulong epoch)
        {
            const int MagicWord = (RecordFormat.FooterBytes / sizeof(ulong)) - 1;
            var words = MemoryMarshal.Cast<byte, ulong>(bytes);
            for (var word = 0; ;)
            {
                var next = words[word..].IndexOf(RecordFormat.FooterMagic);
                if (next < 0) return;
                word += next + 1;
                var at = (word - 1 - MagicWord) * sizeof(ulong);
                if (at < SegmentHeader.Bytes || !RecordFormat.TryRead(bytes[at..], epoch, out var footer)
                    || footer.Kind != RecordKind.Footer) continue;
                Term = Math.Max(Term, footer.Term);
                var start = BatchFooter.Read(bytes[(at + RecordFormat.HeaderBytes)..]).Start;
                if (start >= SegmentHeader.Bytes && start < (ulong)at) LookInside(bytes[(int)start..at], epoch);
            }
        }

        private void LookInside(ReadOnlySpan<byte> batch, ulong epoch)
        {
            while (RecordFormat.TryRead(batch, epoch, out var record))
            {
                Term = Math.Max(Term, record.Kind is RecordKind.HardState ? record.Term : 0);
                if (record.Kind == RecordKind.Entry && record.EntryKind == EntryKind.Configuration)
                    Membership = MembershipCodec.Decode(batch.Slice(RecordFormat.HeaderBytes, record.PayloadBytes));
                batch = batch[record.TotalBytes..];
            }
        }
    }
}
