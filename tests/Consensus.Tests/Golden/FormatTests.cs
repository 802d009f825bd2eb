using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Wal;
using VideoScale.Consensus.Tests.Wal;

namespace VideoScale.Consensus.Tests.Golden;

/// <summary>
/// Log and snapshot files as each version of the format wrote them (folder <c>files/vN</c>): every later program reads them. A new version
/// of a format comes with files of its own: UPDATE_GOLDEN=1 writes them where none are yet, and never changes those of an older version.
/// </summary>
public sealed class FormatTests
{
    private const ulong ClusterId = 0x5EED;
    private static readonly WalOptions Options = new() { SegmentBytes = 8 << 10, FirstSegmentBytes = 8 << 10, SpareSegments = 0 };
    private static readonly Membership Members = Membership.Of(TestLog.Member, new MemberId(2), new MemberId(3)) with
    {
        OutgoingVoters = [TestLog.Member],
        Learners = [new MemberId(9)],
        Addresses = [new MemberAddress(new MemberId(2), "cp2.example:8080", "cp2.example:7980", "cp2.example:7880")],
    };

    private static string Folder(string kind, uint version) => Path.Combine(GoldenTests.SourceFolder(), "files", $"{kind}-v{version}");

    /// <summary>Two segments: votes, commands, a membership, a rewritten tail; then a compaction behind a snapshot at 8.</summary>
    private static async Task WriteAsync(string path)
    {
        using var directory = DataDirectory.Open(path, ClusterId, TestLog.Member);
        await using (var log = new TestLog(directory.LogPath, Options))
        {
            log.Vote(1, 2);
            log.Append(1, [.. Enumerable.Range(1, 9).Select(i => TestLog.Payload(100 * i, (ulong)i))]);
            log.Sync();
            log.Configure(2, Members);
            log.Append(2, [.. Enumerable.Range(11, 10).Select(i => TestLog.Payload(300, (ulong)i))]);
            log.Sync();
            log.Vote(4, 3);
            log.AppendAt(18, 4, TestLog.Payload(40, 18), TestLog.Payload(0, 19));
            log.Commit(17);
            log.Sync();
        }
        using var sink = new SnapshotStore(directory).Create(new SnapshotMeta(8, 1, Members, 3));
        sink.Stream.Write(TestLog.Payload(300_000, 8));
        sink.Commit();
    }

    private static List<Entry> Expected()
    {
        var entries = new List<Entry>();
        for (ulong i = 1; i <= 9; i++) entries.Add(Command(i, 1, 100 * (int)i));
        entries.Add(new Entry(10, 2, EntryKind.Configuration, ProposalId.None, MembershipCodec.Encode(Members)));
        for (ulong i = 11; i <= 17; i++) entries.Add(Command(i, 2, 300));
        entries.Add(Command(18, 4, 40));
        entries.Add(Command(19, 4, 0));
        return entries;
    }

    private static Entry Command(ulong index, ulong term, int bytes) =>
        new(index, term, EntryKind.Command, new ProposalId(7, index), TestLog.Payload(bytes, index));

    public static TheoryData<uint> LogVersions =>
        [.. Enumerable.Range(1, (int)SegmentHeader.FormatVersion).Select(version => (uint)version)];

    public static TheoryData<uint> SnapshotVersions =>
        [.. Enumerable.Range(1, (int)SnapshotFormat.Version).Select(version => (uint)version)];

    [Theory]
    [MemberData(nameof(LogVersions))]
    public async Task A_log_of_every_version_is_read(uint version)
    {
        await WriteMissingAsync();
        using var temporary = new TemporaryDirectory();
        Copy(Folder("log", version), temporary.Path); // reading may write: golden files stay as they are
        var log = new WriteAheadLog(temporary.Path, TestLog.Member, Options);
        await using (log)
        {
            var loaded = log.Load();
            Assert.Equal(new HardState(4, new MemberId(3), 17), loaded.HardState);
            Assert.Equal(0UL, loaded.BaseIndex);
            TestLog.AssertSame(Expected(), loaded.Entries);
            Assert.Equal(Members, MembershipCodec.Decode(loaded.Entries[9].Payload.Span));
        }
    }

    [Theory]
    [MemberData(nameof(SnapshotVersions))]
    public async Task A_snapshot_of_every_version_is_read(uint version)
    {
        await WriteMissingAsync();
        using var temporary = new TemporaryDirectory();
        Copy(Folder("snapshot", version), temporary.Path);
        var store = new SnapshotStore(temporary.Path);
        Assert.Empty(store.Damaged);
        Assert.Equal(new SnapshotMeta(8, 1, Members, 3), store.Latest);
        using var stored = store.Open(8)!;
        using var content = new MemoryStream();
        using (var stream = stored.OpenRead()) stream.CopyTo(content);
        Assert.Equal(TestLog.Payload(300_000, 8), content.ToArray());
    }

    private static async Task WriteMissingAsync()
    {
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") != "1") return;
        using var temporary = new TemporaryDirectory();
        await WriteAsync(temporary.Path);
        using var directory = DataDirectory.Open(temporary.Path, ClusterId, TestLog.Member);
        Keep(directory.LogPath, Folder("log", SegmentHeader.FormatVersion));
        Keep(directory.SnapshotPath, Folder("snapshot", SnapshotFormat.Version));
    }

    private static void Keep(string from, string to)
    {
        if (!Directory.Exists(to)) Copy(from, to);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }
}
