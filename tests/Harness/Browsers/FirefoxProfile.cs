using System.Text.Json;
using VideoScale.Harness.Links;

namespace VideoScale.Harness.Browsers;

/// <summary>What Firefox is told beside its defaults.</summary>
public static class FirefoxProfile
{
    private static readonly Dictionary<string, object> Media = new()
    {
        ["media.navigator.streams.fake"] = true,
        ["media.navigator.permission.disabled"] = true,
        ["media.autoplay.default"] = 0,
        ["media.autoplay.blocking_policy"] = 0,
        ["dom.min_background_timeout_value"] = 4,
        ["dom.timeout.enable_budget_timer_throttling"] = false,
    };

    /// <summary>
    /// Nothing leaves the machine: each service is off, and what is asked of another host goes to a proxy that is not there.
    /// </summary>
    private static readonly Dictionary<string, object> Quiet = new()
    {
        ["network.proxy.type"] = 1,
        ["network.proxy.http"] = "127.0.0.1",
        ["network.proxy.http_port"] = 9,
        ["network.proxy.ssl"] = "127.0.0.1",
        ["network.proxy.ssl_port"] = 9,
        // a call over TCP would go by the proxy too
        ["network.proxy.no_proxies_on"] = $"127.0.0.1, localhost, 10.0.0.0/8, 192.168.0.0/16, {OwnAddress.WayOut()}",
        ["network.captive-portal-service.enabled"] = false,
        ["network.connectivity-service.enabled"] = false,
        ["network.dns.disablePrefetch"] = true,
        ["network.trr.mode"] = 5,
        ["services.settings.server"] = "data:,#nothing",
        ["app.update.disabledForTesting"] = true,
        ["app.normandy.enabled"] = false,
        ["app.shield.optoutstudies.enabled"] = false,
        ["browser.safebrowsing.malware.enabled"] = false,
        ["browser.safebrowsing.phishing.enabled"] = false,
        ["browser.safebrowsing.downloads.remote.enabled"] = false,
        ["browser.newtabpage.enabled"] = false,
        ["browser.startup.page"] = 0,
        ["browser.shell.checkDefaultBrowser"] = false,
        ["browser.region.network.url"] = "",
        ["browser.search.update"] = false,
        ["datareporting.policy.dataSubmissionEnabled"] = false,
        ["datareporting.healthreport.uploadEnabled"] = false,
        ["toolkit.telemetry.server"] = "data:,",
        ["toolkit.telemetry.enabled"] = false,
        ["extensions.update.enabled"] = false,
        ["extensions.getAddons.cache.enabled"] = false,
        ["extensions.systemAddon.update.enabled"] = false,
        ["media.gmp-manager.updateEnabled"] = false,
        ["media.gmp-manager.url"] = "data:,",
        ["dom.push.connection.enabled"] = false,
        ["geo.enabled"] = false,
    };

    public static void Write(string directory) => File.WriteAllLines(Path.Combine(directory, "user.js"),
        Media.Concat(Quiet)
            .Select(setting => $"user_pref({JsonSerializer.Serialize(setting.Key)}, {JsonSerializer.Serialize(setting.Value)});"));
}
