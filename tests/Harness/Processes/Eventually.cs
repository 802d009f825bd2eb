using Grpc.Core;

namespace VideoScale.Harness.Processes;

/// <summary>Waits for conditions with a generous upper bound: quick when all is well, slow only when something is wrong.</summary>
public static class Eventually
{
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(25);

    /// <param name="what">Says in the failure what was waited for.</param>
    /// <param name="limit">On a quiet machine; on one that is short of time, in proportion longer.</param>
    /// <param name="details">Added to the failure.</param>
    /// <remarks>What does not answer yet (HTTP and gRPC errors) counts as not holding.</remarks>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, TimeSpan? limit = null, Func<string>? details = null)
    {
        var (left, looked) = ((limit ?? DefaultLimit).TotalMilliseconds, Environment.TickCount64);
        Exception? last = null;
        while (true)
        {
            try
            {
                if (await condition()) return;
                last = null;
            }
            catch (Exception e) when (e is HttpRequestException or RpcException or TaskCanceledException) { last = e; }
            var now = Environment.TickCount64;
            left -= (now - looked) / Slowness.Now;
            looked = now;
            if (left < 0)
                throw new TimeoutException($"never came true: {what}{(last is null ? "" : $" ({last.Message})")} {details?.Invoke()}",
                    last);
            await Task.Delay(Period);
        }
    }

    public static Task HoldsAsync(Func<bool> condition, string what, TimeSpan? limit = null, Func<string>? details = null) =>
        HoldsAsync(() => Task.FromResult(condition()), what, limit, details);
}
