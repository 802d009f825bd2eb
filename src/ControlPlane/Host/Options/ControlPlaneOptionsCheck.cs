using System.Net;
using VideoScale.Platform;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Options;

/// <summary>Checks options at start: every refusal names the option, its value and the allowed range.</summary>
public static class ControlPlaneOptionsCheck
{
    /// <returns>One line per broken rule; empty when all hold.</returns>
    public static IReadOnlyList<string> Check(ControlPlaneOptions options)
    {
        var problems = new OptionProblems(ControlPlaneOptions.Section);
        if (options.DataDirectory.Length == 0) problems.Add(nameof(options.DataDirectory), "", "the path of a replica's data directory");
        var bind = problems.CheckShared(options);
        problems.Within(nameof(options.RaftPort), options.RaftPort, 1, ushort.MaxValue);
        if (options.HttpPort == options.GrpcPort || options.GrpcPort == options.RaftPort || options.HttpPort == options.RaftPort)
            problems.Add("HttpPort, GrpcPort, RaftPort", $"{options.HttpPort}, {options.GrpcPort}, {options.RaftPort}",
                "three different ports");
        foreach (var address in options.Join)
            if (HostAndPort.TryParse(address) is null) problems.Add(nameof(options.Join), address, "host:port of a replica's gRPC API");
        problems.Within(nameof(options.SnapshotSendMegabytesPerSecond), options.SnapshotSendMegabytesPerSecond, 0, 100_000);
        problems.Within(nameof(options.RaftTickMs), options.RaftTickMs, 10, 5_000);
        problems.Within(nameof(options.SnapshotLogMegabytes), options.SnapshotLogMegabytes, 1, 65_536);
        problems.Within(nameof(options.DefaultDeadlineMs), options.DefaultDeadlineMs, 100, 600_000);
        problems.Within(nameof(options.MaxCommandsPerEntry), options.MaxCommandsPerEntry, 1, 65_536);
        problems.Within(nameof(options.MaxEntryBytes), options.MaxEntryBytes, 65_536 + 4_096, 16 << 20);
        problems.Within(nameof(options.MaxEntriesInFlight), options.MaxEntriesInFlight, 1, 1_024);
        problems.Within(nameof(options.MaxWaitingCommands), options.MaxWaitingCommands, 16, 1_000_000);
        problems.Within(nameof(options.MaxRooms), options.MaxRooms, 1, 10_000_000);
        problems.Within(nameof(options.MaxWaitingRooms), options.MaxWaitingRooms, 0, 10_000_000);
        problems.Within(nameof(options.MaxMetadataMegabytes), options.MaxMetadataMegabytes, 1, 16_384);
        problems.Within(nameof(options.MaxRequestResults), options.MaxRequestResults, 1_000, 100_000_000);
        problems.Within(nameof(options.SilentMajorityHoldSeconds), options.SilentMajorityHoldSeconds, 5, 604_800);
        problems.Within(nameof(options.WatchBuffer), options.WatchBuffer, 16, 1_000_000);
        problems.Within("Export:LagBudgetEvents", options.Export.LagBudgetEvents, 1, 1_000_000_000);
        problems.Within("Export:LagBudgetSeconds", options.Export.LagBudgetSeconds, 1, 604_800);
        if (!ProviderOptions.IsAddress(options.Provider.Address))
            problems.Add("Provider:Address", options.Provider.Address, ProviderOptions.AddressRule);
        if (options.Provider is { Secret.Length: > 0, SecretFile.Length: > 0 })
            problems.Add("Provider:Secret", "(not shown)", "left out when there is a SecretFile");
        foreach (var key in options.ApiKeys)
            if (key.Key.Length == 0 || key.Secret.Length == 0)
                problems.Add(nameof(options.ApiKeys), key.Key, "a Key and a Secret, neither empty");
        if (options.ApiKeys.Select(key => key.Key).Distinct(StringComparer.Ordinal).Count() != options.ApiKeys.Count)
            problems.Add(nameof(options.ApiKeys), string.Join(", ", options.ApiKeys.Select(key => key.Key)), "each Key once");
        CheckWebhooks(options, problems);
        CheckTurn(options.Turn, problems);
        CheckSecurity(options, bind, problems);
        return problems.Lines;
    }

