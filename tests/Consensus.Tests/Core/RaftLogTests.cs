using VideoScale.Consensus.Core;
using VideoScale.Harness;

namespace VideoScale.Consensus.Tests.Core;

public sealed class RaftLogTests
{
    private sealed class CountingOwner : IPayloadOwner
    {
        public int Held { get; private set; }
        public void Retain(ReadOnlyMemory<byte> payload) => Held++;
        public void Release(ReadOnlyMemory<byte> payload) => Held--;
    }

    [Fact]
    public void Behaves_like_a_list_and_lets_go_of_what_it_drops() => Seeds.Run(40, random =>
    {
        var owner = new CountingOwner();
        var log = new RaftLog(owner);
        var model = new List<Entry>();
        ulong modelBase = 0, term = 1;
        for (var step = 0; step < 60; step++)
        {
            switch (random.Next(5))
            {
                case 0 or 1:
                    term += (ulong)random.Next(2);
                    for (var n = random.Next(700); n > 0; n--)
                    {
                        var entry = new Entry(log.LastIndex + 1, term, EntryKind.Command, new ProposalId(1, log.LastIndex),
                            new byte[random.Next(9)]);
                        log.Append(entry);
                        model.Add(entry);
                    }
                    break;
                case 2 when model.Count > 0:
                    var keep = random.Next(model.Count);
                    log.TruncateFrom(modelBase + (ulong)keep + 1);
                    model.RemoveRange(keep, model.Count - keep);
                    term = Math.Max(log.LastTerm, 1);
                    break;
                case 3 when model.Count > 0:
                    var drop = random.Next(model.Count + 1);
                    log.CompactTo(modelBase + (ulong)drop);
                    model.RemoveRange(0, drop);
                    modelBase += (ulong)drop;
                    break;
                case 4 when random.Next(8) == 0:
                    modelBase = log.LastIndex + (ulong)random.Next(3000);
                    log.Reset(modelBase, term);
                    model.Clear();
                    break;
                default: break;
            }
            Assert.Equal(modelBase + 1, log.FirstIndex);
            Assert.Equal(modelBase + (ulong)model.Count, log.LastIndex);
            Assert.Equal(model.Count, owner.Held);
            if (model.Count == 0) continue;
            var at = random.Next(model.Count);
            Assert.Equal(model[at].Id, log[modelBase + (ulong)at + 1].Id);
            Assert.Equal(model[at].Term, log.TermAt(modelBase + (ulong)at + 1));
            if (step % 8 == 0) CheckSlices(random, log, model, modelBase);
        }
    });

    private static void CheckSlices(Random random, RaftLog log, List<Entry> model, ulong modelBase)
    {
        var budget = random.Next(1, 20_000);
        var seen = 0;
        for (var from = log.FirstIndex; from <= log.LastIndex;)
        {
            var piece = log.Slice(from, log.LastIndex, budget, out var bytes);
            Assert.True(piece.Length > 0);
            Assert.True(piece.Length == 1 || bytes <= budget);
            foreach (var entry in piece.Span) Assert.True(model[seen++].Index == entry.Index);
            from += (ulong)piece.Length;
        }
        Assert.Equal(model.Count, seen);
        Assert.Equal(modelBase + (ulong)model.Count, log.LastIndex);
    }

    [Fact]
    public void A_gap_is_an_invariant_broken()
    {
        var log = new RaftLog();
        Assert.Throws<ConsensusInvariantException>(() => log.Append(new Entry(2, 1, EntryKind.Noop, default, default)));
    }

    [Fact]
    public void The_hint_skips_whole_terms()
    {
        var log = new RaftLog();
        foreach (var term in (ulong[])[1, 1, 3, 3, 3, 5])
            log.Append(new Entry(log.LastIndex + 1, term, EntryKind.Command, default, default));
        Assert.Equal(2UL, log.LastNotAfter(5, 2));
        Assert.Equal(5UL, log.LastNotAfter(9, 4));
        Assert.Equal(6UL, log.LastNotAfter(6, 5));
        Assert.Equal(0UL, log.LastNotAfter(4, 0));
    }

    [Fact]
    public void The_tail_before_an_index_is_as_long_as_its_bytes_allow()
    {
        var log = new RaftLog();
        // 100 bytes each
        for (var i = 0; i < 10; i++) log.Append(new Entry(log.LastIndex + 1, 1, EntryKind.Command, default, new byte[52]));
        Assert.Equal(5UL, log.TailBefore(8, 300));
        Assert.Equal(8UL, log.TailBefore(8, 99));
        Assert.Equal(0UL, log.TailBefore(8, 10_000));
    }
}
