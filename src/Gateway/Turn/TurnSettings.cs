namespace VideoScale.Gateway.Turn;

/// <summary>TURN servers through which clients may reach media nodes that they cannot reach themselves.</summary>
/// <param name="Urls">turn: and turns: URLs (RFC 7065).</param>
/// <param name="Secret">Shared with them.</param>
/// <param name="Life">How long credentials are good for.</param>
public sealed record TurnSettings(IReadOnlyList<string> Urls, string Secret, TimeSpan Life);
