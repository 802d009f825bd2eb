using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Tests.Core;

/// <summary>Rules that a schedule seldom puts to the test, put to it directly.</summary>
public sealed class RuleTests
{
    private static readonly MemberId One = new(1), Two = new(2), Three = new(3);
    private readonly Effects _effects = new();

    [Fact]
    public void An_append_commits_only_as_far_as_it_reached()
    {
        var core = Replica(One, 1, 1, 2, 2, 2); // a tail of term 2 that no majority has
        var message = new Message
        {
            Kind = MessageKind.Append,
            From = Two,
            To = One,
            Term = 3,
            Index = 1,
            LogTerm = 1,
            Commit = 5,
            Entries = new[] { Entry(2, 1) },
        };
        core.Step(RaftInput.Received(message), _effects);
        Assert.Equal(2UL, core.CommitIndex);
        Assert.Equal(5UL, core.Log.LastIndex); // equal as far as it went: nothing to cut yet
    }

    [Fact]
    public void An_old_completion_says_nothing_about_what_was_written_anew()
    {
        var core = Replica(One);
        Append(core, Two, term: 1, prev: 0, prevTerm: 0, Entry(1, 1), Entry(2, 1));
        var old = _effects.Write!.Value;
        Append(core, Three, term: 2, prev: 0, prevTerm: 0, Entry(1, 2));
        var middle = _effects.Write!.Value;
        Append(core, Three, term: 2, prev: 1, prevTerm: 2, Entry(2, 2));
        var last = _effects.Write!.Value;
        core.Step(RaftInput.Stored(old.Token, old.Term, old.LastIndex), _effects);
        Assert.Equal(0UL, core.DurableIndex);
        core.Step(RaftInput.Stored(middle.Token, middle.Term, middle.LastIndex), _effects);
        Assert.Equal(1UL, core.DurableIndex);
        core.Step(RaftInput.Stored(last.Token, last.Term, last.LastIndex), _effects);
        Assert.Equal(2UL, core.DurableIndex);
        Assert.Equal([2UL], _effects.Messages.ToArray().Select(message => message.Index));
    }

    [Fact]
    public void A_vote_that_arrives_twice_counts_once()
    {
        var core = Replica(One, voters: 5);
        while (core.Role != RaftRole.PreCandidate) core.Step(RaftInput.Tick(), _effects);
        for (var i = 0; i < 5; i++) core.Step(RaftInput.Received(Reply(MessageKind.PreVoteReply, Two, core.Term + 1)), _effects);
        Assert.Equal(RaftRole.PreCandidate, core.Role);
        core.Step(RaftInput.Received(Reply(MessageKind.PreVoteReply, Three, core.Term + 1)), _effects);
        Assert.Equal(RaftRole.Candidate, core.Role);
        var write = _effects.Write!.Value;
        // not before the own vote is durable
        Assert.DoesNotContain(_effects.Messages.ToArray(), message => message.Kind == MessageKind.Vote);
        core.Step(RaftInput.Stored(write.Token, write.Term, write.LastIndex), _effects);
        for (var i = 0; i < 5; i++) core.Step(RaftInput.Received(Reply(MessageKind.VoteReply, Two, core.Term)), _effects);
        Assert.Equal(RaftRole.Candidate, core.Role);
        core.Step(RaftInput.Received(Reply(MessageKind.VoteReply, Three, core.Term)), _effects);
        Assert.Equal(RaftRole.Leader, core.Role);
    }

