using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Storage;
using VideoScale.Consensus.Engine.Wal;

namespace VideoScale.Consensus.Tests.Wal;

/// <summary>
/// Files of a log that were cut, emptied, deleted, or lost their header: whatever was done, either nothing is missing or the replica knows
/// it.
/// </summary>
public sealed class MutilationTests : IDisposable
{
    private static readonly WalOptions Options = new() { SegmentBytes = 16 << 10, FirstSegmentBytes = 16 << 10, SpareSegments = 0 };
    private static readonly Membership Three = Membership.Of(TestLog.Member, new MemberId(2), new MemberId(3));
    private static readonly Membership Alone = Membership.Of(TestLog.Member);
    private readonly TemporaryDirectory _temporary = new();

    public void Dispose() => _temporary.Dispose();

    /// <returns>The log's files, and what it vouched for.</returns>
    private async Task<(string[] Files, List<Entry> Entries)> MakeAsync(int writes, int payload)
    {
        using var directory = DataDirectory.Open(_temporary.Path, clusterId: 1, member: TestLog.Member);
        await using var log = new TestLog(directory.LogPath, Options);
        log.Vote(3, 2);
        for (ulong i = 1; i <= (ulong)writes; i++)
        {
            log.Append(3, TestLog.Payload(payload, i));
            log.Sync();
        }
        return ([.. Directory.GetFiles(directory.LogPath, "*.segment").Order(StringComparer.Ordinal)], [.. log.Model]);
    }

    private static DurableState Open(DataDirectory directory, Membership initial) =>
        DurableState.Open(directory, new SnapshotStore(directory), Options, initial, NullLogger.Instance);

    /// <summary>
    /// Whoever is alone has everything or does not start; whoever is among others has everything or is quarantined, now and at the next
    /// start.
    /// </summary>
    private async Task CheckAsync(List<Entry> entries, string what)
    {
        using var directory = DataDirectory.Open(_temporary.Path);
        try
        {
            await using var alone = Open(directory, Alone);
            Assert.False(alone.IsDamaged, what);
            Assert.False(alone.Origin.IsNew, what);
            TestLog.AssertSame(entries, alone.Log.Load().Entries);
            return; // nothing is missing
        }
        catch (RotFoundException e) { Assert.Matches("is damaged at byte [0-9]+|lost entries after", e.Message); }
        Assert.False(DurableState.IsUnderRepair(directory)); // nothing was changed
        for (var start = 0; start < 2; start++)
        {
            await using var among = Open(directory, Three);
            Assert.True(among.IsDamaged, what);
            var kept = among.Log.Load();
            TestLog.AssertPrefix([.. kept.Entries], entries);
        }
    }

    private void PutBack(Dictionary<string, byte[]> files)
    {
        foreach (var name in (string[])["log", "damaged"])
            if (Directory.Exists(Path.Combine(_temporary.Path, name)))
                Directory.Delete(Path.Combine(_temporary.Path, name), recursive: true);
        File.Delete(Path.Combine(_temporary.Path, "repair.json"));
        Directory.CreateDirectory(Path.Combine(_temporary.Path, "log"));
        foreach (var (path, bytes) in files) File.WriteAllBytes(path, bytes);
    }

    private async Task SweepAsync(int writes, int payload, Func<string[], long, IEnumerable<(string What, Action Do)>> mutilations)
    {
        var (paths, entries) = await MakeAsync(writes, payload);
        using (var directory = DataDirectory.Open(_temporary.Path))
        {
            await using var first = Open(directory, Three); // origin.json says from here on that it took part
        }
        var files = paths.ToDictionary(path => path, File.ReadAllBytes);
        var end = files[paths[^1]].AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        foreach (var (what, act) in mutilations(paths, end))
        {
            PutBack(files);
            act();
            await CheckAsync(entries, what);
        }
    }

    private static void Cut(string path, long length)
    {
        using var file = new FileStream(path, FileMode.Open);
        file.SetLength(length);
    }

    private static void Change(string path, int at, Func<byte, byte> to)
    {
        using var file = new FileStream(path, FileMode.Open);
        file.Position = at;
        var was = (byte)file.ReadByte();
        file.Position = at;
        file.WriteByte(to(was));
    }

    [Fact]
    public async Task A_log_cut_at_any_byte_is_whole_or_known_to_be_cut() => await SweepAsync(writes: 2, payload: 24, (paths, end) =>
        Enumerable.Range(0, SegmentHeader.Bytes / 256).Select(i => i * 256L)
            .Concat(Enumerable.Range(SegmentHeader.Bytes - 2, (int)end - SegmentHeader.Bytes + 24).Select(i => (long)i))
            .Append((16 << 10) - 1)
            .Select(length => ($"cut to {length} of {end}", (Action)(() => Cut(paths[0], length)))));

