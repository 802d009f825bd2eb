using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Wal;
using VideoScale.Harness;

namespace VideoScale.Consensus.Tests.Wal;

public sealed class Wal_damage
{
    /// <summary>A log whose writes are known one by one: each append is synced before the next.</summary>
    private static async Task<(byte[] Bytes, string Name, List<Entry> Entries, int LastWriteAt)> SmallLog(string directory, int writes,
        int perWrite, int payload)
    {
        await using var log = new TestLog(directory, new WalOptions
        {
            SegmentBytes = 32 << 10,
            FirstSegmentBytes = 32 << 10,
            SpareSegments = 0,
        });
        var lastWriteAt = SegmentHeader.Bytes;
        for (var i = 0; i < writes; i++)
        {
            lastWriteAt = SegmentHeader.Bytes + (int)log.Log.Statistics.BytesWritten;
            if (i == 0) log.Vote(2, 5);
            else log.Append(2, [.. Enumerable.Range(0, perWrite).Select(p => TestLog.Payload(payload, (ulong)((i * 100) + p)))]);
            log.Sync();
        }
        var file = Directory.GetFiles(directory, "*.segment").Single();
        return (File.ReadAllBytes(file), file, [.. log.Model], lastWriteAt);
    }

    [Fact]
    public async Task A_write_cut_at_any_byte_loses_only_itself()
    {
        using var directory = new TemporaryDirectory();
        var (bytes, file, entries, lastAt) = await SmallLog(directory.Path, writes: 4, perWrite: 3, payload: 40);
        var acknowledged = entries[..^3];
        for (var cut = lastAt; cut < lastAt + 420; cut++)
        {
            var torn = bytes.ToArray();
            torn.AsSpan(cut).Clear();
            File.WriteAllBytes(file, torn);
            var read = TestLog.Read(directory.Path);
            Assert.InRange(read.Entries.Count, acknowledged.Count, entries.Count);
            TestLog.AssertPrefix(acknowledged, read.Entries);
            TestLog.AssertPrefix(read.Entries, entries);
            Assert.Equal(new MemberId(5), read.HardState.Vote);
        }
    }

    [Fact]
    public async Task A_write_whose_sectors_reached_the_disk_out_of_order_is_cut_and_not_taken_for_rot()
    {
        using var directory = new TemporaryDirectory();
        var (bytes, file, entries, lastAt) = await SmallLog(directory.Path, writes: 3, perWrite: 6, payload: 700);
        var end = bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        Seeds.Run(60, random =>
        {
            var torn = bytes.ToArray();
            var lost = 0;
            for (var at = lastAt; at < end; at = (at / 512 * 512) + 512)
            {
                if (random.Next(3) != 0) continue;
                torn.AsSpan(at, Math.Min((at / 512 * 512) + 512, end) - at).Clear();
                lost++;
            }
            File.WriteAllBytes(file, torn);
            var read = TestLog.Read(directory.Path);
            TestLog.AssertPrefix(entries[..6], read.Entries);
            TestLog.AssertPrefix(read.Entries, entries);
            if (lost == 0) Assert.Equal(entries.Count, read.Entries.Count);
            TestLog.AssertSame(read.Entries, TestLog.Read(directory.Path).Entries); // the repair itself reads back
        });
    }

    [Fact]
    public async Task No_flipped_bit_is_ever_silently_wrong()
    {
        using var directory = new TemporaryDirectory();
        var (bytes, file, entries, _) = await SmallLog(directory.Path, writes: 3, perWrite: 2, payload: 24);
        var end = bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        var refused = 0;
        foreach (var bit in Enumerable.Range(0, 112 * 8)
            .Concat(Enumerable.Range((SegmentHeader.Bytes - 8) * 8, (end + 64 - SegmentHeader.Bytes + 8) * 8)))
        {
            var damaged = bytes.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(file, damaged);
            try
            {
                var read = TestLog.Read(directory.Path);
                TestLog.AssertSame(entries, read.Entries); // all of it was acknowledged
                Assert.Equal(new MemberId(5), read.HardState.Vote);
            }
            catch (RotFoundException e)
            {
                refused++;
                Assert.Equal(file, e.File);
                Assert.InRange(e.Position, 0, (bit / 8) + 1);
                Assert.Equal(damaged, File.ReadAllBytes(file)); // corruption never deletes
            }
        }
        Assert.True(refused > (end - SegmentHeader.Bytes) * 6, $"only {refused} flips were refused");
    }

    [Fact]
    public async Task Rot_in_an_older_segment_is_refused_with_its_place_and_range()
    {
        using var directory = new TemporaryDirectory();
        await using (var log = new TestLog(directory.Path))
        {
            for (var i = 0; i < 60; i++) { log.Append(1, TestLog.Payload(4_000, (ulong)i)); log.Sync(); }
        }
        var oldest = Directory.GetFiles(directory.Path, "*.segment").Order(StringComparer.Ordinal).First();
        var bytes = File.ReadAllBytes(oldest);
        bytes[20_000] ^= 1;
        File.WriteAllBytes(oldest, bytes);
        var rot = Assert.Throws<RotFoundException>(() => TestLog.Read(directory.Path));
        Assert.Equal(oldest, rot.File);
        Assert.InRange(rot.Position, 20_000 - 4_100, 20_000);
        Assert.Equal(4UL, rot.FirstIndex);
        Assert.Contains("backup", rot.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_segment_is_refused()
    {
        using var directory = new TemporaryDirectory();
        await using (var log = new TestLog(directory.Path))
        {
            for (var i = 0; i < 60; i++) { log.Append(1, TestLog.Payload(4_000, (ulong)i)); log.Sync(); }
        }
        var segments = Directory.GetFiles(directory.Path, "*.segment").Order(StringComparer.Ordinal).ToArray();
        Assert.True(segments.Length >= 3);
        var saved = File.ReadAllBytes(segments[1]);
        File.Delete(segments[1]);
        Assert.Contains("lacks segment 2", Assert.Throws<RotFoundException>(() => TestLog.Read(directory.Path)).Message,
            StringComparison.Ordinal);
        File.WriteAllBytes(segments[1], saved);
        File.Delete(segments[0]);
        Assert.Contains("lacks the segments before", Assert.Throws<RotFoundException>(() => TestLog.Read(directory.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_segment_of_another_member_is_refused()
    {
        using var directory = new TemporaryDirectory();
        await using (var log = new TestLog(directory.Path)) { log.Append(1, TestLog.Payload(10, 1)); log.Sync(); }
        await using var other = new WriteAheadLog(directory.Path, new MemberId(0x99), TestLog.Small);
        Assert.Contains("was written by member abcdef", Assert.Throws<DataDirectoryException>(other.Load).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_recycled_segment_held_before_never_reads_as_valid()
    {
        using var directory = new TemporaryDirectory();
        var (bytes, file, entries, lastAt) = await SmallLog(directory.Path, writes: 4, perWrite: 2, payload: 100);
        // As if the last write of this segment's earlier use lay behind the end: sound sums, another epoch.
        var header = SegmentHeader.Read(bytes.AsSpan(0, SegmentHeader.Bytes), file)!;
        (header with { Epoch = header.Epoch + 1 }).WriteTo(bytes.AsSpan(0, SegmentHeader.Bytes));
        File.WriteAllBytes(file, bytes);
        Assert.Empty(TestLog.Read(directory.Path).Entries);
        Assert.True(entries.Count > 0 && lastAt > 0);
    }
}
