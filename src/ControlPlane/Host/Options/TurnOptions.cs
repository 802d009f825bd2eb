namespace VideoScale.ControlPlane.Host.Options;

/// <summary>
/// TURN servers (coturn with use-auth-secret) for clients that cannot reach media nodes by UDP themselves. The same at all replicas.
/// </summary>
public sealed class TurnOptions
{
    /// <summary>turn:host[:port][?transport=udp|tcp] or turns:…, at most 8; none: clients are told of none.</summary>
    public IList<string> Urls { get; set; } = [];

    /// <summary>The secret that the servers know too, in its first line.</summary>
    public string SecretFile { get; set; } = "";

    /// <summary>How long credentials are good for, longer than calls last, in seconds; 60 to 2,592,000.</summary>
    public int CredentialSeconds { get; set; } = 86_400;
}
