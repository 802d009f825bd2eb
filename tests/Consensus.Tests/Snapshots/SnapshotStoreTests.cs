using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Tests.Wal;
using VideoScale.Harness;

namespace VideoScale.Consensus.Tests.Snapshots;

public sealed class Snapshot_store
{
    private static SnapshotMeta Meta(ulong index) =>
        new(index, 3, new Membership([new MemberId(1), new MemberId(2)], [new MemberId(3)], [new MemberId(9)]), index - 1);

    private static void Save(SnapshotStore store, ulong index, byte[] content)
    {
        using var sink = store.Create(Meta(index));
        for (var at = 0; at < content.Length; at += 70_000) sink.Stream.Write(content.AsSpan(at, Math.Min(70_000, content.Length - at)));
        Assert.True(sink.Commit() > (ulong)content.Length);
    }

    private static byte[] Load(SnapshotStore store, ulong index)
    {
        using var stored = store.Open(index)!;
        using var stream = stored.OpenRead();
        var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    [Fact]
    public void Gives_back_what_was_saved_also_after_a_restart() => Seeds.Run(12, random =>
    {
        using var directory = new TemporaryDirectory();
        var content = TestLog.Payload(random.Next(3) == 0 ? random.Next(100) : random.Next(1_000_000), 1);
        var store = new SnapshotStore(directory.Path);
        Assert.Null(store.Latest);
        Save(store, 10, content);
        foreach (var reader in new[] { store, new SnapshotStore(directory.Path) })
        {
            Assert.Equal(Meta(10), reader.Latest);
            Assert.Equal(content, Load(reader, 10));
            Assert.Null(reader.Open(11));
        }
    });

    [Fact]
    public void Keeps_the_last_two_and_what_is_open_stays_readable()
    {
        using var directory = new TemporaryDirectory();
        var store = new SnapshotStore(directory.Path);
        Save(store, 10, [1]);
        using var open = store.Open(10)!;
        Save(store, 20, [2]);
        Save(store, 30, [3]);
        Assert.Null(store.Open(10));
        Assert.Equal(30UL, store.Latest!.Index);
        Assert.Equal([2], Load(store, 20));
        using var stream = open.OpenRead();
        Assert.Equal(1, stream.ReadByte());
        Assert.Equal(2, Directory.GetFiles(directory.Path).Length);
    }

    [Fact]
    public void Lists_nothing_that_was_not_committed()
    {
        using var directory = new TemporaryDirectory();
        var store = new SnapshotStore(directory.Path);
        var cut = store.Create(Meta(10)); // as if the process died while it wrote: no Commit, no Dispose
        cut.Stream.Write(new byte[300_000]);
        using (var given = store.Create(Meta(11))) given.Stream.Write(new byte[10]);
        var again = new SnapshotStore(directory.Path);
        Assert.Null(again.Latest);
        Assert.Empty(Directory.GetFiles(directory.Path));
        cut.Dispose();
    }

    [Fact]
    public void A_flipped_bit_anywhere_is_found_and_the_older_snapshot_stands_in() => Seeds.Run(150, random =>
    {
        using var directory = new TemporaryDirectory();
        var store = new SnapshotStore(directory.Path);
        Save(store, 10, TestLog.Payload(500, 1));
        Save(store, 20, TestLog.Payload(300_000, 2));
        var newest = Directory.GetFiles(directory.Path).Order(StringComparer.Ordinal).Last();
        var bytes = File.ReadAllBytes(newest);
        var at = random.Next(3) == 0 ? random.Next(200) : random.Next(bytes.Length);
        bytes[at] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(newest, random.Next(5) == 0 ? bytes[..at] : bytes);
        var again = new SnapshotStore(directory.Path);
        Assert.Equal(10UL, again.Latest!.Index);
        Assert.Equal(newest, Assert.Single(again.Damaged).File);
        Assert.True(File.Exists(newest)); // corruption never deletes
        Assert.Throws<RotFoundException>(() => SnapshotStore.Check(newest));
    });

    [Fact]
    public void A_receiver_that_was_cut_goes_on_where_it_stopped() => Seeds.Run(20, random =>
    {
        using var source = new TemporaryDirectory();
        using var target = new TemporaryDirectory();
        var content = TestLog.Payload(200_000, 3);
        Save(new SnapshotStore(source.Path), 40, content);
        var file = File.ReadAllBytes(Directory.GetFiles(source.Path).Single());
        var sent = 0;
        while (sent < file.Length)
        {
            var store = new SnapshotStore(target.Path); // a new process each time
            using var receipt = store.Receive(5, file.Length);
            Assert.Equal(sent, receipt.Offset);
            var piece = Math.Min(file.Length - sent, random.Next(1, 120_000));
            receipt.Write(file.AsSpan(sent, piece));
            sent += piece;
            if (sent == file.Length) Assert.Equal(Meta(40), receipt.Complete());
            else Assert.Throws<InvalidDataException>(() => receipt.Complete());
        }
        Assert.Equal(content, Load(new SnapshotStore(target.Path), 40));
    });

    [Fact]
    public void What_arrives_damaged_is_not_listed_and_is_sent_anew()
    {
        using var source = new TemporaryDirectory();
        using var target = new TemporaryDirectory();
        Save(new SnapshotStore(source.Path), 40, TestLog.Payload(1_000, 3));
        var file = File.ReadAllBytes(Directory.GetFiles(source.Path).Single());
        var store = new SnapshotStore(target.Path);
        using (var receipt = store.Receive(5, file.Length))
        {
            var damaged = file.ToArray();
            damaged[700] ^= 1;
            receipt.Write(damaged);
            Assert.Throws<RotFoundException>(() => receipt.Complete());
        }
        Assert.Null(store.Latest);
        using var again = store.Receive(5, file.Length);
        Assert.Equal(0, again.Offset);
        Assert.Throws<InvalidDataException>(() => again.Write(new byte[file.Length + 1]));
    }
}
