using VideoScale.Cli.CommandLine;

namespace VideoScale.Cli.Up;

/// <summary>
/// Keeps one child running: a child that dies is started again: at once when it was healthy, later each time it dies soon after its start.
/// </summary>
internal sealed class Supervisor(ChildSpec spec, Action<string> say)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);
    /// <summary>A child that lived this long was healthy: its clients wait for it.</summary>
    private static readonly TimeSpan HealthyAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(15);

    /// <summary>sysexits: a port in use, a bad data directory, a bad configuration. Another start would end the same way.</summary>
    private static readonly int[] Hopeless = [69, 74, 78];

    private volatile bool _wasReady;

    internal ChildSpec Spec => spec;

    /// <summary>The child was ready once: from now on its end is an incident, not a failed start.</summary>
    internal void MarkReady() => _wasReady = true;

    /// <summary>Runs until cancelled, then stops the child.</summary>
    /// <exception cref="CliException">The child cannot start; the message holds its own last words.</exception>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var wait = FirstWait;
        while (!cancellationToken.IsCancellationRequested)
        {
            var startedTicks = Environment.TickCount64;
            using var child = Child.Start(spec);
            try { await child.Exited.WaitAsync(cancellationToken); }
            catch (OperationCanceledException)
            {
                await StopAsync(child);
                return;
            }
            if (cancellationToken.IsCancellationRequested) return;
            if (!_wasReady && Hopeless.Contains(child.ExitCode))
                throw new CliException($"{spec.Name} cannot start: {LastWords()} (log: {spec.LogPath})") { ExitCode = Exit.Refused };
            if (Environment.TickCount64 - startedTicks > HealthyAfter.TotalMilliseconds) wait = TimeSpan.Zero;
            say($"{spec.Name} (pid {child.Pid}) ended with {Describe(child.ExitCode)}; starting it again "
                + $"{(wait == TimeSpan.Zero ? "now" : $"in {wait.TotalSeconds:0.##} s")} (log: {spec.LogPath})");
            try { await Task.Delay(wait, cancellationToken); }
            catch (OperationCanceledException) { return; }
            wait = TimeSpan.FromTicks(Math.Clamp(wait.Ticks * 2, FirstWait.Ticks, LongestWait.Ticks));
        }
    }

    private async Task StopAsync(Child child)
    {
        child.Terminate();
        try { await child.Exited.WaitAsync(StopGrace); }
        catch (TimeoutException)
        {
            say($"{spec.Name} (pid {child.Pid}) does not stop; killing it");
            child.Kill();
            await child.Exited;
        }
    }

    private static string Describe(int exitCode) => exitCode > 128 ? $"signal {exitCode - 128}" : $"exit code {exitCode}";

    private string LastWords()
    {
        try { return File.ReadLines(spec.LogPath).LastOrDefault(line => line.Length > 0) ?? "it said nothing"; }
        catch (IOException e) { return e.Message; }
    }
}
