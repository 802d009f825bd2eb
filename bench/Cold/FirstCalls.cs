using Microsoft.AspNetCore.Builder;
using VideoScale.Harness.Browsers;

namespace VideoScale.Bench.Cold;

/// <summary>The first call of a cluster in Chromium, then another in the same cluster: one publishes, one sees.</summary>
internal static class FirstCalls
{
    private const int PagePort = 24_900;
    private static readonly string[] Calls = ["first call", "second call"];

    internal static async Task MeasureAsync(StartedCluster cluster, Samples samples)
    {
        await using WebApplication pages = await Stage.ServePagesAsync(PagePort);
        await using var browsers = await ChromiumPool.CreateAsync();
        foreach (var call in Calls)
        {
            // Browsers run and have their page before anybody is asked: only what is ours is cold.
            await using var ann = await OpenAsync(cluster, browsers, "ann");
            await using var bob = await OpenAsync(cluster, browsers, "bob");
            var room = call.Replace(' ', '-');
            await ann.JoinAsync(cluster.SignalUrl, Tokens.Join(room, "ann"));
            var asked = Now;
            await ann.PublishAsync(microphone: false);
            samples.Add($"{call}: publisher asked to publish until it does", Now - asked);
            await bob.JoinAsync(cluster.SignalUrl, Tokens.Join(room, "bob"));
            await bob.HasAsync("decoded", "ann video");
            var (publisher, viewer) = (await ann.NotedAsync(0), await bob.NotedAsync(0));
            var began = At(publisher, "joining");
            var (joining, connected, decoded) = (At(viewer, "joining"), At(viewer, "connected"), At(viewer, "decoded", "ann video"));
            samples.Add($"{call}: publisher asked to join until connected", At(publisher, "connected") - began);
            samples.Add($"{call}: viewer asked to join until connected", connected - joining);
            samples.Add($"{call}: viewer connected until its first decoded frame", decoded - connected);
            samples.Add($"{call}: viewer asked to join until its first decoded frame", decoded - joining);
            samples.Add($"{call}: from the publisher's asking to the viewer's first decoded frame", decoded - began);
        }
    }

    private static async Task<Caller> OpenAsync(StartedCluster cluster, ChromiumPool browsers, string identity) => await Caller.OpenAsync(
        await ChromiumTab.OpenAsync(browsers), $"http://127.0.0.1:{PagePort}/caller.html", identity, () => cluster.Log);

    private static double At(List<Noted> noted, string kind, string detail = "") =>
        noted.First(n => n.Kind == kind && n.Detail.StartsWith(detail, StringComparison.Ordinal)).AtMs;

    private static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}
