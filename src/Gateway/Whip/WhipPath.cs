using Microsoft.AspNetCore.Http;

namespace VideoScale.Gateway.Whip;

/// <summary>/whip/v1 and /whep/v1, also without the version, and the sessions below them.</summary>
/// <param name="Publishes">WHIP; WHEP otherwise.</param>
/// <param name="Session">The participant's id; null for the endpoint itself.</param>
internal sealed record WhipPath(bool Publishes, string? Session)
{
    private static readonly PathString Whip = "/whip", Whep = "/whep";

    internal static bool IsOurs(PathString path) =>
        path.StartsWithSegments(Whip, StringComparison.Ordinal) || path.StartsWithSegments(Whep, StringComparison.Ordinal);

    /// <returns>Null when nothing is there.</returns>
    internal static WhipPath? Parse(PathString path)
    {
        var publishes = path.StartsWithSegments(Whip, StringComparison.Ordinal, out var rest);
        if (!publishes && !path.StartsWithSegments(Whep, StringComparison.Ordinal, out rest)) return null;
        return (rest.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries) switch
        {
            [] or ["v1"] => new WhipPath(publishes, null),
            ["v1", { Length: <= 64 } session] => new WhipPath(publishes, session),
            _ => null,
        };
    }

    internal string Of(string session) => $"{(Publishes ? Whip : Whep)}/v1/{session}";

    internal string Methods => Session is null ? "OPTIONS, GET, HEAD, POST" : "OPTIONS, GET, HEAD, PATCH, DELETE";
}