    [Fact]
    public void Whoever_would_have_to_cut_what_is_committed_keeps_it_and_takes_no_part_any_more()
    {
        var core = Replica(One);
        Append(core, Two, term: 1, prev: 0, prevTerm: 0, commit: 2, Entry(1, 1), Entry(2, 1));
        Assert.Equal(2UL, core.CommitIndex);
        var message = new Message
        {
            Kind = MessageKind.Append,
            From = Three,
            To = One,
            Term = 2,
            Index = 0,
            LogTerm = 0,
            Entries = new[] { Entry(1, 1), Entry(2, 2) },
        };
        core.Step(RaftInput.Received(message), _effects);
        Assert.Contains("entry 2, which is committed here", core.Conflict, StringComparison.Ordinal);
        Assert.Equal((2UL, 1UL), (core.CommitIndex, core.Log.TermAt(2)));
        AssertSilent(core);
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void Whoever_holds_as_committed_what_its_leader_has_of_another_term_takes_no_part_any_more(ulong before)
    {
        var core = Replica(One);
        Append(core, Two, term: 1, prev: 0, prevTerm: 0, commit: 2, Entry(1, 1), Entry(2, 1));
        var message = new Message
        {
            Kind = MessageKind.Append,
            From = Three,
            To = One,
            Term = 3,
            Index = before,
            LogTerm = 2,
            Commit = 3,
            Entries = new[] { Entry(before + 1, 3) },
        };
        core.Step(RaftInput.Received(message), _effects);
        Assert.Contains($"entry {before}, which is committed here", core.Conflict, StringComparison.Ordinal);
        Assert.Equal((2UL, 2UL), (core.CommitIndex, core.Log.LastIndex));
        AssertSilent(core);
    }

    [Fact]
    public void A_conflict_outlives_a_restart()
    {
        var log = new RaftLog();
        log.Append(Entry(1, 1));
        var restored = new RestoredState(new HardState(1, MemberId.None, 1), new SnapshotMeta(0, 0, Membership.Of(One, Two, Three), 0),
            log)
        { Conflict = "entry 1 is not there" };
        var core = new RaftCore(One, restored, new RaftOptions(), seed: 1);
        Assert.Equal("entry 1 is not there", core.Conflict);
        AssertSilent(core);
    }

    private void AssertSilent(RaftCore core)
    {
        core.Step(RaftInput.Received(new Message
        {
            Kind = MessageKind.Vote,
            From = Two,
            To = One,
            Term = 9,
            Index = 9,
            LogTerm = 9,
            Force = true
        }), _effects);
        Assert.True(_effects.Messages.IsEmpty);
        for (var i = 0; i < 100; i++)
        {
            core.Step(RaftInput.Tick(), _effects);
            Assert.Equal((RaftRole.Follower, true), (core.Role, _effects.Messages.IsEmpty));
        }
    }

    [Fact]
    public void Whoever_hears_two_leaders_in_a_term_takes_no_part_any_more()
    {
        var core = Replica(One);
        Append(core, Two, term: 1, prev: 0, prevTerm: 0, Entry(1, 1));
        var message = new Message { Kind = MessageKind.Heartbeat, From = Three, To = One, Term = 1 };
        core.Step(RaftInput.Received(message), _effects);
        Assert.Contains("both lead term 1", core.Conflict, StringComparison.Ordinal);
        AssertSilent(core);
    }

    [Fact]
    public void Whoever_lost_what_its_leader_counts_on_is_under_repair_before_it_answers()
    {
        var core = Replica(One);
        Append(core, Two, term: 1, prev: 0, prevTerm: 0, Entry(1, 1));
        Durable(core);
        core.Step(RaftInput.Received(new Message { Kind = MessageKind.Heartbeat, From = Two, To = One, Term = 1, Commit = 5, Context = 7 }),
            _effects);
        Assert.NotNull(_effects.LossFound);
        Assert.True(core.IsRepairing);
        Assert.Equal(1UL, core.Log.LastIndex);
        Assert.Single(_effects.Messages.ToArray());
        Assert.NotEqual(0UL, _effects.Messages[0].RepairNonce);
    }

    [Fact]
    public void Whoever_is_told_that_it_was_set_back_votes_for_nobody_and_takes_back_what_it_has_not_sent()
    {
        var core = Replica(One);
        core.Step(RaftInput.Received(new Message { Kind = MessageKind.Vote, From = Two, To = One, Term = 1, Force = true }), _effects);
        var write = _effects.Write!.Value; // the vote is given, and waits for the disk
        core.Step(RaftInput.SetBack(Two, remembered: 7, start: 7), _effects);
        Assert.Contains("member 2 remembers start 7", _effects.LossFound, StringComparison.Ordinal);
        Assert.True(core.IsRepairing);
        core.Step(RaftInput.Stored(write.Token, write.Term, write.LastIndex), _effects);
        Assert.True(_effects.Messages.IsEmpty);
        core.Step(RaftInput.SetBack(Three, remembered: 9, start: 8), _effects);
        Assert.Null(_effects.LossFound); // known already
        core.Step(RaftInput.Received(new Message { Kind = MessageKind.Vote, From = Three, To = One, Term = 2, Force = true }), _effects);
        Durable(core);
        Assert.DoesNotContain(_effects.Messages.ToArray(), message => message is { Kind: MessageKind.VoteReply, Reject: false });
    }

    [Fact]
    public void The_only_voter_has_nobody_who_could_repair_it_and_goes_on()
    {
        var core = Replica(One, voters: 1);
        core.Step(RaftInput.SetBack(Two, remembered: 7, start: 7), _effects);
        Assert.Null(_effects.LossFound);
        while (core.Role != RaftRole.Candidate) core.Step(RaftInput.Tick(), _effects);
        Durable(core);
        Assert.Equal(RaftRole.Leader, core.Role);
        core.Step(RaftInput.StandAside(aside: true), _effects); // but never twice at once
        for (var i = 0; i < 100; i++)
        {
            core.Step(RaftInput.Tick(), _effects);
            Assert.Equal(RaftRole.Follower, core.Role);
        }
        core.Step(RaftInput.StandAside(aside: false), _effects);
        while (core.Role != RaftRole.Candidate) core.Step(RaftInput.Tick(), _effects);
    }

    [Fact]
    public void A_leader_whose_follower_has_more_than_it_steps_down()
    {
        var core = Replica(One);
        while (core.Role != RaftRole.PreCandidate) core.Step(RaftInput.Tick(), _effects);
        core.Step(RaftInput.Received(new Message { Kind = MessageKind.PreVoteReply, From = Two, To = One, Term = core.Term + 1 }),
            _effects);
        Durable(core);
        core.Step(RaftInput.Received(new Message { Kind = MessageKind.VoteReply, From = Two, To = One, Term = core.Term }), _effects);
        Assert.Equal(RaftRole.Leader, core.Role);
        core.Step(RaftInput.Received(new Message { Kind = MessageKind.AppendReply, From = Three, To = One, Term = core.Term, Index = 50 }),
            _effects);
        Assert.Equal(RaftRole.Follower, core.Role);
    }

    [Fact]
    public void A_leader_takes_in_no_more_than_its_bound_before_it_is_committed()
    {
        var core = Replica(One, voters: 1, options: new RaftOptions { MaxUncommittedBytes = 1_000 });
        while (core.Role != RaftRole.Candidate) core.Step(RaftInput.Tick(), _effects);
        Durable(core);
        Assert.Equal(RaftRole.Leader, core.Role);
        Durable(core);
        // 100 bytes each
        var proposals = Enumerable.Range(1, 20).Select(i => new Proposal(new ProposalId(1, (ulong)i), new byte[52])).ToArray();
        core.Step(RaftInput.Propose(proposals), _effects);
        Assert.Equal(10, _effects.ProposalsAccepted);
        Durable(core);
        Assert.Equal(0, core.UncommittedBytes);
        core.Step(RaftInput.Propose(proposals), _effects);
        Assert.Equal(10, _effects.ProposalsAccepted);
    }

    private void Durable(RaftCore core)
    {
        var write = _effects.Write!.Value;
        core.Step(RaftInput.Stored(write.Token, write.Term, write.LastIndex), _effects);
    }

    private void Append(RaftCore core, MemberId from, ulong term, ulong prev, ulong prevTerm, params Entry[] entries) =>
        Append(core, from, term, prev, prevTerm, 0, entries);

    private void Append(RaftCore core, MemberId from, ulong term, ulong prev, ulong prevTerm, ulong commit, params Entry[] entries) =>
        core.Step(RaftInput.Received(new Message
        {
            Kind = MessageKind.Append,
            From = from,
            To = core.Self,
            Term = term,
            Index = prev,
            LogTerm = prevTerm,
            Commit = commit,
            Entries = entries,
        }), _effects);

    private static Message Reply(MessageKind kind, MemberId from, ulong term) => new() { Kind = kind, From = from, To = One, Term = term };

    private static Entry Entry(ulong index, ulong term) => new(index, term, EntryKind.Command, default, default);

    private static RaftCore Replica(MemberId self, params ulong[] terms) => Replica(self, 3, null, terms);

    private static RaftCore Replica(MemberId self, int voters, RaftOptions? options = null, params ulong[] terms)
    {
        var log = new RaftLog();
        foreach (var term in terms) log.Append(Entry(log.LastIndex + 1, term));
        var membership = Membership.Of([.. Enumerable.Range(1, voters).Select(i => new MemberId((ulong)i))]);
        return new RaftCore(self, new RestoredState(new HardState(log.LastTerm, MemberId.None, 0), new SnapshotMeta(0, 0, membership, 0),
            log), options ?? new RaftOptions(), seed: 1);
    }
}
