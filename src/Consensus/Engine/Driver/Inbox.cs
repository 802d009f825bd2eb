using System.Buffers;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>A queued proposal and who waits for it.</summary>
internal readonly record struct QueuedProposal(ProposalId Id, ReadOnlyMemory<byte> Payload, PendingProposal Waiter);

internal enum ControlKind : byte
{
    SnapshotDone = 1, SnapshotReceived, SnapshotSent, Disconnected, Transfer, ChangeMembership,
    Abstain, SetBack, StandAside, StorageFailed,
}

/// <param name="Done">True: the replica is quarantined, durably, or need not be; false: it stops.</param>
internal sealed record SetBackReport(ulong Remembered, ulong Start, TaskCompletionSource<bool> Done);

/// <summary>A rare input.</summary>
internal readonly record struct Control(ControlKind Kind, MemberId Member = default, ulong Number = 0, bool Ok = false,
    object? Subject = null);

/// <summary>One turn's worth of inputs; two of them take turns.</summary>
internal sealed class InboxBatch
{
    public List<QueuedProposal> Proposals { get; } = new(1024);
    public List<Message> Messages { get; } = new(256);
    public List<PendingFence> Reads { get; } = new(64);
    public List<Control> Controls { get; } = new(8);
    public long ProposalBytes { get; set; }
    public bool HasDurable { get; set; }
    public ulong DurableToken { get; set; }
    public ulong DurableTerm { get; set; }
    public ulong DurableIndex { get; set; }

    public bool IsEmpty => Proposals.Count == 0 && Messages.Count == 0 && Reads.Count == 0 && Controls.Count == 0 && !HasDurable;

    public void Clear()
    {
        Proposals.Clear();
        Messages.Clear();
        Reads.Clear();
        Controls.Clear();
        ProposalBytes = 0;
        HasDurable = false;
    }
}

/// <summary>Where every thread leaves what the loop shall do: bounded, and waking the loop only when it sleeps.</summary>
internal sealed class Inbox(ReplicatedLogOptions options, SlabPool slabs, ConsensusMetrics metrics) : IStorageListener, ITransportListener
{
    private readonly object _gate = new();
    private readonly SlabArena _proposals = new(slabs);
    private readonly SlabArena _received = new(slabs);
    private readonly Lock _receiving = new();
    private InboxBatch _filling = new();
    private bool _sleeping;
    private bool _nudged;
    private bool _stopped;

    public int ProposalDepth { get { lock (_gate) return _filling.Proposals.Count; } }

    /// <summary>Loop: waits until there is something, or the time is up, and takes it all.</summary>
    /// <param name="empty">The batch taken before, cleared.</param>
    public InboxBatch Take(InboxBatch empty, int waitMs)
    {
        lock (_gate)
        {
            if (_filling.IsEmpty && !_nudged && !_stopped && waitMs > 0)
            {
                _sleeping = true;
                Monitor.Wait(_gate, waitMs);
                _sleeping = false;
            }
            _nudged = false;
            var taken = _filling;
            _filling = empty;
            return taken;
        }
    }

    /// <summary>Has the loop run once more.</summary>
    public void Nudge()
    {
        lock (_gate)
        {
            _nudged = true;
            Wake();
        }
    }

    /// <returns>None when it was queued.</returns>
    public RejectReason TryPropose(ProposalId id, ReadOnlySpan<byte> command, PendingProposal waiter)
    {
        lock (_gate)
        {
            if (_stopped) return RejectReason.ShuttingDown;
            if (_filling.Proposals.Count >= options.MaxQueuedProposals || _filling.ProposalBytes + command.Length > options.MaxQueuedBytes)
                return RejectReason.Overloaded;
            _filling.Proposals.Add(new QueuedProposal(id, _proposals.Copy(command), waiter));
            _filling.ProposalBytes += command.Length;
            Wake();
            return RejectReason.None;
        }
    }

    /// <returns>False when the replica has stopped.</returns>
    public bool Add(PendingFence read)
    {
        lock (_gate)
        {
            if (_stopped) return false;
            _filling.Reads.Add(read);
            Wake();
            return true;
        }
    }

    /// <returns>False when the replica has stopped.</returns>
    public bool Add(in Control control)
    {
        lock (_gate)
        {
            if (_stopped) return false;
            _filling.Controls.Add(control);
            Wake();
            return true;
        }
    }

    /// <summary>Nothing is taken in any more.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            Wake();
        }
    }

    public void OnDurable(ulong token, ulong term, ulong lastIndex)
    {
        lock (_gate)
        {
            _filling.HasDurable = true; // the latest covers those before it
            _filling.DurableToken = token;
            _filling.DurableTerm = term;
            _filling.DurableIndex = lastIndex;
            Wake();
        }
    }

    public void OnStorageFailed(Exception cause) => Add(new Control(ControlKind.StorageFailed, Subject: cause));

    public void OnMessage(in Message message)
    {
        var owned = message.Entries.IsEmpty ? message : message with { Entries = CopyEntries(message.Entries.Span) };
        lock (_gate)
        {
            if (!_stopped && _filling.Messages.Count < options.MaxQueuedMessages)
            {
                _filling.Messages.Add(owned);
                Wake();
                return;
            }
        }
        metrics.MessageDropped();
        LetGo(owned);
    }

    public void OnSnapshotReceived(MemberId from, ulong term, SnapshotMeta meta) =>
        Add(new Control(ControlKind.SnapshotReceived, from, term, Subject: meta));

    public void OnSnapshotSent(MemberId to, ulong snapshotIndex, bool ok) =>
        Add(new Control(ControlKind.SnapshotSent, to, snapshotIndex, ok));

    public void OnDisconnected(MemberId member) => Add(new Control(ControlKind.Disconnected, member));

    public void OnStandAside(bool aside) => Add(new Control(ControlKind.StandAside, Ok: aside));

    public bool OnSetBack(MemberId by, ulong remembered, ulong start)
    {
        var report = new SetBackReport(remembered, start,
            new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
        return Add(new Control(ControlKind.SetBack, by, Subject: report)) && report.Done.Task.GetAwaiter().GetResult();
    }

    /// <summary>Loop: what the core did not keep of a message is free again.</summary>
    public void LetGo(in Message message)
    {
        if (message.Entries.IsEmpty) return;
        foreach (ref readonly var entry in message.Entries.Span) slabs.Release(entry.Payload);
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(message.Entries, out var rented);
        ArrayPool<Entry>.Shared.Return(rented.Array!);
    }

    private ReadOnlyMemory<Entry> CopyEntries(ReadOnlySpan<Entry> entries)
    {
        var copies = ArrayPool<Entry>.Shared.Rent(entries.Length);
        lock (_receiving)
        {
            for (var i = 0; i < entries.Length; i++)
            {
                ref readonly var entry = ref entries[i];
                copies[i] = new Entry(entry.Index, entry.Term, entry.Kind, entry.Id, _received.Copy(entry.Payload.Span));
            }
        }
        return copies.AsMemory(0, entries.Length);
    }

    private void Wake()
    {
        if (!_sleeping) return;
        _sleeping = false;
        Monitor.Pulse(_gate);
    }
}
