using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Storage;
using VideoScale.Consensus.Engine.Wal;

namespace VideoScale.Consensus.Tests.Wal;

public sealed class RepairTests
{
    private static readonly WalOptions Options = new() { SegmentBytes = 32 << 10, FirstSegmentBytes = 32 << 10, SpareSegments = 0 };
    private static readonly Membership Three = Membership.Of(TestLog.Member, new MemberId(2), new MemberId(3));
    private static readonly Membership Alone = Membership.Of(TestLog.Member);

    /// <summary>Ten entries one by one, a vote in term 9 behind them, one more; then a byte of entry 5 changes.</summary>
    private static async Task<(DataDirectory Directory, string File)> DamagedAsync(string path, Membership? membershipBehind = null)
    {
        var directory = DataDirectory.Open(path, clusterId: 1, member: TestLog.Member);
        var damagedAt = 0L;
        await using (var log = new TestLog(directory.LogPath, Options))
        {
            for (ulong i = 1; i <= 10; i++)
            {
                if (i == 5) damagedAt = SegmentHeader.Bytes + log.Log.Statistics.BytesWritten + RecordFormat.HeaderBytes + 3;
                log.Append(2, TestLog.Payload(40, i));
                log.Sync();
            }
            if (membershipBehind is not null) log.Configure(2, membershipBehind);
            log.Sync();
            log.Vote(9, 3);
            log.Sync();
            log.Append(9, TestLog.Payload(40, 11));
            log.Sync();
        }
        var file = Directory.GetFiles(directory.LogPath, "*.segment").Single();
        using (var stream = new FileStream(file, FileMode.Open))
        {
            stream.Position = damagedAt;
            var was = stream.ReadByte();
            stream.Position = damagedAt;
            stream.WriteByte((byte)(was ^ 0x40));
        }
        return (directory, file);
    }

    private static DurableState Open(DataDirectory directory, Membership initial) =>
        DurableState.Open(directory, new SnapshotStore(directory), Options, initial, NullLogger.Instance);

    [Fact]
    public async Task A_replica_among_others_starts_with_what_is_sound_and_remembers_terms_behind_the_damage()
    {
        using var temporary = new TemporaryDirectory();
        var (directory, file) = await DamagedAsync(temporary.Path);
        using (directory)
        {
            var before = File.ReadAllBytes(file);
            await using (var state = Open(directory, Three))
            {
                Assert.True(state.IsDamaged);
                var loaded = state.Log.Load();
                Assert.Equal(4, loaded.Entries.Count);
                Assert.Equal(9UL, loaded.HardState.Term);
                Assert.Equal(TestLog.Member, loaded.HardState.Vote); // spent: who got it in term 9 is not known for sure
            }
            // nothing is deleted
            Assert.Equal(before, File.ReadAllBytes(Path.Combine(directory.Path, "damaged", "log-1", Path.GetFileName(file))));
            await using (var again = Open(directory, Three))
            {
                Assert.True(again.IsDamaged); // a restart is no repair
                again.Repaired();
            }
            await using var whole = Open(directory, Three);
            Assert.False(whole.IsDamaged);
            Assert.Equal(4, whole.Log.Load().Entries.Count);
        }
    }

    [Fact]
    public async Task A_conflict_is_remembered_until_somebody_decides()
    {
        using var temporary = new TemporaryDirectory();
        using var directory = DataDirectory.Open(temporary.Path, clusterId: 1, member: TestLog.Member);
        await using (var state = Open(directory, Three))
        {
            Assert.Null(state.Conflict);
            state.NoteConflict("entry 7 is missing there");
        }
        await using (var again = Open(directory, Three)) Assert.Equal("entry 7 is missing there", again.Conflict);
        DurableState.ForgetConflict(directory);
        await using var decided = Open(directory, Three);
        Assert.Null(decided.Conflict);
    }

    [Fact]
    public async Task The_only_voter_refuses_to_start_and_names_the_byte()
    {
        using var temporary = new TemporaryDirectory();
        var (directory, file) = await DamagedAsync(temporary.Path);
        using (directory)
        {
            var before = File.ReadAllBytes(file);
            var rot = Assert.Throws<RotFoundException>(() => Open(directory, Alone));
            Assert.Contains($"{file} is damaged at byte {rot.Position}", rot.Message, StringComparison.Ordinal);
            Assert.InRange(rot.Position, SegmentHeader.Bytes, before.Length);
            Assert.Equal(5UL, rot.FirstIndex);
            Assert.Equal(before, File.ReadAllBytes(file));
            Assert.False(DurableState.IsUnderRepair(directory));
        }
    }

    [Fact]
    public async Task Whether_it_is_alone_is_said_by_the_last_membership_also_when_that_stands_behind_the_damage()
    {
        using var temporary = new TemporaryDirectory();
        var (directory, _) = await DamagedAsync(temporary.Path, membershipBehind: Three);
        using (directory)
        {
            await using var state = Open(directory, Alone);
            Assert.True(state.IsDamaged);
        }
        using var other = new TemporaryDirectory();
        var (shrunk, _) = await DamagedAsync(other.Path, membershipBehind: Alone);
        using (shrunk) Assert.Throws<RotFoundException>(() => Open(shrunk, Three));
    }

    [Fact]
    public async Task A_log_that_begins_behind_the_last_sound_snapshot_is_fetched_again()
    {
        using var temporary = new TemporaryDirectory();
        using var directory = await WithDamagedSnapshotAsync(temporary.Path, Three);
        await using (var state = Open(directory, Alone))
        {
            Assert.True(state.IsDamaged);
            var loaded = state.Log.Load();
            Assert.Equal((8UL, 0), (loaded.BaseIndex, loaded.Entries.Count));
            Assert.Equal((4UL, new MemberId(3)), (loaded.HardState.Term, loaded.HardState.Vote)); // the log was sound: its vote is known
        }
        Assert.Equal(2, Directory.GetFiles(directory.SnapshotPath).Length); // the damaged one is still there
        using var other = new TemporaryDirectory();
        using var alone = await WithDamagedSnapshotAsync(other.Path, Alone);
        Assert.Throws<RotFoundException>(() => Open(alone, Three));
    }

    private static async Task<DataDirectory> WithDamagedSnapshotAsync(string path, Membership membership)
    {
        var directory = DataDirectory.Open(path, clusterId: 1, member: TestLog.Member);
        await using (var log = new TestLog(directory.LogPath, Options))
        {
            log.Append(2, [.. Enumerable.Range(1, 20).Select(i => TestLog.Payload(40, (ulong)i))]);
            log.Sync();
            log.Compact(15);
            log.Vote(4, 3);
            log.Sync();
        }
        WriteSnapshot(directory, 8, membership);
        WriteSnapshot(directory, 15, membership);
        var newest = Directory.GetFiles(directory.SnapshotPath).Order(StringComparer.Ordinal).Last();
        using (var stream = new FileStream(newest, FileMode.Open))
        {
            stream.Position = stream.Length - 3;
            stream.WriteByte(0x55);
        }
        return directory;
    }

    private static void WriteSnapshot(DataDirectory directory, ulong index, Membership membership)
    {
        using var sink = new SnapshotStore(directory).Create(new SnapshotMeta(index, 2, membership, 0));
        sink.Stream.Write(new byte[100]);
        sink.Commit();
    }
}
