using System.Globalization;
using System.Net;

namespace VideoScale.Rpc;

/// <summary>
/// Ends a call that is not answered when the time of its deadline has elapsed. gRPC's own deadlines are moments of the wall clock: one that
/// is set back by an hour would hold a call to a peer that never answers for an hour.
/// </summary>
internal sealed class ElapsedDeadline(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const string TimeoutHeader = "grpc-timeout";
    private const string DeadlineExceeded = "4"; // of gRPC's status codes

    /// <summary>The deadline itself comes first when the clock is right.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!request.Headers.TryGetValues(TimeoutHeader, out var values) || Parse(values.First()) is not { } timeout)
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        using var elapsed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        elapsed.CancelAfter(timeout + Grace); // counts what elapses
        try { return await base.SendAsync(request, elapsed.Token).ConfigureAwait(false); }
        catch (OperationCanceledException) when (elapsed.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var response = new HttpResponseMessage(HttpStatusCode.OK)
            {
                Version = HttpVersion.Version20,
                RequestMessage = request,
                Content = new ByteArrayContent([]),
            };
            response.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
            response.Headers.TryAddWithoutValidation("grpc-status", DeadlineExceeded);
            response.Headers.TryAddWithoutValidation("grpc-message", "no answer within the time of the deadline");
            return response;
        }
    }

    /// <summary>As gRPC writes it: at most eight digits and a unit.</summary>
    internal static TimeSpan? Parse(string text)
    {
        if (text.Length < 2
            || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return null;
        TimeSpan? timeout = text[^1] switch
        {
            'H' => TimeSpan.FromHours(count),
            'M' => TimeSpan.FromMinutes(count),
            'S' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMilliseconds(count),
            'u' => TimeSpan.FromMicroseconds(count),
            'n' => TimeSpan.FromMicroseconds(count / 1_000),
            _ => null,
        };
        return timeout < TimeSpan.FromDays(1) ? timeout : null; // a timer goes no further than weeks, and nobody waits for it
    }
}
