using System.Diagnostics;
using VideoScale.Cli.Processes;
using VideoScale.Rpc;

namespace VideoScale.Cli.Up;

/// <summary>What to run as a child process, and where to ask whether it is ready.</summary>
/// <param name="Arguments">Of our own executable.</param>
internal sealed record ChildSpec(string Name, IReadOnlyList<string> Arguments, string LogPath, Uri Ready)
{
    /// <summary>Where its clients come in; kept while it is started again, so that they wait instead of being refused.</summary>
    internal KeptSocket? Http { get; init; }

    /// <summary>Added to this process's own.</summary>
    internal IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// One run of a child. It stops when the pipe to its standard input closes, which also happens when this process is killed.
/// </summary>
internal sealed class Child : IDisposable
{
    private readonly Process _process;

    private Child(Process process) => _process = process;

    internal int Pid => _process.Id;
    internal Task Exited => _process.WaitForExitAsync();
    internal int ExitCode => _process.ExitCode;

    internal static Child Start(ChildSpec spec)
    {
        var start = new ProcessStartInfo(Executable) { RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in ExecutablePrefix) start.ArgumentList.Add(argument);
        foreach (var argument in spec.Arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in spec.Environment) start.Environment[name] = value;
        start.ArgumentList.Add(ChildMode.LogFlag);
        start.ArgumentList.Add(spec.LogPath);
        start.ArgumentList.Add(ChildMode.StopFlag);
        if (spec.Http is not { } socket) return KeptSocket.StartBeside(() => Start(start, spec.Name));
        start.ArgumentList.Add(InheritedSockets.Flag);
        start.ArgumentList.Add($"{socket.Descriptor}");
        return socket.HandTo(() => Start(start, spec.Name));
    }

    private static Child Start(ProcessStartInfo start, string name) =>
        new(Process.Start(start) ?? throw new InvalidOperationException($"{name} did not start"));

    /// <summary>Asks for a clean stop.</summary>
    internal void Terminate()
    {
        if (!_process.HasExited) _ = Libc.Kill(_process.Id, Libc.SigTerm);
    }

    internal void Kill()
    {
        if (!_process.HasExited) _ = Libc.Kill(_process.Id, Libc.SigKill);
    }

    public void Dispose() => _process.Dispose();

    private static string Executable =>
        Environment.ProcessPath ?? throw new InvalidOperationException("the path of this program is not known");

    /// <summary>Under <c>dotnet VideoScale.Cli.dll</c> the program's own path is not enough.</summary>
    private static string[] ExecutablePrefix =>
        Path.GetFileNameWithoutExtension(Executable) == "dotnet" ? [Path.Combine(AppContext.BaseDirectory, "VideoScale.Cli.dll")] : [];
}
