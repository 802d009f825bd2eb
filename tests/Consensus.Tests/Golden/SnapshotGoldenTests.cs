using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Tests.Golden;

/// <summary>Snapshots that meet something else on their way.</summary>
public sealed class SnapshotGoldenTests
{
    [Fact]
    public void A_snapshot_made_here_is_overtaken_by_the_leaders()
    {
        var cluster = GoldenTests.Elected(3);
        var own = new SnapshotMeta(cluster[3].CommitIndex, cluster[3].Log.TermAt(cluster[3].CommitIndex), cluster[3].Membership, 0);
        BehindBy(cluster, 3);
        cluster.DeliverSnapshot(1, 3);
        cluster.Do(3, $"its own snapshot at {own.Index} is done only now", RaftInput.SnapshotCreated(own));
        Assert.Equal(cluster[1].Snapshot.Index, cluster[3].Snapshot.Index);
        cluster.Settle();
        GoldenTests.Compare("snapshot-overtaken", cluster);
    }

    [Fact]
    public void A_snapshot_of_what_is_here_already_leaves_the_log_alone()
    {
        var cluster = GoldenTests.Elected(3);
        BehindBy(cluster, 3);
        cluster.DeliverSnapshot(1, 3);
        cluster.Settle();
        cluster.Propose(1, "more");
        cluster.Settle();
        var last = cluster[3].Log.LastIndex;
        cluster.Say("the same snapshot arrives again, late");
        cluster.DeliverSnapshot(1, 3);
        cluster.Settle();
        Assert.Equal(last, cluster[3].Log.LastIndex);
        GoldenTests.Compare("snapshot-again", cluster);
    }

    [Fact]
    public void A_snapshot_whose_last_term_conflicts_throws_the_whole_log_away()
    {
        // Node 3 has entries of a leader of term 2 that never committed, as far as the snapshot reaches and beyond.
        var cluster = new TraceCluster(3, fill: (node, log) =>
        {
            ulong[] terms = node == 3 ? [1, 2, 2, 2, 2, 2, 2, 2] : [1, 3, 3, 3];
            foreach (var term in terms) log.Append(new Entry(log.LastIndex + 1, term, EntryKind.Command, default, default));
        }, hardState: new HardState(3, MemberId.None, 0));
        cluster.Isolate(3);
        cluster.TimeOut(1);
        cluster.Settle();
        cluster.SnapshotAndCompact(1);
        cluster.Heal();
        cluster.Tick(1, 2);
        cluster.Settle();
        cluster.Tick(1, 2);
        cluster.Settle();
        cluster.DeliverSnapshot(1, 3);
        cluster.Settle();
        Assert.Equal(cluster[1].Log.LastTerm, cluster[3].Log.LastTerm);
        Assert.Equal(cluster[1].CommitIndex, cluster[3].CommitIndex);
        GoldenTests.Compare("snapshot-conflict", cluster);
    }

    /// <summary>So far behind that the leader has compacted what it lacks.</summary>
    private static void BehindBy(TraceCluster cluster, int entries)
    {
        cluster.Isolate(3);
        for (var i = 0; i < entries; i++) cluster.Propose(1, $"c{i}");
        cluster.Settle();
        cluster.SnapshotAndCompact(1);
        cluster.Heal();
        cluster.Do(1, "lost its connection to 3", RaftInput.Disconnected(new MemberId(3)));
        cluster.Tick(1, 2);
        cluster.Settle();
    }
}
