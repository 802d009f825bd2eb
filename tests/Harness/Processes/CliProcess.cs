using System.Diagnostics;
using System.Text;
using VideoScale.Rpc;

namespace VideoScale.Harness.Processes;

/// <summary>
/// One run of the built <c>videoscale</c> command. It dies with the test process: its standard input is a pipe that closes then.
/// </summary>
public sealed class CliProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly Lock _gate = new();

    private CliProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Pid => _process.Id;
    public bool HasExited => _process.HasExited;
    public int ExitCode => _process.ExitCode;
    public string Output { get { lock (_gate) return _output.ToString(); } }
    public string Errors { get { lock (_gate) return _errors.ToString(); } }

    /// <summary>
    /// The command line named in VIDEOSCALE_CLI, or the one beside this program, put there by a reference to src/Cli, or the one that was
    /// built.
    /// </summary>
    public static string ExecutablePath { get; } = Find();

    /// <param name="environment">Added to this process's own.</param>
    /// <param name="descriptors">Most files and sockets it may open, soft and hard limit; 0: as many as this process.</param>
    /// <param name="program">Another than <see cref="ExecutablePath"/>, e.g. the script that people call.</param>
    /// <param name="prefix">Words before the program, e.g. those that enter a namespace.</param>
    /// <param name="logFile">Gets all that it says, so that this outlives whoever started it; else that is kept in memory.</param>
    public static CliProcess Start(IEnumerable<string> arguments, string? workingDirectory = null,
        IReadOnlyDictionary<string, string>? environment = null, int descriptors = 0, string? program = null,
        IReadOnlyList<string>? prefix = null, string? logFile = null)
    {
        string[] words = [.. prefix ?? [], program ?? ExecutablePath, .. arguments];
        // The shell makes room for what .NET cannot ask for, and is gone when the program runs.
        var limit = descriptors == 0 ? "" : $"ulimit -n {descriptors} && ";
        if (limit.Length > 0 || logFile is not null)
            words = ["/bin/sh", "-c", $"{limit}exec \"$@\"{(logFile is null ? "" : " >>\"$0\" 2>&1")}", logFile ?? "server", .. words];
        var start = new ProcessStartInfo(words[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = workingDirectory ?? Path.GetTempPath(),
        };
        foreach (var word in words[1..]) start.ArgumentList.Add(word);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return new CliProcess(KeptSocket.StartBeside(() => Process.Start(start))
            ?? throw new InvalidOperationException("the command line did not start"));
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task<CliResult> RunAsync(IEnumerable<string> arguments, string? workingDirectory = null, TimeSpan? limit = null,
        IReadOnlyDictionary<string, string>? environment = null, string? program = null)
    {
        using var process = Start(arguments, workingDirectory, environment, program: program);
        await process.WaitForExitAsync(limit ?? TimeSpan.FromSeconds(60));
        return new CliResult(process.ExitCode, process.Output, process.Errors);
    }

    /// <summary>SIGKILL: as a power loss for the process, not for the disk.</summary>
    public void Kill() => Send(Signals.Kill);

    /// <summary>SIGSTOP: frozen until <see cref="Resume"/>; its sockets stay open.</summary>
    public void Freeze()
    {
        if (!_process.HasExited) Signals.Freeze(Pid);
    }

    /// <summary>SIGCONT.</summary>
    public void Resume() => Send(Signals.Continue);

    /// <summary>SIGTERM.</summary>
    public void Terminate() => Send(Signals.Terminate);

    /// <summary>SIGHUP, as a terminal sends it that closes.</summary>
    public void HangUp() => Send(Signals.HangUp);

    /// <summary>SIGINT, as Ctrl-C sends it.</summary>
    public void Interrupt() => Send(Signals.Interrupt);

    public async Task WaitForExitAsync(TimeSpan limit)
    {
        try { await _process.WaitForExitAsync().WaitAsync(limit); }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"pid {Pid} still runs after {limit}; output: {Output}; errors: {Errors}", e);
        }
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("VIDEOSCALE_CLI") is { Length: > 0 } chosen) return Path.GetFullPath(chosen);
        var here = new DirectoryInfo(AppContext.BaseDirectory); // bin/CONFIGURATION/FRAMEWORK
        var built = Repository.Path("src", "Cli", "bin", here.Parent?.Name ?? "", here.Name, "VideoScale.Cli");
        string[] places = [Path.Combine(here.FullName, "VideoScale.Cli"), built];
        return places.FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"the videoscale command is not built: run ./dev build, or name it in VIDEOSCALE_CLI");
    }

    private void Send(int signal)
    {
        if (!_process.HasExited) Signals.SendTo(_process.Id, signal);
    }

    private void Append(StringBuilder to, string? line)
    {
        if (line is null) return;
        lock (_gate) to.AppendLine(line);
    }

    public void Dispose()
    {
        Resume(); // a frozen process cannot die
        Kill();
        _process.Dispose();
    }
}

/// <summary>How a command ended.</summary>
public sealed record CliResult(int ExitCode, string Output, string Errors);
