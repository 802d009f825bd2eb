using Microsoft.AspNetCore.Http;

namespace VideoScale.Gateway;

/// <summary>Clients live in pages of any origin; what they may do their tokens say, not where they come from (WHATWG Fetch §3.2).</summary>
public static class CrossOrigin
{
    private const string RequestPrivateNetwork = "Access-Control-Request-Private-Network",
        AllowPrivateNetwork = "Access-Control-Allow-Private-Network";
    private const string Methods = "GET, HEAD, POST, OPTIONS";
    /// <summary>A day, in seconds: as long as any browser keeps an answer.</summary>
    private const string MaxAge = "86400";

    /// <param name="methods">That may be asked for; null for the usual ones.</param>
    /// <returns>True when that was all that was asked: a preflight is answered.</returns>
    public static bool Allow(HttpContext context, string? methods = null)
    {
        var (asked, headers) = (context.Request.Headers, context.Response.Headers);
        headers.AccessControlAllowOrigin = "*";
        if (!HttpMethods.IsOptions(context.Request.Method)) return false;
        headers.AccessControlAllowMethods = methods ?? Methods;
        // The star leaves Authorization out.
        headers.AccessControlAllowHeaders = asked.AccessControlRequestHeaders.Count > 0 ? asked.AccessControlRequestHeaders : "*";
        headers.AccessControlMaxAge = MaxAge;
        // A public page that calls a server of a private network asks for leave.
        if (asked.ContainsKey(RequestPrivateNetwork)) headers[AllowPrivateNetwork] = "true";
        return true;
    }
}