    [Fact]
    public async Task A_cut_file_that_lacks_nothing_gets_its_length_back_so_that_a_later_torn_write_is_one()
    {
        var (files, entries) = await MakeAsync(writes: 2, payload: 24);
        var end = File.ReadAllBytes(files[^1]).AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        Cut(files[^1], (end + 64 + 7) & ~7);
        using var directory = DataDirectory.Open(_temporary.Path);
        await using (Open(directory, Alone)) Assert.Equal(16 << 10, new FileInfo(files[^1]).Length);
        for (var at = end + 8; at < end + 200; at++) Change(files[^1], at, _ => 0xEE); // a write that the power cut off
        await using var alone = Open(directory, Alone);
        Assert.False(alone.IsDamaged);
        TestLog.AssertSame(entries, alone.Log.Load().Entries);
    }

    [Fact]
    public async Task A_header_with_any_byte_changed_is_known_to_be_damaged() => await SweepAsync(writes: 2, payload: 24, (paths, _) =>
        Enumerable.Range(0, 112).Concat(Enumerable.Range(SegmentHeader.Bytes - 8, 8)).Append(2_000).SelectMany(at => new (string, Action)[]
        {
            ($"byte {at} flipped", () => Change(paths[0], at, was => (byte)~was)),
            ($"byte {at} zeroed", () => Change(paths[0], at, _ => 0)),
        }));

    [Fact]
    public async Task Any_segment_deleted_emptied_or_cut_is_known_to_be_missing() =>
        await SweepAsync(writes: 12, payload: 3_000, (paths, end) =>
    {
        Assert.True(paths.Length >= 3);
        return paths.Take(paths.Length - 1).SelectMany(path => new (string, Action)[]
        {
            ($"{path} deleted", () => File.Delete(path)),
            ($"{path} emptied", () => Cut(path, 0)),
            ($"{path} without header", () => Cut(path, 100)),
            ($"{path} cut", () => Cut(path, 6_000)),
            ($"{path} zeroed", () => File.WriteAllBytes(path, new byte[16 << 10])),
        }).Append(("the last one emptied", () => Cut(paths[^1], 0))).Append(("the last one cut", () => Cut(paths[^1], end - 8)))
            .Append(("all deleted", () => Array.ForEach(paths, File.Delete)))
            .Append(("log/ deleted", () => Directory.Delete(Path.GetDirectoryName(paths[0])!, recursive: true)));
    });

    [Fact]
    public async Task A_log_whose_end_was_deleted_is_known_by_what_was_derived_from_it()
    {
        var (paths, entries) = await MakeAsync(writes: 12, payload: 3_000);
        File.Delete(paths[^1]);
        using var directory = DataDirectory.Open(_temporary.Path);
        var witness = new LogWitness((ulong)entries.Count, TookPart: true);
        Assert.Throws<RotFoundException>(() =>
            DurableState.Open(directory, new SnapshotStore(directory), Options, Alone, NullLogger.Instance, witness));
        await using var among = DurableState.Open(directory, new SnapshotStore(directory), Options, Three, NullLogger.Instance, witness);
        Assert.True(among.IsDamaged);
    }

    [Fact]
    public async Task A_directory_that_was_made_and_never_took_part_is_new_and_one_of_an_earlier_version_is_not()
    {
        using (var directory = DataDirectory.Open(_temporary.Path, clusterId: 1, member: TestLog.Member))
        {
            await using var state = Open(directory, Three);
            Assert.True(state.Origin.IsNew);
            state.Note(state.Origin with { Known = [new MemberValue(new MemberId(2), 7)] });
        }
        using (var directory = DataDirectory.Open(_temporary.Path))
        {
            await using var state = Open(directory, Three);
            Assert.True(state.Origin.IsNew); // the same log
            Assert.Equal(new MemberValue(new MemberId(2), 7), Assert.Single(state.Origin.Known));
        }
        File.Delete(Path.Combine(_temporary.Path, "origin.json"));
        await MakeAsync(writes: 1, payload: 10);
        using var old = DataDirectory.Open(_temporary.Path);
        await using var upgraded = Open(old, Three);
        Assert.False(upgraded.Origin.IsNew);
        Assert.False(upgraded.IsDamaged);
    }
}
