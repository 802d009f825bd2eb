using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Moves;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine;
using VideoScale.Consensus.Engine.Ports;
using VideoScale.Consensus.Engine.Wal;

namespace VideoScale.Consensus.Tests.Wal;

/// <summary>A directory whose log goes on after a sealed entry: entry 5 of term 2, and what stands behind it changed nothing.</summary>
public sealed class Directory_move
{
    private const ulong Sealed = 5;
    private static readonly MemberId Self = new(1);
    private static readonly Membership Voters = Membership.Of(Self, new(2)) with
    {
        Addresses = [new(Self, "a:1", "a:2", "a:3"), new(new(2), "b:1", "b:2", "b:3")],
    };
    private const int Steps = 4;
    private static readonly string[] Old = ["log", "origin.json"];
    private static readonly RaftEngine Native = new(tls: null);

    [Fact]
    public void The_new_log_begins_right_behind_the_seal_and_the_old_one_is_kept()
    {
        using var temporary = Directory_that_was_sealed();
        using (var directory = Native.Open(temporary.Path, 7, Self))
        {
            Assert.Null(directory.Move);
            directory.MoveTo(Native, Sealed, 2, Voters, folder => File.WriteAllText(Path.Combine(folder, "cluster.json"), "new"));
        }
        Check(temporary.Path);
        Assert.Equal(Sealed + 2, NewestOf(Path.Combine(temporary.Path, "before-5-native", "snapshots")).Index);
    }

    public static TheoryData<int, bool> Interruptions
    {
        get
        {
            var data = new TheoryData<int, bool>();
            for (var i = 0; i < Steps; i++)
            {
                data.Add(i, false);
                data.Add(i, true);
            }
            data.Add(Steps, false);
            return data;
        }
    }

    /// <summary>After each step, and in the middle of it, where the old is aside and the new is not there yet.</summary>
    [Theory]
    [MemberData(nameof(Interruptions))]
    public void Interrupted_once_it_was_decided_it_is_finished_by_whoever_opens_the_directory(int steps, bool andAHalf)
    {
        using var temporary = Directory_that_was_sealed();
        using (var directory = DataDirectory.Open(temporary.Path, 7, Self))
        {
            var file = DirectoryMove.Decide(directory, DataDirectory.NativeEngine, Native, new LogPlace(Sealed, 2, 4), Voters, Old,
                folder => File.WriteAllText(Path.Combine(folder, "cluster.json"), "new"));
            string[] names = [.. file.Old.Union(file.New)];
            Assert.Equal(Steps, names.Length);
            foreach (var name in names.Take(steps)) DirectorySwap.Replace(temporary.Path, file, name);
            if (andAHalf && Directory.Exists(Path.Combine(temporary.Path, names[steps])))
            {
                Directory.CreateDirectory(Path.Combine(temporary.Path, file.Aside));
                Directory.Move(Path.Combine(temporary.Path, names[steps]), Path.Combine(temporary.Path, file.Aside, names[steps]));
            }
        }
        Assert.Equal(DataDirectory.NativeEngine, DataDirectory.EngineOf(temporary.Path));
        Check(temporary.Path);
    }

    [Fact]
    public void Interrupted_before_it_was_decided_nothing_has_changed_and_it_is_done_again()
    {
        using var temporary = Directory_that_was_sealed();
        using (var directory = Native.Open(temporary.Path, 7, Self))
            Assert.Throws<InvalidOperationException>(() =>
                directory.MoveTo(Native, Sealed, 2, Voters, _ => throw new InvalidOperationException()));
        using (var directory = Native.Open(temporary.Path, 7, Self))
        {
            Assert.Null(directory.Move);
            Assert.Equal("old", File.ReadAllText(Path.Combine(temporary.Path, "cluster.json")));
            directory.MoveTo(Native, Sealed, 2, Voters, folder => File.WriteAllText(Path.Combine(folder, "cluster.json"), "new"));
        }
        Check(temporary.Path);
    }

