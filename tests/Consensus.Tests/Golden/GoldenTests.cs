using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Tests.Golden;

/// <summary>Readable traces of the protocol's set pieces, compared with what was read in review. UPDATE_GOLDEN=1 rewrites them.</summary>
public sealed class GoldenTests
{
    [Fact]
    public void An_election_and_a_first_commit()
    {
        var cluster = Elected(3);
        cluster.Propose(1, "hello");
        cluster.Settle();
        Compare("election", cluster);
    }

    [Fact]
    public void Alone_a_vote_and_an_append_count_once_they_are_durable()
    {
        var cluster = new TraceCluster(1);
        cluster.TimeOut(1);
        cluster.Settle();
        cluster.Propose(1, "hello");
        cluster.Say("not committed yet");
        cluster.Settle();
        Compare("alone", cluster);
    }

    [Fact]
    public void A_conflicting_log_is_found_by_terms_and_overwritten()
    {
        // Node 1 will lead with terms 1 1 1 4 4 4; node 2 has 1 1 1 2 2 2 2 (a leader that never committed); node 3 has 1 1.
        var cluster = new TraceCluster(3, fill: (node, log) =>
        {
            ulong[] terms = node switch { 1 => [1, 1, 1, 4, 4, 4], 2 => [1, 1, 1, 2, 2, 2, 2], _ => [1, 1] };
            foreach (var term in terms) log.Append(new Entry(log.LastIndex + 1, term, EntryKind.Command, default, default));
        }, hardState: new HardState(4, MemberId.None, 0));
        cluster.TimeOut(1);
        cluster.Settle();
        cluster.Tick(1, 2);
        cluster.Settle();
        Compare("conflict", cluster);
    }

    [Fact]
    public void A_read_needs_a_round_begun_after_it_and_a_commit_of_the_term()
    {
        var cluster = new TraceCluster(3);
        cluster.TimeOut(1);
        cluster.StallDisk(2);
        cluster.StallDisk(3);
        cluster.UnstallDisk(2);
        cluster.UnstallDisk(3);
        cluster.Settle();
        cluster.Say("a read at the leader, then one forwarded by a follower");
        cluster.Do(1, "read 100", RaftInput.Read(100));
        cluster.Settle();
        cluster.Do(2, "read 200", RaftInput.Read(200));
        cluster.Settle();
        cluster.Say("cut off, the leader cannot confirm: the read fails when it steps down");
        cluster.Isolate(1);
        cluster.Do(1, "read 101", RaftInput.Read(101));
        cluster.Settle();
        cluster.TimeOut(1);
        cluster.Settle();
        Compare("read-index", cluster);
    }

    [Fact]
    public void Leadership_is_handed_over_without_waiting_for_silence()
    {
        var cluster = Elected(3);
        cluster.Do(1, "transfer to 3", RaftInput.Transfer(new MemberId(3)));
        cluster.Propose(1, "refused");
        cluster.Settle();
        cluster.Propose(3, "accepted");
        cluster.Settle();
        Compare("transfer", cluster);
    }

    [Fact]
    public void A_leader_whose_connections_broke_is_followed_at_once_and_one_that_others_hear_stays()
    {
        var cluster = Elected(3);
        cluster.Say("2 alone loses its connection: 3 hears the leader and refuses");
        cluster.Do(2, "lost its connection to 1", RaftInput.Disconnected(new MemberId(1)));
        cluster.Tick(2, 1);
        cluster.Settle();
        cluster.Tick(1, 2);
        cluster.Settle();
        Assert.Equal(RaftRole.Leader, cluster[1].Role);
        cluster.Say("the process of 1 is gone: both see it, and 2 has the first turn");
        cluster.Isolate(1);
        cluster.Do(2, "lost its connection to 1", RaftInput.Disconnected(new MemberId(1)));
        cluster.Do(3, "lost its connection to 1", RaftInput.Disconnected(new MemberId(1)));
        cluster.Tick(3, 1);
        cluster.Tick(2, 1);
        cluster.Settle();
        Assert.Equal(RaftRole.Leader, cluster[2].Role);
        Compare("lost-connection", cluster);
    }

    [Fact]
    public void A_member_far_behind_gets_a_snapshot()
    {
        var cluster = Elected(3);
        cluster.Isolate(3);
        for (var i = 0; i < 3; i++) cluster.Propose(1, $"c{i}");
        cluster.Settle();
        cluster.SnapshotAndCompact(1);
        cluster.Heal();
        cluster.Do(1, "lost its connection to 3", RaftInput.Disconnected(new MemberId(3)));
        cluster.Tick(1, 2);
        cluster.Settle();
        cluster.DeliverSnapshot(1, 3);
        cluster.Settle();
        cluster.Propose(1, "after");
        cluster.Settle();
        Compare("snapshot", cluster);
    }

    [Fact]
    public void Whoever_was_cut_off_does_not_depose_a_live_leader_and_a_deaf_leader_steps_down()
    {
        var cluster = Elected(3);
        cluster.Say("3 hears nothing and asks; the others still hear the leader");
        cluster.Cut(1, 3);
        cluster.Cut(2, 3);
        cluster.TimeOut(3);
        cluster.Settle();
        cluster.Heal();
        cluster.Tick(1, 2);
        cluster.Settle();
        cluster.Say("1 can send but not hear: within an election timeout it steps down");
        cluster.Cut(2, 1);
        cluster.Cut(3, 1);
        cluster.TimeOut(1);
        cluster.Settle();
        Compare("prevote-checkquorum", cluster);
    }

    internal static TraceCluster Elected(int voters, int empty = 0)
    {
        var cluster = new TraceCluster(voters, empty: empty);
        cluster.TimeOut(1);
        cluster.Settle();
        return cluster;
    }

    internal static void Compare(string name, TraceCluster cluster)
    {
        var file = Path.Combine(SourceFolder(), name + ".txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(file, cluster.Text);
        Assert.Equal(File.ReadAllText(file), cluster.Text);
    }

    internal static string SourceFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var golden = Path.Combine(folder.FullName, "tests", "Consensus.Tests", "Golden");
            if (Directory.Exists(golden)) return golden;
        }
        throw new DirectoryNotFoundException("tests/Consensus.Tests/Golden");
    }
}
