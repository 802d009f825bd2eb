using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Browsers;

/// <summary>A tab of Debian's stock Firefox ESR, headless, by WebDriver BiDi; it has a fake camera and a fake microphone.</summary>
public sealed class FirefoxTab : ITab
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    private readonly Process _process;
    private readonly DirectoryInfo _profile;
    private readonly List<string> _console = [];
    private BidiConnection? _bidi;
    private string _context = "";

    private FirefoxTab(Process process, DirectoryInfo profile)
    {
        _process = process;
        _profile = profile;
    }

    public IReadOnlyList<string> Console { get { lock (_console) return [.. _console]; } }

    public static async Task<FirefoxTab> OpenAsync()
    {
        var profile = Directory.CreateTempSubdirectory("vs-firefox-");
        FirefoxProfile.Write(profile.FullName);
        string[] command = ["firefox-esr", "--headless", "--no-remote", "--profile", profile.FullName, "--remote-debugging-port", "0",
            "about:blank"];
        // It ends with the pipe to its guard's standard input: also when this process is killed.
        var start = new ProcessStartInfo("bash", ["-c", "\"$@\" <&- & child=$!; cat >/dev/null; kill -9 $child", "firefox",
            .. command])
        { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["HOME"] = profile.FullName; // nothing of the user's
        start.Environment["MOZ_DISABLE_CONTENT_SANDBOX"] = "1"; // it needs namespaces of its own, which a container may not give
        start.Environment["MOZ_CRASHREPORTER_DISABLE"] = "1";
        var tab = new FirefoxTab(Process.Start(start)!, profile);
        try
        {
            await tab.ConnectAsync();
            return tab;
        }
        catch
        {
            await tab.DisposeAsync();
            throw;
        }
    }

    private async Task ConnectAsync()
    {
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        DataReceivedEventHandler hear = (_, line) =>
        {
            const string Says = "WebDriver BiDi listening on ";
            if (line.Data is not { } text) return;
            lock (_console) _console.Add(text);
            if (text.IndexOf(Says, StringComparison.Ordinal) is >= 0 and var at)
                listening.TrySetResult(new Uri(text[(at + Says.Length)..].Trim() + "/session"));
        };
        _process.OutputDataReceived += hear;
        _process.ErrorDataReceived += hear;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Eventually.HoldsAsync(() => listening.Task.IsCompleted
            || _process.HasExited, "Firefox listens", details: () => string.Join('\n', Console));
        if (!listening.Task.IsCompleted) throw new InvalidOperationException($"Firefox ended: {string.Join('\n', Console)}");
        _bidi = await BidiConnection.OpenAsync(await listening.Task, OnEvent);
        await _bidi.SendAsync("session.subscribe", new JsonObject { ["events"] = new JsonArray("log.entryAdded") });
        _context = (await _bidi.SendAsync("browsingContext.getTree", [])).GetProperty("contexts")[0].GetProperty("context").GetString()!;
    }

    private void OnEvent(string method, JsonElement parameters)
    {
        if (method != "log.entryAdded" || !parameters.TryGetProperty("text", out var text)) return;
        lock (_console) _console.Add(text.GetString() ?? "");
    }

    public Task GoToAsync(string url) =>
        _bidi!.SendAsync("browsingContext.navigate", new JsonObject { ["context"] = _context, ["url"] = url, ["wait"] = "complete" });

    public async Task<T> EvaluateAsync<T>(string script, object? argument = null)
    {
        // What a script is, an expression or a function to call with the argument, is seen by its value; all values pass as JSON.
        var expression =
            $"(async () => {{ let value = ({script}); if (typeof value === 'function') value = "
            + $"value({JsonSerializer.Serialize(argument, Web)}); return JSON.stringify(await value) ?? 'null'; }})()";
        var answer = await _bidi!.SendAsync("script.evaluate", new JsonObject
        {
            ["expression"] = expression,
            ["target"] = new JsonObject { ["context"] = _context },
            ["awaitPromise"] = true,
            ["userActivation"] = true,
        });
        if (answer.GetProperty("type").GetString() == "exception")
            throw new ScriptException(answer.GetProperty("exceptionDetails").GetProperty("text").GetString() ?? answer.GetRawText());
        return JsonSerializer.Deserialize<T>(answer.GetProperty("result").GetProperty("value").GetString()!, Web)!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_bidi is not null) await _bidi.DisposeAsync();
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
        await Eventually.HoldsAsync(() =>
        {
            try { _profile.Delete(recursive: true); return true; }
            catch (IOException) { return false; } // its children may still be closing files
        }, "Firefox's profile can be removed");
    }
}