    [Fact]
    public void One_that_took_part_in_the_new_log_does_not_go_back_and_one_that_did_not_may()
    {
        using var temporary = Directory_that_was_sealed();
        using var directory = Native.Open(temporary.Path, 7, Self);
        directory.MoveTo(Native, Sealed, 2, Voters, _ => { });
        directory.Dispose();
        using (var again = Native.Open(temporary.Path, 7, Self))
        {
            Assert.False(again.Move!.HasRun);
            again.MoveTo(Native, Sealed, 2, Voters, _ => { });
        }
        using (var ran = DataDirectory.Open(temporary.Path, 7, Self)) ran.NoteRun();
        using var late = Native.Open(temporary.Path, 7, Self);
        Assert.True(late.Move!.HasRun);
        Assert.Contains("has taken part",
            Assert.Throws<DataDirectoryException>(() => late.MoveTo(Native, Sealed, 2, Voters, _ => { })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_was_recovered_behind_the_seal_went_on_and_is_not_moved()
    {
        using var temporary = Directory_that_was_sealed();
        using (var directory = Native.Open(temporary.Path, 7, Self)) directory.BeginAnew(Membership.Of(Self), default, () => { });
        using var recovered = Native.Open(temporary.Path, 7, Self);
        Assert.Contains("recovered",
            Assert.Throws<DataDirectoryException>(() => recovered.MoveTo(Native, Sealed, 2, Voters, _ => { })).Message,
            StringComparison.Ordinal);
    }

    /// <summary>A log of seven entries, the last two in term 3, and a snapshot of all of it.</summary>
    private static TemporaryDirectory Directory_that_was_sealed()
    {
        var temporary = new TemporaryDirectory();
        using (var directory = DataDirectory.Open(temporary.Path, 7, Self))
        {
            var entries = Enumerable.Range(1, 7)
                .Select(i => new Entry((ulong)i, i > 5 ? 3UL : 2UL, EntryKind.Command, new ProposalId(9, (ulong)i),
                new byte[] { (byte)i })).ToArray();
            LogRewrite.Write(directory.LogPath, Self, new WalOptions(), new LoadedLog(new HardState(4, Self, 7), 0, 0, entries));
            using var sink = new SnapshotStore(directory).Create(new SnapshotMeta(Sealed + 2, 3, Membership.Of(Self, new(2), new(3)), 0));
            var sessions = new SessionTable();
            sessions.Record(new ProposalId(9, 1), 1, 2, [1, 2, 3]);
            SnapshotEnvelope.Write(sink.Stream, sessions.Serialize());
            sink.Stream.Write("state"u8);
            sink.Commit();
        }
        File.WriteAllText(Path.Combine(temporary.Path, "cluster.json"), "old");
        File.WriteAllText(Path.Combine(temporary.Path, "origin.json"),
            """{"format_version":1,"incarnation":"5","is_new":false,"committed":7,"known":{}}""");
        return temporary;
    }

    private static void Check(string path)
    {
        using var directory = DataDirectory.Open(path, 7, Self);
        Assert.Equal((new LogPlace(Sealed, 2, 4), "native", false),
            (directory.Move!.After, directory.Move.To, directory.Move.HasRun));
        var store = new SnapshotStore(directory);
        Assert.Equal(new SnapshotMeta(Sealed, 2, Voters, 0), store.Latest);
        using (var stored = store.Open(Sealed)!)
        using (var content = stored.OpenRead())
        {
            var sessions = new SessionTable();
            sessions.Deserialize(SnapshotEnvelope.Read(content));
            Assert.Equal(0, sessions.Count);
            using var text = new StreamReader(content);
            Assert.Equal("state", text.ReadToEnd());
        }
        var log = new WriteAheadLog(directory, new WalOptions());
        var loaded = log.Load();
        log.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Assert.Equal((Sealed, 2UL, 0), (loaded.BaseIndex, loaded.BaseTerm, loaded.Entries.Count));
        Assert.Equal(new HardState(4, Self, Sealed), loaded.HardState);
        Assert.Equal("new", File.ReadAllText(Path.Combine(path, "cluster.json")));
        var aside = Path.Combine(path, "before-5-native");
        Assert.Equal("old", File.ReadAllText(Path.Combine(aside, "cluster.json")));
        Assert.True(File.Exists(Path.Combine(aside, "origin.json")) && Directory.Exists(Path.Combine(aside, "log")));
        Assert.False(Directory.Exists(Path.Combine(path, "moving")) || File.Exists(Path.Combine(path, "origin.json")));
    }

    private static SnapshotMeta NewestOf(string folder) => new SnapshotStore(folder).Latest!;
}
