using System.Diagnostics;
using System.Text.Json;
using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Browsers;

/// <summary>A client on Node.js; what it writes is kept line by line.</summary>
public sealed class NodeClient : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _lines = [];

    public NodeClient(params string[] arguments)
    {
        var start = new ProcessStartInfo("node")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Stage.Clients,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output { get { lock (_lines) return string.Join('\n', _lines); } }

    /// <summary>Lines of a kind whose detail begins so.</summary>
    public int Count(string kind, string detail = "")
    {
        lock (_lines) return _lines.Count(line => line.StartsWith('{') && Says(line, kind, detail));
    }

    /// <summary>When it first said so, in milliseconds since 1970 UTC.</summary>
    public double AtMs(string kind, string detail = "")
    {
        lock (_lines)
        {
            using var said = JsonDocument.Parse(_lines.First(line => line.StartsWith('{') && Says(line, kind, detail)));
            return said.RootElement.GetProperty("atMs").GetDouble();
        }
    }

    /// <summary>What it said of a kind, when it said so first.</summary>
    public string Detail(string kind) => Said(kind)[0].Detail;

    /// <summary>All that it said of a kind, oldest first; times in milliseconds since 1970 UTC.</summary>
    public List<(string Detail, double AtMs)> Said(string kind)
    {
        lock (_lines) return [.. _lines.Where(line => line.StartsWith('{') && Says(line, kind, "")).Select(Parse)];
    }

    private static (string Detail, double AtMs) Parse(string line)
    {
        using var said = JsonDocument.Parse(line);
        return (said.RootElement.GetProperty("detail").GetString()!, said.RootElement.GetProperty("atMs").GetDouble());
    }

    public Task HasAsync(string kind, string detail = "", int times = 1) =>
        Eventually.HoldsAsync(() => Count(kind, detail) >= times, $"the node client says {kind} {detail}", details: () => Output);

    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        _process.WaitForExit(); // the last lines too
        return _process.ExitCode;
    }

    private static bool Says(string line, string kind, string detail)
    {
        using var said = JsonDocument.Parse(line);
        // Libraries log lines of their own.
        return said.RootElement.TryGetProperty("kind", out var its) && its.GetString() == kind
            && said.RootElement.GetProperty("detail").GetString()!.StartsWith(detail, StringComparison.Ordinal);
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_lines) _lines.Add(line);
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }
}
