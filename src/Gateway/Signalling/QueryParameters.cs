using System.Globalization;
using LiveKit.Proto;
using Microsoft.AspNetCore.Http;

namespace VideoScale.Gateway.Signalling;

/// <summary>
/// Reads how a client of LiveKit's older signalling begins: what later stands in a join request is spread over the URL's query.
/// </summary>
internal static class QueryParameters
{
    /// <summary>In the order of <see cref="ClientInfo.Types.SDK"/>; some have an underscore less.</summary>
    private static readonly string[] Sdks = ["", "js", "swift", "android", "flutter", "go", "unity", "reactnative", "rust", "python", "cpp",
        "unityweb", "node", "unreal", "esp32"];

    internal static JoinRequest Read(IQueryCollection query) => new()
    {
        ClientInfo = new ClientInfo
        {
            Sdk = (ClientInfo.Types.SDK)Math.Max(0, Array.IndexOf(Sdks, Text(query, "sdk").Replace("_", "", StringComparison.Ordinal))),
            Version = Text(query, "version"),
            Protocol = Number(query, "protocol"),
            Os = Text(query, "os"),
            OsVersion = Text(query, "os_version"),
            DeviceModel = Text(query, "device_model"),
            Browser = Text(query, "browser").ToLowerInvariant(),
            BrowserVersion = Text(query, "browser_version"),
            Network = Text(query, "network"),
        },
        ConnectionSettings = new ConnectionSettings
        {
            AutoSubscribe = !query.ContainsKey("auto_subscribe") || IsTrue(query, "auto_subscribe"),
            AdaptiveStream = IsTrue(query, "adaptive_stream"),
        },
        Reconnect = IsTrue(query, "reconnect"),
        ReconnectReason = (ReconnectReason)Number(query, "reconnect_reason"),
        ParticipantSid = Text(query, "sid"),
    };

    private static string Text(IQueryCollection query, string name) => query[name].ToString();

    private static int Number(IQueryCollection query, string name) =>
        int.TryParse(query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static bool IsTrue(IQueryCollection query, string name) =>
        query[name].ToString() is "1" || query[name].ToString().Equals("true", StringComparison.OrdinalIgnoreCase);
}
