using VideoScale.Consensus;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.Model;
using VideoScale.Platform;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>One entry's way through the log.</summary>
public sealed partial class CommandPipeline
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(20);

    /// <param name="Bytes">A retry after an unknown outcome carries the same bytes under the same id.</param>
    private readonly record struct Proposal(ProposalId Id, ReadOnlyMemory<byte> Bytes);

    /// <summary>Fills one entry from what the pump has taken; what exceeds the bound stays for the next.</summary>
    private Proposal Encode(List<PendingCommand> batch)
    {
        var commands = 0;
        _body.Reset();
        while (_taken.TryPeek(out var next))
        {
            var before = _body.Length;
            if (next.IsAbandoned) // nobody waits any more, and it was never proposed
            {
                if (next.IsPlaced) _placer.Done(next.Envelope);
                Take();
                continue;
            }
            EntryCodec.WriteEnvelope(next.Envelope, _body);
            if (next.Then is { } then) EntryCodec.WriteEnvelope(then, _body);
            if (batch.Count > 0 && _body.Length > _limits.EntryBytes)
            {
                _body.Truncate(before);
                break;
            }
            batch.Add(Take());
            commands += next.Count;
        }
        lock (_gate) _left = _taken.Count;
        _head.Reset();
        EntryCodec.WriteHead(_time.Stamp(), commands, _head);
        var bytes = GC.AllocateUninitializedArray<byte>(_head.Length + _body.Length);
        _head.WrittenSpan.CopyTo(bytes);
        _body.WrittenSpan.CopyTo(bytes.AsSpan(_head.Length));
        return new(new ProposalId(Volatile.Read(ref _session), ++_sequence), bytes);
    }

    private PendingCommand Take()
    {
        var taken = _taken.Dequeue();
        _commandsTaken -= taken.Count;
        return taken;
    }

    private async Task CarryAsync(Proposal proposal, List<PendingCommand> batch)
    {
        try
        {
            if (batch.Count == 0) return;
            var result = await ProposeUntilKnownAsync(proposal, batch);
            switch (result.Outcome)
            {
                case Outcome.Committed: Answer(batch, result); break;
                case Outcome.Rejected when result.Reason == RejectReason.Overloaded: CompleteAll(batch, SubmitResult.Overloaded); break;
                case Outcome.Rejected: CompleteAll(batch, SubmitResult.NotLeader); break;
                default: CompleteAll(batch, SubmitResult.Unknown); break;
            }
        }
        catch (Exception e) when (e is not InvariantViolation)
        {
            LogEntryFailed(e, proposal.Id.Sequence);
            CompleteAll(batch, SubmitResult.Unknown);
        }
        finally
        {
            foreach (var pending in batch) _placer.Done(pending.Envelope);
            Landed();
        }
    }

    /// <summary>Retries an unknown outcome under the same id while this replica leads and somebody still waits.</summary>
    private async ValueTask<ProposeResult> ProposeUntilKnownAsync(Proposal proposal, List<PendingCommand> batch)
    {
        var everUnknown = false;
        while (true)
        {
            _metrics.EntryProposed();
            var result = await _log.ProposeAsync(proposal.Id, proposal.Bytes, _stop.Token);
            if (result.Outcome == Outcome.Committed) return result;
            if (result.Outcome == Outcome.Rejected)
            {
                if (result.Reason == RejectReason.SessionExpired)
                    Interlocked.CompareExchange(ref _session, RandomNumbers.NonZero(), proposal.Id.Session);
                // Refused now says nothing about the earlier try whose fate is open.
                return everUnknown ? result with { Outcome = Outcome.Unknown } : result;
            }
            _metrics.OutcomeUnknown();
            everUnknown = true;
            if (_stop.IsCancellationRequested || !_leadership.IsMine || batch.TrueForAll(static pending => pending.IsAbandoned))
                return result;
            await Task.Delay(RetryPause, CancellationToken.None);
        }
    }

    private static void Answer(List<PendingCommand> batch, in ProposeResult result)
    {
        var reader = new CanonicalReader(result.Reply.Span);
        foreach (var pending in batch)
        {
            var first = Read(ref reader, result.Index);
            var second = pending.Then is null ? null : Read(ref reader, result.Index);
            // What was asked for is the second; why it could not be is what the first was refused for.
            var isOfSecond = second is not null && (first.Failure is null || second.Failure is null);
            pending.Complete(SubmitResult.Of(isOfSecond ? second! : first) with { IsOfSecond = isOfSecond });
        }
        reader.End();
    }

    private static CommandReply Read(ref CanonicalReader reader, ulong index)
    {
        var reply = CommandReply.Read(ref reader);
        return reply.Index == index ? reply : reply with { Replayed = true };
    }

    private static void CompleteAll(List<PendingCommand> batch, in SubmitResult result)
    {
        foreach (var pending in batch) pending.Complete(result);
    }

    private void Landed()
    {
        bool pump;
        lock (_gate)
        {
            _inFlight--;
            if (IsIdle) _drained?.TrySetResult();
            pump = StartPump();
        }
        if (pump) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }
}
