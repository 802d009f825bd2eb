using System.Diagnostics;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Fabric;

/// <summary>One process of the product, started, frozen, killed and started again with the same words.</summary>
public sealed class ServerProcess(string name, IReadOnlyList<string> command, string logFile) : IDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);

    private IReadOnlyList<string> _command = command;
    private Process? _process;

    public string Name => name;
    public bool IsRunning => _process is { HasExited: false };

    public void Start()
    {
        Stop(Signals.Kill);
        // Through the shell, so that the log survives the harness and holds what the runtime itself prints when it dies.
        var start = new ProcessStartInfo("/bin/bash") { RedirectStandardInput = true };
        foreach (var word in (string[])["-c", $"exec \"$@\" >>'{logFile}' 2>&1", "server"]) start.ArgumentList.Add(word);
        foreach (var word in _command) start.ArgumentList.Add(word);
        _process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {name}");
    }

    /// <summary>From its next start on it is another program with the same words.</summary>
    public void Become(string from, string to) => _command = [.. _command.Select(word => word == from ? to : word)];

    public void Kill() => Stop(Signals.Kill);

    public void Pause() => Signal(Signals.Stop);

    public void Resume() => Signal(Signals.Continue);

    /// <summary>Asks it to end; its exit code, or -1 when it had to be killed.</summary>
    public async Task<int> TerminateAsync(CancellationToken cancellationToken)
    {
        if (_process is not { HasExited: false } process) return 0;
        Signal(Signals.Terminate);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(StopPatience);
        try { await process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException) { Stop(Signals.Kill); return -1; }
        return process.ExitCode;
    }

    public void Dispose() => Stop(Signals.Kill);

    private void Stop(int signal)
    {
        if (_process is not { } process) return;
        if (!process.HasExited) { Signal(signal); process.WaitForExit(); }
        process.Dispose();
        _process = null;
    }

    private void Signal(int signal)
    {
        if (_process is { HasExited: false } process) Signals.SendTo(process.Id, signal);
    }
}
