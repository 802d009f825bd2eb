namespace VideoScale.ControlPlane.Host.Options;

/// <summary>Who is told what happens, as LiveKit's server tells it: see docs/webhooks.md. The same at all replicas.</summary>
public sealed class WebhookOptions
{
    /// <summary>http:// or https:// URLs, at most 16; none: nobody is told.</summary>
    public IList<string> Urls { get; set; } = [];

    /// <summary>Name of the API key that signs; empty: the first of <see cref="ControlPlaneOptions.ApiKeys"/>.</summary>
    public string Key { get; set; } = "";

    /// <summary>A request without an answer for so long has failed, in milliseconds; 100 to 60,000.</summary>
    public int TimeoutMs { get; set; } = 10_000;

    /// <summary>A message that is older than this becomes a dead letter at its next failure, in seconds; 1 to 2,592,000.</summary>
    public int GiveUpSeconds { get; set; } = 259_200;
}
