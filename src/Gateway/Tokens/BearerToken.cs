using Microsoft.AspNetCore.Http;

namespace VideoScale.Gateway.Tokens;

/// <summary>
/// Where a request carries its token: in the header of servers, or in the URL of clients, which cannot set one on a WebSocket.
/// </summary>
internal static class BearerToken
{
    private const string Scheme = "Bearer ";

    /// <returns>Empty without one.</returns>
    internal static string Of(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim()
            : request.Query["access_token"].ToString();
    }
}
