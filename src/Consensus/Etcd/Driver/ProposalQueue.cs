using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Etcd.Layout;
using VideoScale.Consensus.Etcd.Rules;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>A proposal that waits to be appended.</summary>
internal readonly record struct Proposal(EntryKind Kind, ProposalId Id, ReadOnlyMemory<byte> Payload, PendingProposal? Waiter);

/// <summary>Proposals of the term that this replica leads, in order and bounded; closed while it leads none.</summary>
internal sealed class ProposalQueue
{
    private const int MostProposals = 16_384;
    private const long MostBytes = 64 << 20;
    private readonly Lock _gate = new();
    private readonly LinkedList<Proposal> _waiting = new();
    private long _bytes;
    private bool _open;
    private bool _stopped;

    internal int Count { get { lock (_gate) return _waiting.Count; } }

    internal RejectReason TryAdd(in Proposal proposal)
    {
        lock (_gate)
        {
            if (_stopped) return RejectReason.ShuttingDown;
            if (!_open) return RejectReason.NotLeader;
            if (_waiting.Count >= MostProposals || _bytes + proposal.Payload.Length > MostBytes) return RejectReason.Overloaded;
            _waiting.AddLast(proposal);
            _bytes += proposal.Payload.Length;
            return RejectReason.None;
        }
    }

    /// <summary>Proposals are taken from now on.</summary>
    internal void Open()
    {
        lock (_gate) _open = !_stopped;
    }

    /// <summary>None is taken any more, and none that waits was ever sent.</summary>
    internal void Close(ulong term, bool stopped = false)
    {
        Proposal[] left;
        lock (_gate)
        {
            _open = false;
            _stopped |= stopped;
            left = [.. _waiting];
            _waiting.Clear();
            _bytes = 0;
        }
        var reason = stopped ? RejectReason.ShuttingDown : RejectReason.NotLeader;
        foreach (var proposal in left) proposal.Waiter?.Finish(new ProposeResult(Outcome.Rejected, 0, term, default, reason));
    }

    /// <summary>What fits into one transaction.</summary>
    internal List<Proposal> Take(int keyBytes, int maxOps, int maxBytes)
    {
        lock (_gate)
        {
            var count = Append.Fit(_waiting.Select(static proposal => proposal.Payload.Length), keyBytes, maxOps, maxBytes);
            var taken = new List<Proposal>(count);
            while (taken.Count < count)
            {
                taken.Add(_waiting.First!.Value);
                _bytes -= _waiting.First.Value.Payload.Length;
                _waiting.RemoveFirst();
            }
            return taken;
        }
    }

    /// <summary>Back to the front, in order.</summary>
    internal void PutBack(IReadOnlyList<Proposal> proposals)
    {
        lock (_gate)
        {
            for (var i = proposals.Count - 1; i >= 0; i--)
            {
                _waiting.AddFirst(proposals[i]);
                _bytes += proposals[i].Payload.Length;
            }
        }
    }

    internal static Batch BatchOf(ulong term, HeadValue before, IReadOnlyList<Proposal> proposals)
    {
        var entries = new Entry[proposals.Count];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = new Entry(before.Index + 1 + (ulong)i, term, proposals[i].Kind, proposals[i].Id, proposals[i].Payload);
        return new Batch(term, before, entries);
    }
}
