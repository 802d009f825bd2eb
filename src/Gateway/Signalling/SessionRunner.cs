using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using VideoScale.Gateway.Tokens;
using VideoScale.Model;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.Gateway.Signalling;

/// <summary>
/// Carries out what a <see cref="Session"/> wants, and tells it what became of that: sockets, streams, looks and timers of one client.
/// </summary>
internal sealed partial class SessionRunner : IDisposable
{
    private readonly SignalServices _services;
    private readonly IClient _client;
    private readonly ParticipantGrants _grants;
    private readonly string _token;
    private readonly ILogger _logger;
    private readonly Session _session;
    private readonly RoomId _room;
    private readonly string _seat;
    private readonly Channel<SessionInput> _inputs =
        Channel.CreateUnbounded<SessionInput>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _ending = new();
    private readonly ClientOutbox _outbox;
    private readonly List<Task> _tasks = [];
    private readonly SemaphoreSlim _taken = new(0); // a request of the client's, and more of it may be read
    private int _untaken;
    private Task<bool>? _more; // of the inputs
    private LineRunner? _line;
    private bool _hasEnded;

    /// <param name="token">What it joined with; empty of a client that is given no other.</param>
    internal SessionRunner(SignalServices services, IClient client, ParticipantGrants grants, ClientWish wish,
        string token, ILogger logger)
    {
        (_services, _client, _grants, _token, _logger) = (services, client, grants, token, logger);
        (_room, _seat) = (RoomName.IdOf(grants.Room), SeatName.Of(grants.Identity));
        _session = new Session(grants, wish, Guid.CreateVersion7().ToString("N"), Random.Shared);
        _outbox = new ClientOutbox(client, () => Post(new SessionInput.ClientUnreachable()));
    }

    /// <summary>Why it could not come in; null when it did.</summary>
    internal SessionRefusal? Refusal { get; private set; }

    /// <summary>How a session without signalling stood when it was taken up; null of one that has it.</summary>
    internal UnattendedSession? Unattended { get; private set; }

    /// <summary>Why its node ended it; null when it did not.</summary>
    internal SessionEndReason? EndReason { get; private set; }

    private long NowMs => (long)_services.Clock.GetElapsedTime(0).TotalMilliseconds;

