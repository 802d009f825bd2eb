using System.Net.Http.Headers;
using VideoScale.Gateway.Webhooks;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Webhooks;

/// <summary>One way to receivers: a request, and whether it was taken.</summary>
internal interface IWebhookClient : IAsyncDisposable
{
    /// <returns>Null when it was taken; else why not, without anything that may be secret.</returns>
    Task<string?> SendAsync(Uri address, WebhookMessage message, CancellationToken cancellationToken);
}

/// <summary>Over HTTP: taken is what is answered with 2xx. Redirects are not followed; of an answer little is read, nothing kept.</summary>
internal sealed class WebhookClient : IWebhookClient
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>So often an address that a name has is looked up anew.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    private const int MostConnections = 64;

    /// <summary>Of an answer, read only so that its connection can be used again.</summary>
    private const int MostAnswerBytes = 64 * 1024;

    private readonly HttpClient _http;
    private readonly WebhookSigner _signer;
    private readonly TimeSpan _timeout;

    internal WebhookClient(WebhookSigner signer, TimeSpan timeout)
    {
        (_signer, _timeout) = (signer, timeout);
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
            MaxConnectionsPerServer = MostConnections,
            MaxResponseDrainSize = MostAnswerBytes,
            MaxResponseHeadersLength = 64, // KiB
            ActivityHeadersPropagator = null,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    public async Task<string?> SendAsync(Uri address, WebhookMessage message, CancellationToken cancellationToken)
    {
        var body = message.ToJson();
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(WebhookMessage.ContentType);
        request.Headers.TryAddWithoutValidation("Authorization", _signer.Sign(body));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_timeout);
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return answer.IsSuccessStatusCode ? null : $"status {(int)answer.StatusCode}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"no answer in {_timeout.TotalMilliseconds} ms";
        }
        catch (HttpRequestException e) { return $"{e.HttpRequestError}: {TextLimits.Shown(e.Message)}"; }
        catch (IOException e) { return $"connection lost: {TextLimits.Shown(e.Message)}"; }
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }
}
