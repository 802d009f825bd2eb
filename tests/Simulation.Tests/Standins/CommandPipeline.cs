using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Clocks;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>
/// Carries commands into the simulated log: what is submitted at one moment travels in one entry. No threads; completions run where they
/// are told.
/// </summary>
public sealed class CommandPipeline : IDisposable
{
    private readonly List<Pending> _queue = [];
    private readonly List<Batch> _underWay = [];
    private readonly CanonicalWriter _body = new();
    private readonly CanonicalWriter _head = new(32);

    private sealed record Pending(CommandEnvelope Envelope, TaskCompletionSource<SubmitResult> Done);

    internal sealed class Batch
    {
        internal required byte[] Bytes { get; init; }
        internal required object Commands { get; init; }
    }

    /// <summary>Whether this replica believes that it leads.</summary>
    public required Func<bool> IsMine { get; init; }

    /// <summary>Asks for <see cref="Flush"/> soon.</summary>
    public required Action WantsFlush { get; init; }

    internal IRoomPlacer? Placer { get; set; }

    public ValueTask<SubmitResult> SubmitAsync(CommandEnvelope envelope, CancellationToken cancellationToken)
    {
        if (!IsMine()) return new(SubmitResult.NotLeader);
        var pending = new Pending(envelope, new TaskCompletionSource<SubmitResult>());
        _queue.Add(pending);
        if (_queue.Count == 1) WantsFlush();
        return new(pending.Done.Task);
    }

    /// <summary>Whether a command like it was submitted and not answered yet.</summary>
    internal bool IsUnderWay(Func<DomainCommand, bool> like) =>
        _queue.Concat(_underWay.SelectMany(batch => (List<Pending>)batch.Commands)).Any(pending => like(pending.Envelope.Command));

    internal bool HasWaiting => _queue.Count > 0;

    /// <summary>Makes an entry of what waits.</summary>
    internal Batch? Flush(EntryStamp stamp)
    {
        if (_queue.Count == 0) return null;
        var commands = new List<Pending>();
        _body.Reset();
        foreach (var pending in _queue)
        {
            var placed = pending with { Envelope = Placer?.Place(pending.Envelope, out _) ?? pending.Envelope };
            EntryCodec.WriteEnvelope(placed.Envelope, _body);
            commands.Add(placed);
        }
        _queue.Clear();
        _head.Reset();
        EntryCodec.WriteHead(stamp, commands.Count, _head);
        var bytes = new byte[_head.Length + _body.Length];
        _head.WrittenSpan.CopyTo(bytes);
        _body.WrittenSpan.CopyTo(bytes.AsSpan(_head.Length));
        var batch = new Batch { Bytes = bytes, Commands = commands };
        _underWay.Add(batch);
        return batch;
    }

    internal void Applied(Batch batch, byte[] reply)
    {
        if (!_underWay.Remove(batch)) return; // given up as unknown meanwhile
        var reader = new CanonicalReader(reply);
        var answers = new List<CommandReply>();
        foreach (var _ in (List<Pending>)batch.Commands) answers.Add(CommandReply.Read(ref reader));
        var commands = (List<Pending>)batch.Commands;
        for (var i = 0; i < commands.Count; i++) End(commands[i], SubmitResult.Of(answers[i]));
    }

    internal void NotTaken(Batch batch)
    {
        if (!_underWay.Remove(batch)) return;
        foreach (var pending in (List<Pending>)batch.Commands) End(pending, SubmitResult.NotLeader);
    }

    /// <summary>Leadership is over: what is under way may or may not be in the log.</summary>
    internal void GiveUp()
    {
        var (batches, waiting) = (_underWay.ToArray(), _queue.ToArray());
        _underWay.Clear();
        _queue.Clear();
        foreach (var batch in batches)
            foreach (var pending in (List<Pending>)batch.Commands) End(pending, SubmitResult.Unknown);
        foreach (var pending in waiting) pending.Done.SetResult(SubmitResult.NotLeader);
    }

    public void Dispose()
    {
        _body.Dispose();
        _head.Dispose();
    }

    private void End(Pending pending, SubmitResult result)
    {
        Placer?.Done(pending.Envelope);
        pending.Done.SetResult(result);
    }
}
