using Microsoft.Playwright;

namespace VideoScale.Harness.Browsers;

/// <summary>
/// Debian's browser, with a fake camera and a fake microphone. Its headless shell: the same engine without a browser's window around it,
/// which takes four fifths of what a start costs.
/// </summary>
public static class Chromium
{
    private static readonly string[] Flags =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync",
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
            "--allow-loopback-in-peer-connection",
        "--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
    ];

    private static string Program => Environment.GetEnvironmentVariable("VS_CHROMIUM") ?? "/usr/bin/chromium-headless-shell";

    /// <param name="microphone">A WAV file that its microphone plays over and over; empty for a beep a second.</param>
    public static Task<IBrowser> LaunchAsync(IPlaywright playwright, string microphone = "") =>
        playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Program,
            Headless = true,
            Args = microphone.Length == 0 ? Flags : [.. Flags, $"--use-file-for-fake-audio-capture={microphone}"],
        });
}
