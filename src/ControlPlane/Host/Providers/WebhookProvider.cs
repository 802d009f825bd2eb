using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace VideoScale.ControlPlane.Host.Providers;

/// <summary>
/// A provider behind HTTP: every call is a POST of JSON, signed with a secret that both know. See docs/providers.md.
/// </summary>
public sealed class WebhookProvider : JsonProvider, IDisposable
{
    /// <summary>t=UNIX SECONDS,v1=HEX of HMAC-SHA256 over "SECONDS.BODY".</summary>
    public const string SignatureHeader = "VideoScale-Signature";
    private const int MostBytes = 4 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private readonly Uri _url;
    private readonly byte[] _secret;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;

    /// <param name="secret">Empty: calls are not signed.</param>
    public WebhookProvider(Uri url, string cluster, string secret, TimeProvider clock) : base(url.GetLeftPart(UriPartial.Path), cluster)
    {
        (_url, _secret, _clock) = (url, Encoding.UTF8.GetBytes(secret), clock);
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(5) })
        {
            Timeout = Patience,
            MaxResponseContentBufferSize = MostBytes,
        };
    }

    protected override async Task<ProviderReply> AskAsync(ProviderRequest request, CancellationToken cancellationToken)
    {
        var body = ProviderJson.Write(request);
        using var message = new HttpRequestMessage(HttpMethod.Post, _url) { Content = new ByteArrayContent(body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (_secret.Length > 0) message.Headers.TryAddWithoutValidation(SignatureHeader, Sign(_secret, body, _clock.GetUtcNow()));
        try
        {
            using var response = await _http.SendAsync(message, cancellationToken);
            var answer = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (response.IsSuccessStatusCode || IsReply(response)) return ProviderJson.Read(answer);
            throw Refusal(response);
        }
        catch (HttpRequestException e)
        {
            // Nobody listens there: nothing was asked of anybody.
            var nobody = e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError;
            throw new ProviderException(nobody ? ProviderError.Transient : ProviderError.Unknown, e.Message, inner: e);
        }
        catch (TaskCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProviderException(ProviderError.Unknown, $"it did not answer within {Patience.TotalSeconds} s", inner: e);
        }
    }

    /// <summary>One that says what is wrong in our own words.</summary>
    private static bool IsReply(HttpResponseMessage response) =>
        (int)response.StatusCode is >= 400 and < 600 && response.Content.Headers.ContentType?.MediaType == "application/json";

    private static ProviderException Refusal(HttpResponseMessage response)
    {
        var kind = response.StatusCode switch
        {
            HttpStatusCode.TooManyRequests => ProviderError.Throttled,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ProviderError.Denied,
            HttpStatusCode.ServiceUnavailable => ProviderError.Transient,
            >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError => ProviderError.BadSpec,
            _ => ProviderError.Unknown,
        };
        return new(kind, $"HTTP {(int)response.StatusCode}", response.Headers.RetryAfter?.Delta);
    }

    public static string Sign(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        var seconds = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.ASCII.GetBytes(seconds + "."), .. body];
        return $"t={seconds},v1={Convert.ToHexStringLower(HMACSHA256.HashData(secret, signed))}";
    }

    public void Dispose() => _http.Dispose();
}
