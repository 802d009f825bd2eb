using Grpc.Core;

namespace VideoScale.Rpc;

/// <summary>A call at one server, as far as a race needs to know it.</summary>
internal interface IRacingCall : IDisposable
{
    /// <summary>Completes when this server serves the call; fails when it does not.</summary>
    Task Served { get; }
}

/// <summary>How long a race takes its time.</summary>
/// <param name="Share">What a silent server gets before the next is asked beside it.</param>
/// <param name="Until">When it is over; silent servers may still be asked then.</param>
/// <param name="ReasonsUntil">When it is over if every server has said or shown why it does not serve.</param>
internal readonly record struct RaceTime(TimeSpan Share, DateTime Until, DateTime ReasonsUntil);

/// <summary>
/// One call at several servers: each gets a share of the time before the next is asked beside it, and one that fails makes way at once.
/// The first that serves wins, the others are given up. When all have failed they are asked again after a pause, as long as time allows.
/// </summary>
/// <param name="first">Index of the address that is asked first.</param>
internal sealed class EndpointRace<TCall>(IReadOnlyList<string> addresses, int first, RaceTime time, Func<int, TCall> ask,
    CancellationToken givenUp) where TCall : class, IRacingCall
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1); // timers have an upper bound

    private readonly List<Runner> _running = [];
    private readonly HashSet<int> _failed = []; // in this round
    private readonly EndpointFailure?[] _reasons = new EndpointFailure?[addresses.Count];
    private TimeSpan _pause = FirstPause;

    private sealed record Runner(int Index, TCall Call, long Started);

    /// <exception cref="RpcException">The refusal of a server that need not be asked elsewhere, or one that is caused by
    /// <see cref="NoEndpointServedException"/>.</exception>
    internal async Task<(TCall Call, int Index)> RunAsync()
    {
        try
        {
            while (true)
            {
                if (await NextAsync().ConfigureAwait(false) is not { } runner) continue;
                _running.Remove(runner);
                if (await HasServedAsync(runner).ConfigureAwait(false)) return (runner.Call, runner.Index);
            }
        }
        finally
        {
            foreach (var runner in _running) runner.Call.Dispose();
        }
    }

    /// <summary>Asks whoever is to be asked now, and waits for one to end; null when it was time for something else.</summary>
    private async ValueTask<Runner?> NextAsync()
    {
        var wait = time.Share;
        var everyone = false;
        if (NextToAsk() is { } index) _running.Add(new Runner(index, ask(index), Environment.TickCount64));
        else
        {
            everyone = true;
            if (_failed.Count > 0) wait = _pause;
            if (_running.Count == 0 && DateTime.UtcNow + _pause >= Earlier(time.Until, time.ReasonsUntil))
                throw Over(StatusCode.Unavailable);
        }
        if (await AnyAsync(wait).ConfigureAwait(false) is { } ended) return ended;
        if (givenUp.IsCancellationRequested) throw new RpcException(new Status(StatusCode.Cancelled, "Call canceled by the client."));
        if (DateTime.UtcNow >= time.Until) throw Over(StatusCode.DeadlineExceeded);
        if (everyone && _failed.Count > 0)
        {
            _failed.Clear(); // another round
            _pause = TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, LongestPause.Ticks));
        }
        return null;
    }

    private async ValueTask<bool> HasServedAsync(Runner runner)
    {
        try
        {
            await runner.Call.Served.ConfigureAwait(false);
            return true;
        }
        catch (RpcException e) when (e.IsConnectionLost() && !givenUp.IsCancellationRequested)
        {
            _failed.Add(runner.Index);
            _reasons[runner.Index] = EndpointFailure.Of(addresses[runner.Index], e);
            runner.Call.Dispose();
            return false;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.DeadlineExceeded && !givenUp.IsCancellationRequested)
        {
            _running.Add(runner); // it is as silent as the others that still run
            throw Over(StatusCode.DeadlineExceeded);
        }
        catch
        {
            runner.Call.Dispose();
            throw;
        }
    }

    private int? NextToAsk()
    {
        for (var i = 0; i < addresses.Count; i++)
        {
            var index = (first + i) % addresses.Count;
            if (!_failed.Contains(index) && !_running.Exists(runner => runner.Index == index)) return index;
        }
        return null;
    }

    private async ValueTask<Runner?> AnyAsync(TimeSpan wait)
    {
        var left = time.Until - DateTime.UtcNow;
        if (wait > left) wait = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        if (wait > LongestWait) wait = LongestWait;
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(givenUp);
        await Task.WhenAny([.. _running.Select(runner => runner.Call.Served), Task.Delay(wait, waiting.Token)]).ConfigureAwait(false);
        await waiting.CancelAsync().ConfigureAwait(false);
        return _running.Find(runner => runner.Call.Served.IsCompleted);
    }

    private RpcException Over(StatusCode code)
    {
        foreach (var runner in _running)
        {
            var silence = TimeSpan.FromMilliseconds(Environment.TickCount64 - runner.Started);
            if (silence >= time.Share) _reasons[runner.Index] = null; // what it said in an earlier round is not why this one failed
            _reasons[runner.Index] ??= EndpointFailure.Silent(addresses[runner.Index], silence);
        }
        return NoEndpointServedException.ToRpcException(code,
            [.. addresses.Select((address, i) => _reasons[i] ?? new EndpointFailure(address, "not asked", Answered: false))]);
    }

    private static DateTime Earlier(DateTime a, DateTime b) => a < b ? a : b;
}