    /// <summary>Ends with the client: its socket is closed, or it was told where to go.</summary>
    internal async Task RunAsync()
    {
        using var following = _services.Updates.Follow(_room);
        using var stopping = _services.Stopping.Register(() => Post(new SessionInput.GatewayStopping()));
        var telling = _outbox.RunAsync(_ending.Token);
        Begin(telling);
        Begin(ReadAsync());
        Begin(WatchRoomAsync());
        Begin(WatchTokenAsync());
        try
        {
            await StepAsync();
            // The last word, and the answer to the client's close: a session ends after it has asked for that.
            await telling.WaitAsync(TimeSpan.FromMilliseconds(SessionTiming.CloseMs), _services.Clock)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            _line?.Close(); // whatever ended the session; those before it are closed
            await _ending.CancelAsync();
            await Task.WhenAll(_tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose()
    {
        _ending.Dispose();
        _taken.Dispose();
        _outbox.Dispose();
    }

    private async Task StepAsync()
    {
        var effects = new List<SessionEffect>();
        _session.Start(NowMs, effects);
        CarryOut(effects);
        while (!_hasEnded)
        {
            var input = await NextAsync();
            _session.Step(input, NowMs, effects);
            CarryOut(effects);
            if (input is SessionInput.ClientSaid) _untaken++;
            for (; _untaken > 0 && _session.MayRead; _untaken--) _taken.Release();
        }
    }

    private void Post(SessionInput input) => _inputs.Writer.TryWrite(input);

    /// <summary>What happens next, or that the time has come for which the session waits.</summary>
    private async ValueTask<SessionInput> NextAsync()
    {
        while (true)
        {
            if (_inputs.Reader.TryRead(out var input)) return input;
            var wait = _session.WakeAtMs - NowMs;
            if (wait <= 0) return new SessionInput.TimePassed(_client.IsQuiet);
            _more ??= _inputs.Reader.WaitToReadAsync().AsTask();
            Task waiting = _more.WaitAsync(wait > int.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(wait),
                _services.Clock);
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // a session that serves is woken each second
            if (!_more.IsCompleted) continue;
            await _more;
            _more = null;
        }
    }

    private void CarryOut(List<SessionEffect> effects)
    {
        foreach (var effect in effects) CarryOut(effect);
        effects.Clear();
    }

    private void CarryOut(SessionEffect effect)
    {
        switch (effect)
        {
            case SessionEffect.Admit admit: Begin(AdmitAsync(admit.MayBeKept)); break;
            case SessionEffect.CatchUp: Begin(CatchUpAsync()); break;
            case SessionEffect.Look: Begin(LookAsync()); break;
            case SessionEffect.OpenLine open:
                _line = new LineRunner(open.Line, _outbox, Post);
                Begin(_line.RunAsync(_services.Nodes, open.NodeAddress, open.Open));
                break;
            case SessionEffect.CloseLine close when _line?.Number == close.Line: _line.Close(); break;
            case SessionEffect.Send send when _line?.Number == send.Line: _line.Send(send.Message); break;
            case SessionEffect.CompleteLine complete when _line?.Number == complete.Line: _line.Complete(); break;
            case SessionEffect.Tell tell: _outbox.Tell(_services.Turn?.AddTo(tell.Response, _seat) ?? tell.Response); break;
            case SessionEffect.Refresh refresh: Refresh(refresh); break;
            case SessionEffect.Close close: _outbox.Close(close.IsGoingAway); break;
            case SessionEffect.Abort: _client.Abort(); break;
            case SessionEffect.End: _hasEnded = true; break;
            case SessionEffect.NoteRefused note: NoteRefused(note); break;
            case SessionEffect.NoteUnattended note: Unattended = note.Session; break;
            case SessionEffect.NoteEnded note: EndReason = note.Reason; break;
            case SessionEffect.NoteRetried note: LogRetried(_grants.Identity, _grants.Room, note.Why); break;
            case SessionEffect.NoteNotCarried note: LogNotCarried(_grants.Identity, _grants.Room, note.Why); break;
            case SessionEffect.NoteMoved note: LogMoved(_grants.Identity, _grants.Room, note.Epoch, note.What); break;
        }
    }

    private void Begin(Task task)
    {
        _tasks.RemoveAll(static done => done.IsCompletedSuccessfully);
        _tasks.Add(GuardAsync(task));
    }

    /// <summary>What fails in a way it should not ends the session, which would wait for it for ever.</summary>
    private async Task GuardAsync(Task task)
    {
        try { await task; }
        catch (Exception e) when (!_ending.IsCancellationRequested) { _inputs.Writer.TryComplete(e); }
    }

    private async Task AdmitAsync(bool mayBeKept)
    {
        try
        {
            Post(new SessionInput.Granted(await _services.Admission.AdmitAsync(_grants, mayBeKept, _ending.Token)));
        }
        catch (RpcException e) { Post(new SessionInput.NotAdmitted(e.StatusCode, e.Status.Detail, e.RetryAfter())); }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested) { }
    }

    private async Task CatchUpAsync()
    {
        await _services.Places.CatchUpAsync(_ending.Token);
        Post(new SessionInput.CaughtUp());
    }

    private async Task LookAsync() =>
        Post(new SessionInput.RoomSeen(await _services.Places.LookAsync(_room, _seat)));

    private async Task WatchRoomAsync()
    {
        using var changes = _services.Places.Follow(_room);
        while (true)
        {
            var changed = changes.Next; // taken before the session looks, or a change may be missed
            Post(new SessionInput.RoomChanged());
            await changed.WaitAsync(_ending.Token);
        }
    }

    /// <summary>Whoever came with a token that is revoked meanwhile goes, as one whom an admin removes.</summary>
    private async Task WatchTokenAsync()
    {
        if (_grants.Origin is not { } origin) return;
        while (true)
        {
            var changed = _services.Keys.Changed; // taken before it is looked at, or a change may be missed
            if (_services.Keys.IsRevoked(origin)) break;
            await changed.WaitAsync(_ending.Token);
        }
        while (!await _services.Admission.RemoveAsync(_room, _seat, "its token was revoked"))
            await Task.Delay(SessionTiming.RetryPauseMs, _ending.Token);
    }

    /// <summary>The client's requests, for its whole life: nodes come and go under it.</summary>
    private async Task ReadAsync()
    {
        try
        {
            while (await _client.ReceiveAsync(_ending.Token) is { } message)
            {
                Post(new SessionInput.ClientSaid(message.Request.MessageCase, message.Octets));
                await _taken.WaitAsync(_ending.Token);
            }
        }
        catch (Exception e) when (ClientSocket.IsGone(e)) { }
        Post(new SessionInput.ClientClosed(_client.IsUnanswering));
    }

    private void NoteRefused(SessionEffect.NoteRefused note)
    {
        Refusal = new SessionRefusal(note.Status, note.Why, note.RetryAfter);
        LogRefused(_grants.Identity, _grants.Room, note.Status, note.Why);
    }

    private void Refresh(SessionEffect.Refresh refresh)
    {
        if (_token.Length == 0) return;
        if (_services.Refresher.Refresh(_token, _grants.Identity, refresh.Claims) is not { } refreshed) return;
        _outbox.Tell(Google.Protobuf.MessageExtensions.ToByteString(new LiveKit.Proto.SignalResponse { RefreshToken = refreshed }));
    }

    [LoggerMessage(3401, LogLevel.Information, "{Identity} could not join room {Room}: {Code}, {Why}")]
    private partial void LogRefused(string identity, string room, StatusCode code, string why);

    [LoggerMessage(3402, LogLevel.Debug, "{Identity} tries room {Room} again: {Why}")]
    private partial void LogRetried(string identity, string room, string why);

    [LoggerMessage(3404, LogLevel.Information, "{Identity} in room {Room} cannot be carried to the new owner: {Why}")]
    private partial void LogNotCarried(string identity, string room, string why);

    [LoggerMessage(3403, LogLevel.Information, "Room {Room} went to another node (epoch {Epoch}): {Identity} is told to {What}")]
    private partial void LogMoved(string identity, string room, ulong epoch, string what);
}
