using System.Diagnostics;
using System.Globalization;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.Export.Steps;
using VideoScale.Export.Tests.Databases;
using VideoScale.Export.Tests.Logs;
using VideoScale.Harness.Processes;

namespace VideoScale.Export.Tests.Processes;

/// <summary>An exporter as a process, which says at which step of a batch it stands, and stays there.</summary>
internal sealed class ChildExporter : IDisposable
{
    internal const int Batch = 25;
    private readonly Process _process;

    private ChildExporter(Process process) => _process = process;

    /// <summary>Returns when it stands at the step.</summary>
    internal static async Task<ChildExporter> StartAsync(TestDatabase database, FleetLog log, ExportStep step, ulong term, ulong until)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var argument in (string[])[typeof(ChildExporter).Assembly.Location, "child", database.Url, log.Directory, $"{step}",
            term.ToString(CultureInfo.InvariantCulture), until.ToString(CultureInfo.InvariantCulture)]) start.ArgumentList.Add(argument);
        var child = new ChildExporter(Process.Start(start)!);
        var said = await child._process.StandardOutput.ReadLineAsync();
        Assert.Equal($"at {step}", said);
        return child;
    }

    internal void Freeze() => Signals.Freeze(_process.Id);

    internal async Task KillAsync()
    {
        Signals.SendTo(_process.Id, Signals.Kill);
        await _process.WaitForExitAsync();
    }

    /// <summary>Lets it go on from where it stands; returns what it says at its end.</summary>
    internal async Task<string> ResumeAsync()
    {
        Signals.SendTo(_process.Id, Signals.Continue);
        _process.StandardInput.Close();
        return await _process.StandardOutput.ReadToEndAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    /// <summary>The process itself.</summary>
    internal static async Task<int> RunAsync(string url, string directory, string step, ulong term, ulong until)
    {
        var log = new FleetLog(directory);
        await using var export = new MartenExport(PostgresFixture.AddressOf(url), new StepHook(async (at, cancellationToken) =>
        {
            if (at.ToString() != step) return;
            Console.WriteLine($"at {step}");
            await Console.In.ReadToEndAsync(cancellationToken);
        }), TimeSpan.FromSeconds(2));
        try
        {
            await log.ExportAsync(export, log.Leader(term), until, Batch);
            Console.WriteLine("done");
        }
        catch (ExportException e) { Console.WriteLine($"{e.Problem}: {e.Message}"); }
        return 0;
    }
}