    private static void CheckWebhooks(ControlPlaneOptions options, OptionProblems problems)
    {
        const int MaxUrls = 16;
        var webhooks = options.Webhooks;
        problems.Within("Webhooks:TimeoutMs", webhooks.TimeoutMs, 100, 60_000);
        problems.Within("Webhooks:GiveUpSeconds", webhooks.GiveUpSeconds, 1, 2_592_000);
        foreach (var url in webhooks.Urls)
            if (WebhookUrl.TryParse(url) is null) problems.Add("Webhooks:Urls", WebhookUrl.Show(url), WebhookUrl.Rule);
        var ids = webhooks.Urls.Select(WebhookUrl.TryParse).OfType<WebhookUrl>().ToList();
        if (ids.DistinctBy(url => url.Id).Count() != ids.Count)
            problems.Add("Webhooks:Urls", string.Join(", ", ids.Select(url => url.Shown)), "each URL once");
        if (webhooks.Urls.Count > MaxUrls) problems.Add("Webhooks:Urls", $"{webhooks.Urls.Count} URLs", $"at most {MaxUrls}");
        var keys = ApiKeyOptions.AllOf(options);
        if (webhooks.Key.Length > 0 && keys.TrueForAll(key => key.Key != webhooks.Key))
            problems.Add("Webhooks:Key", webhooks.Key, "the Key of one of ApiKeys");
        else if (webhooks.Urls.Count > 0 && keys.Count == 0)
            problems.Add("Webhooks:Urls", $"{webhooks.Urls.Count} URLs", "ApiKeys, of which one signs what is sent");
    }

    private static void CheckTurn(TurnOptions turn, OptionProblems problems)
    {
        const int MaxUrls = 8;
        problems.Within("Turn:CredentialSeconds", turn.CredentialSeconds, 60, 2_592_000);
        foreach (var url in turn.Urls)
            if (!IsTurnUrl(url)) problems.Add("Turn:Urls", url, "turn:host[:port][?transport=udp|tcp], or turns:…");
        if (turn.Urls.Count > MaxUrls) problems.Add("Turn:Urls", $"{turn.Urls.Count} URLs", $"at most {MaxUrls}");
        if (turn.Urls.Count > 0 && !File.Exists(turn.SecretFile))
            problems.Add("Turn:SecretFile", turn.SecretFile, "a file with the secret that the TURN servers know too");
    }

    /// <summary>RFC 7065; a host by name, address, or address in brackets.</summary>
    private static bool IsTurnUrl(string url)
    {
        var rest = url.StartsWith("turn:", StringComparison.Ordinal) ? url["turn:".Length..]
            : url.StartsWith("turns:", StringComparison.Ordinal) ? url["turns:".Length..] : "";
        var parts = rest.Split('?', 2);
        return (parts.Length == 1 || parts[1] is "transport=udp" or "transport=tcp")
            && Uri.TryCreate($"tcp://{parts[0]}", UriKind.Absolute, out var host)
            && host is { Host.Length: > 0, UserInfo.Length: 0, AbsolutePath: "/" or "", Query: "", Fragment: "" };
    }

    private static void CheckSecurity(ControlPlaneOptions options, IPAddress? bind, OptionProblems problems)
    {
        const string Otherwise = "DevelopmentMode true, on loopback";
        if (options.DevelopmentMode) return;
        // with mTLS, certificates may be all there is
        if (options.Tls.IsEmpty || options.TokensFile.Length > 0) problems.NeedFile("TokensFile", options.TokensFile, Otherwise);
        if (options.Tls.IsEmpty && bind is not null && IPAddress.IsLoopback(bind)) return; // tokens on loopback need no TLS
        problems.NeedFiles(options.Tls, Otherwise);
    }
}
