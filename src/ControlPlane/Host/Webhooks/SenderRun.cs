using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Webhooks;

/// <summary>What a run needs of its replica.</summary>
/// <param name="IsMine">Whether this replica still leads in the term of the run.</param>
/// <param name="MarkAsync">Commits what was taken; false when the log did not take it.</param>
/// <param name="LookAsync">The record as it is applied here; null when it was forgotten.</param>
internal sealed record RunPorts(
    Func<bool> IsMine, Func<WebhookProgress, CancellationToken, Task<bool>> MarkAsync, Func<ValueTask<WebhookRecord?>> LookAsync,
    EventLogReader Events, IWebhookClient Client, TimeProvider Clock);

/// <summary>
/// The sending to one receiver in one term of the leader: an outbox, a reader that fills it and a loop that empties it. Whatever fails ends
/// it, and the next run goes on from what is on record.
/// </summary>
internal sealed class SenderRun : IAsyncDisposable
{
    /// <summary>What was taken is on record so soon; after a leader was killed so much is sent again.</summary>
    internal static readonly TimeSpan MarkEvery = TimeSpan.FromSeconds(1);
    private const int MarkAfter = 1_000;

    private readonly Lock _gate = new();
    private readonly RunPorts _ports;
    private readonly Uri _address;
    private readonly Outbox<Outgoing> _outbox;
    private readonly OutboxRules _rules;
    private readonly RoomStories _stories, _heldStories;
    private readonly WakeSignal _wake = new(), _drained = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private long _failures, _lastErrorMs;
    private int _takenSinceMark, _disposed;
    private string _lastError = "";
    private volatile Exception? _fault;

    internal SenderRun(RunPorts ports, OutboxRules rules, Uri address, WebhookRecord record)
    {
        (_ports, _rules, _address) = (ports, rules, address);
        _outbox = new(rules, static below => RandomNumberGenerator.GetInt32(checked((int)below)), record);
        _stories = new(ports.Events);
        _heldStories = new(ports.Events);
        Replay(record);
        _loop = Task.Run(RunAsync);
    }

    private long NowMs => _ports.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    internal SenderStatus Status
    {
        get
        {
            lock (_gate)
            {
                var now = NowMs;
                var due = _outbox.UnderWay > 0 ? 0 : _outbox.DueMs() ?? 0;
                return new(_outbox.Waiting, _outbox.OldestMs is { } oldest ? (ulong)Math.Max(0, now - oldest) : 0, _outbox.UnderWay,
                    _outbox.HeldRooms, _outbox.IsDown, _failures, _lastError, _lastErrorMs, due);
            }
        }
    }

    /// <summary>Takes events in; waits while the receiver is behind.</summary>
    internal async ValueTask OfferAsync(IReadOnlyList<EventEnvelope> events, CancellationToken cancellationToken)
    {
        Check();
        foreach (var happened in events)
        {
            while (IsFull)
            {
                await _drained.WaitAsync(MarkEvery, _ports.Clock, cancellationToken);
                Check();
                if (!_ports.IsMine()) return;
            }
            var messages = _stories.Tell(happened);
            lock (_gate) _outbox.Offer(happened.EventSeq, RoomStories.RoomOf(happened), messages);
        }
        if (events.Count > 0) _wake.Set();
    }

    private bool IsFull { get { lock (_gate) return _outbox.IsFull; } }

    /// <summary>What ended the loop, or a request, ends whoever offers.</summary>
    private void Check()
    {
        if (_fault is { } fault) ExceptionDispatchInfo.Throw(fault);
        if (_loop.IsFaulted) ExceptionDispatchInfo.Throw(_loop.Exception!.InnerException!);
    }

    private async Task RunAsync()
    {
        var marking = Task.CompletedTask;
        var marked = _ports.Clock.GetTimestamp();
        while (_ports.IsMine() && !_stop.IsCancellationRequested && _fault is null)
        {
            LoadHeld();
            IReadOnlyList<Delivery<Outgoing>> taken;
            TimeSpan pause;
            lock (_gate)
            {
                var now = NowMs;
                taken = _outbox.Take(now);
                pause = _outbox.DueMs() is { } due ? TimeSpan.FromMilliseconds(Math.Clamp(due - now, 1, 1_000)) : MarkEvery;
            }
            foreach (var message in taken) _ = Task.Run(() => SendAsync(message));
            if (marking.IsFaulted) await marking;
            if (marking.IsCompleted && (_ports.Clock.GetElapsedTime(marked) >= MarkEvery || _takenSinceMark >= MarkAfter))
            {
                marked = _ports.Clock.GetTimestamp();
                marking = MarkAsync();
            }
            await _wake.WaitAsync(pause < MarkEvery ? pause : MarkEvery, _ports.Clock, _stop.Token);
        }
        await marking;
    }

    private async Task SendAsync(Delivery<Outgoing> message)
    {
        try
        {
            var error = await _ports.Client.SendAsync(_address, message.Content.ToMessage(), _stop.Token);
            lock (_gate)
            {
                var now = NowMs;
                if (error is null)
                {
                    _outbox.Took(message, now);
                    _takenSinceMark++;
                }
                else
                {
                    _outbox.Failed(message, error, now);
                    (_lastError, _lastErrorMs) = (error, now);
                    _failures++;
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
        catch (Exception e) { _fault = e; } // whoever offers hears of it
        _wake.Set();
        if (!IsFull) _drained.Set();
    }

    private async Task MarkAsync()
    {
        WebhookProgress? progress;
        lock (_gate) (progress, _takenSinceMark) = (_outbox.Mark(), 0);
        if (progress is not null && !await _ports.MarkAsync(progress, _stop.Token))
            throw new IOException("what a receiver of webhooks took could not be put on record; it is sent again");
        if (await _ports.LookAsync() is not { } record) throw new IOException("the webhook was forgotten; it begins anew");
        lock (_gate) _outbox.Remember(record.Dead.Length);
        Replay(record);
    }

    /// <summary>Dead letters that somebody asked to be sent again.</summary>
    private void Replay(WebhookRecord record)
    {
        foreach (var letter in record.Dead)
        {
            if (!letter.IsReplayed) continue;
            lock (_gate)
            {
                if (_outbox.IsReplaying(letter.Message)) continue;
            }
            var (messages, _) = _heldStories.From(letter.Room, letter.Message.Seq, letter.Message.Seq, int.MaxValue);
            if (messages.FirstOrDefault(message => message.Message == letter.Message) is not { } found)
                throw new InvariantViolation($"a dead letter comes of event {letter.Message.Seq}, which tells nothing");
            lock (_gate) _outbox.Replay(found);
            _wake.Set();
        }
    }

    /// <summary>Held rooms that go on get what the position has gone past.</summary>
    private void LoadHeld()
    {
        IReadOnlyList<HeldRoom> wanted;
        ulong read;
        lock (_gate) (wanted, read) = (_outbox.ToLoad(), _outbox.Read);
        foreach (var held in wanted)
        {
            var (messages, next) = _heldStories.From(held.Room, held.FromSeq, read, _rules.HeldWindow);
            lock (_gate)
            {
                // What came meanwhile was not kept, since the room was behind: it is read the next time.
                if (next == 0 && _outbox.Read > read && _heldStories.LastOf(held.Room) > read) next = read + 1;
                _outbox.Load(held.Room, messages, next);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}
