using VideoScale.Consensus.Core;
using VideoScale.Harness;

namespace VideoScale.Consensus.Tests.Wal;

public sealed class Wal_round_trips
{
    [Fact]
    public async Task What_was_acknowledged_is_there_after_a_restart()
    {
        using var directory = new TemporaryDirectory();
        await using (var log = new TestLog(directory.Path))
        {
            log.Vote(3, 0x77);
            log.Append(3, TestLog.Payload(10, 1), TestLog.Payload(0, 2));
            log.Commit(2); // nothing to write by itself: goes with the next write
            log.Sync();
            log.Append(3, TestLog.Payload(5_000, 3));
            log.Sync();
            Assert.Equal(3UL, log.Listener.LastIndex);
            Assert.Equal(3UL, log.Listener.Term);
        }
        await using var again = new TestLog(directory.Path);
        Assert.Equal(new HardState(3, new MemberId(0x77), 2), again.Loaded.HardState);
        Assert.Equal(3, again.Loaded.Entries.Count);
        Assert.Equal(TestLog.Payload(5_000, 3), again.Loaded.Entries[2].Payload.ToArray());
    }

    [Fact]
    public void Any_history_of_appends_overwrites_resets_and_compactions_reads_back_as_it_was() => Seeds.Run(12, random =>
    {
        using var directory = new TemporaryDirectory();
        var model = new List<Entry>();
        var hard = default(HardState);
        var baseIndex = 0UL;
        for (var life = 0; life < 4; life++)
        {
            var log = new TestLog(directory.Path);
            TestLog.AssertSame(model, log.Loaded.Entries);
            Assert.Equal(hard, log.Loaded.HardState);
            Assert.Equal(baseIndex, log.Loaded.BaseIndex);
            for (var step = 0; step < 60; step++) Live(log, random);
            log.Append(Math.Max(1, log.HardState.Term), TestLog.Payload(8, 1)); // carries the last commit index to disk
            log.Sync();
            (hard, baseIndex, model) = (log.HardState, log.BaseIndex, [.. log.Model]);
            log.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    });

    [Fact]
    public async Task A_compacted_log_gives_its_segments_back_and_still_reads_whole()
    {
        using var directory = new TemporaryDirectory();
        await using (var log = new TestLog(directory.Path))
        {
            for (var i = 0; i < 400; i++)
            {
                log.Append(1, TestLog.Payload(4_000, (ulong)i));
                if (i % 10 != 9) continue;
                log.Sync();
                log.Commit(log.LastIndex);
                log.Compact(log.LastIndex - 5);
            }
            log.Append(1, TestLog.Payload(100, 1));
            log.Sync();
            var files = System.IO.Directory.GetFiles(directory.Path);
            Assert.True(files.Length <= 6, $"{files.Length} files are left of some 27 segments");
        }
        var read = TestLog.Read(directory.Path);
        Assert.Equal(395UL, read.BaseIndex);
        Assert.Equal(6, read.Entries.Count);
    }

    [Fact]
    public async Task An_entry_larger_than_a_segment_gets_a_segment_of_its_own()
    {
        using var directory = new TemporaryDirectory();
        await using (var log = new TestLog(directory.Path))
        {
            log.Append(1, TestLog.Payload(300_000, 1));
            log.Append(1, TestLog.Payload(10, 2));
            log.Sync();
        }
        var read = TestLog.Read(directory.Path);
        Assert.Equal(TestLog.Payload(300_000, 1), read.Entries[0].Payload.ToArray());
        Assert.Equal(2, read.Entries.Count);
    }

    [Fact]
    public async Task Durability_comes_in_the_order_of_the_batches_and_covers_all_of_them()
    {
        using var directory = new TemporaryDirectory();
        await using var log = new TestLog(directory.Path, TestLog.Small with { SegmentBytes = 1 << 20 });
        for (var i = 0; i < 5_000; i++) log.Append(1, TestLog.Payload(100, (ulong)i));
        log.Sync();
        Assert.Equal(5_000UL, log.Listener.LastIndex);
        Assert.True(log.Log.Statistics.Syncs < 5_000, "writes that wait for a sync go to disk together");
    }

    private static void Live(TestLog log, Random random)
    {
        var term = log.HardState.Term;
        switch (random.Next(12))
        {
            case 0:
                log.Vote(term + 1, (ulong)random.Next(1, 4));
                break;
            case 1 when log.LastIndex > log.HardState.Commit: // a new leader overwrites what is not committed
                log.AppendAt(log.HardState.Commit + 1 + (ulong)random.Next((int)(log.LastIndex - log.HardState.Commit)), term + 1,
                    TestLog.Payload(random.Next(900), 1));
                break;
            case 2 when log.Model.Count > 2 && log.HardState.Commit > log.BaseIndex:
                log.Compact(log.HardState.Commit);
                break;
            case 3 when random.Next(8) == 0:
                log.Reset(log.LastIndex + (ulong)random.Next(5), term);
                break;
            case 4:
                log.Commit(Math.Max(log.HardState.Commit, log.LastIndex - (ulong)random.Next((int)Math.Min(4, log.Model.Count + 1))));
                break;
            default:
                log.Append(Math.Max(1, term),
                    [.. Enumerable.Range(0, random.Next(1, 5)).Select(i => TestLog.Payload(random.Next(2_000), (ulong)i))]);
                break;
        }
    }
}
