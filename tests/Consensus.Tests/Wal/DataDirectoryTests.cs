using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Tests.Wal;

public sealed partial class Data_directory
{
    private static string Refusal(Func<DataDirectory> open) => Assert.Throws<DataDirectoryException>(open).Message;

    [Fact]
    public void Keeps_its_random_identity()
    {
        using var temporary = new TemporaryDirectory();
        MemberId first;
        using (var made = DataDirectory.Open(temporary.Path, clusterId: 77))
        {
            Assert.True(made.IsNew);
            first = made.Member;
            Assert.False(first.IsNone);
        }
        using var again = DataDirectory.Open(temporary.Path, clusterId: 77);
        Assert.Equal((first, (UInt128)77, false), (again.Member, again.ClusterId, again.IsNew));
        using var other = new TemporaryDirectory();
        using var another = DataDirectory.Open(other.Path);
        Assert.NotEqual(first, another.Member);
    }

    [Fact]
    public void Is_refused_while_it_is_in_use()
    {
        using var temporary = new TemporaryDirectory();
        using (DataDirectory.Open(temporary.Path))
            Assert.Contains("in use by another process", Refusal(() => DataDirectory.Open(temporary.Path)), StringComparison.Ordinal);
        using var free = DataDirectory.Open(temporary.Path);
    }

    [Fact]
    public void Is_free_once_closed_although_a_child_that_is_being_started_has_the_descriptor_still()
    {
        using var temporary = new TemporaryDirectory();
        SafeFileHandle inherited;
        using (DataDirectory.Open(temporary.Path)) inherited = Duplicate(Path.Combine(temporary.Path, "lock"));
        using (inherited)
        using (DataDirectory.Open(temporary.Path))
            Assert.Contains("in use by another process", Refusal(() => DataDirectory.Open(temporary.Path)), StringComparison.Ordinal);
    }

    /// <summary>A second descriptor of an open file, as fork makes it.</summary>
    private static SafeFileHandle Duplicate(string path)
    {
        var descriptor = Directory.GetFiles("/proc/self/fd").Single(link => new FileInfo(link).LinkTarget == path);
        return new SafeFileHandle(dup(int.Parse(Path.GetFileName(descriptor), CultureInfo.InvariantCulture)), ownsHandle: true);
    }

#pragma warning disable IDE1006, SYSLIB1092 // named as in libc
    [LibraryImport("libc")]
    private static partial int dup(int descriptor);
#pragma warning restore IDE1006, SYSLIB1092

    [Fact]
    public void Is_refused_when_it_is_somebody_elses_and_nothing_is_touched()
    {
        using var temporary = new TemporaryDirectory();
        File.WriteAllText(Path.Combine(temporary.Path, "thesis.txt"), "years of work");
        Assert.Contains("holds 'thesis.txt'", Refusal(() => DataDirectory.Open(temporary.Path)), StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void Is_refused_in_another_cluster_or_as_another_member()
    {
        using var temporary = new TemporaryDirectory();
        DataDirectory.Open(temporary.Path, clusterId: 1, new MemberId(5)).Dispose();
        Assert.Contains("belongs to cluster", Refusal(() => DataDirectory.Open(temporary.Path, clusterId: 2)), StringComparison.Ordinal);
        Assert.Contains("belongs to member 5, not 6", Refusal(() => DataDirectory.Open(temporary.Path, clusterId: 1, new MemberId(6))),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Belongs_to_the_engine_that_keeps_its_log()
    {
        using var temporary = new TemporaryDirectory();
        DataDirectory.Open(temporary.Path, clusterId: 1, new MemberId(5)).Dispose();
        Assert.Null(DataDirectory.EngineOf(temporary.Path)); // nobody has kept anything in it yet
        DataDirectory.Open(temporary.Path, clusterId: 1, new MemberId(5), "other").Dispose();
        Assert.Equal("other", DataDirectory.EngineOf(temporary.Path));
        Assert.Contains("holds a log of the engine \"other\", not of \"native\": start it with --engine other",
            Refusal(() => DataDirectory.Open(temporary.Path, clusterId: 1, new MemberId(5))), StringComparison.Ordinal);
        using var again = DataDirectory.Open(temporary.Path, clusterId: 1, new MemberId(5), "other");
        Assert.Contains("\"format_version\": 2", File.ReadAllText(Path.Combine(temporary.Path, "identity.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_name_and_with_a_log_it_is_our_own_engines()
    {
        using var temporary = new TemporaryDirectory();
        using (var made = DataDirectory.Open(temporary.Path, clusterId: 1)) Directory.CreateDirectory(made.LogPath);
        Assert.Equal(DataDirectory.NativeEngine, DataDirectory.EngineOf(temporary.Path));
        Assert.Contains("holds a log of the engine \"native\", not of \"other\"",
            Refusal(() => DataDirectory.Open(temporary.Path, clusterId: 1, engine: "other")), StringComparison.Ordinal);
        using var ours = DataDirectory.Open(temporary.Path, clusterId: 1);
        Assert.DoesNotContain("engine", File.ReadAllText(Path.Combine(temporary.Path, "identity.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"format_version":2,"cluster_id":"1","member_id":"2"}""", "format 2, this program knows 1")]
    [InlineData("""{"format_version":1,"cluster_id":"1","member_id":"2","engine":"other"}""", "format 1, this program knows 1")]
    [InlineData("""{"format_version":1,"cluster_id":"1","member_id":"0"}""", "hexadecimal digits above 0")]
    [InlineData("""{"format_version":1,"cluster_id":"xyz","member_id":"1"}""", "hexadecimal digits above 0")]
    [InlineData("""{"format_version":1,""", "is damaged")]
    [InlineData("null", "no format_version")]
    public void Is_refused_with_an_identity_that_is_damaged_or_of_the_future(string identity, string says)
    {
        using var temporary = new TemporaryDirectory();
        File.WriteAllText(Path.Combine(temporary.Path, "identity.json"), identity);
        Assert.Contains(says, Refusal(() => DataDirectory.Open(temporary.Path)), StringComparison.Ordinal);
    }
}
