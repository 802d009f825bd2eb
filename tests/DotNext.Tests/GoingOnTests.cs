using System.Buffers.Binary;
using VideoScale.Consensus;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.DotNext;
using VideoScale.Harness.Processes;

namespace VideoScale.DotNext.Tests;

/// <summary>DotNext's log begins right behind a snapshot that its directory came with.</summary>
public sealed class Going_on
{
    private static readonly LogPlace Place = new(1_000, 7, 9);

    [Fact]
    public async Task Behind_a_sealed_entry_of_another_engine_indexes_and_terms_go_on_and_are_there_after_a_restart()
    {
        await using var replicas = new DotNextReplicas(BeginAfter);
        var first = await replicas.CommitAsync("after");
        Assert.True(first.Index > Place.Index && first.Index <= Place.Index + 3, $"entry {first.Index}");
        Assert.True(first.Term > Place.SeenTerm, $"term {first.Term}");
        for (var i = 0; i < 3; i++) await replicas.StopAsync(i);
        for (var i = 0; i < 3; i++) replicas.Start(i);
        Assert.True((await replicas.CommitAsync("again")).Index > first.Index);
        string[] expected = ["before", "after", "again"];
        for (var i = 0; i < 3; i++)
        {
            var machine = replicas.MachineOf(i);
            await Eventually.HoldsAsync(() => machine.Commands.Length >= expected.Length, "all are applied");
            Assert.Equal(expected, machine.Commands);
        }
    }

    /// <summary>As a move leaves it: an identity, a snapshot of the sealed entry, and an empty log.</summary>
    private static void BeginAfter(string path, MemberId self)
    {
        var engine = new DotNextEngine(tls: null);
        DataDirectory.Open(path, 1, self, engine.Name).Dispose();
        engine.BeginAfter(path, 1, self, Place);
        using var sink = new SnapshotStore(Path.Combine(path, "snapshots")).Create(
            new SnapshotMeta(Place.Index, Place.Term, Membership.Of(new(1), new(2), new(3)), 0));
        var head = new byte[16]; // no sessions
        "VSS1"u8.CopyTo(head);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(4), sizeof(ulong));
        sink.Stream.Write(head);
        sink.Stream.Write("before\n"u8);
        sink.Commit();
    }
}
