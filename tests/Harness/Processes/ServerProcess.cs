using System.Net;
using VideoScale.Rpc;

namespace VideoScale.Harness.Processes;

/// <summary>A replica or media node that can be stopped in every way and started again with the same arguments.</summary>
public abstract class ServerProcess(ServerPlace? place = null) : IDisposable
{
    private static readonly TimeSpan ExitLimit = TimeSpan.FromSeconds(30);
    private CliProcess? _process;
    private KeptSocket? _http;

    /// <summary>For the next <see cref="Start"/>, e.g. LD_PRELOAD.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>Further arguments for the next <see cref="Start"/>.</summary>
    public List<string> ExtraArguments { get; } = [];

    /// <summary>
    /// The <c>videoscale</c> command of another version for the next <see cref="Start"/>; null for the one that was built.
    /// </summary>
    public string? Program { get; set; }

    /// <summary>Most files and sockets that the next <see cref="Start"/> may open; 0: no limit of its own.</summary>
    public int Descriptors { get; set; }

    public ServerPlace Place { get; } = place ?? ServerPlace.Loopback;

    public abstract string Name { get; }

    /// <summary>host:port of its gRPC endpoint.</summary>
    public abstract string GrpcAddress { get; }

    /// <summary>host:port of /readyz and /metrics.</summary>
    public abstract string HttpAddress { get; }

    public bool IsRunning => _process is { HasExited: false };
    public int Pid => Current.Pid;
    public int ExitCode => Current.ExitCode;

    /// <summary>Standard error of the current or last run: log lines.</summary>
    public string Log => Place.LogFile is { } file ? File.Exists(file) ? File.ReadAllText(file) : ""
        : _process is { } process ? process.Output + process.Errors : "";

    protected abstract IEnumerable<string> Arguments { get; }

    /// <summary>Where it listens, and its credentials.</summary>
    protected IEnumerable<string> PlaceArguments =>
        Place == ServerPlace.Loopback ? Place.Credentials : [.. Place.Credentials, "--bind", Place.Host];

    public void Start()
    {
        if (IsRunning) throw new InvalidOperationException($"{Name} runs already");
        _process?.Dispose();
        CliProcess Run(params IEnumerable<string> handed) =>
            CliProcess.Start([.. Arguments, .. handed, "--stop-with-stdin", .. ExtraArguments],
            environment: Environment, descriptors: Descriptors, program: Program, prefix: Place.Prefix, logFile: Place.LogFile);
        _process = _http is { } socket ? socket.HandTo(() => Run("--http-socket", $"{socket.Descriptor}")) : Run();
    }

    /// <summary>
    /// From the next <see cref="Start"/> on its HTTP socket outlives it, as under a supervisor: who connects while it is down waits for the
    /// next start.
    /// </summary>
    public void KeepHttpSocket() => _http ??= new KeptSocket(IPEndPoint.Parse(HttpAddress));

    /// <summary>Its HTTP socket is its own again, from the next <see cref="Start"/> on.</summary>
    public void DropHttpSocket()
    {
        _http?.Dispose();
        _http = null;
    }

    /// <summary>kill -9, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        Current.Kill();
        await Current.WaitForExitAsync(ExitLimit);
    }

    /// <summary>SIGHUP.</summary>
    public void HangUp() => Current.HangUp();

    public void Freeze() => Current.Freeze();

    public void Resume() => Current.Resume();

    /// <summary>SIGTERM, and waits for the clean end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync()
    {
        Current.Terminate();
        await Current.WaitForExitAsync(ExitLimit);
        return Current.ExitCode;
    }

    public Task WaitForExitAsync() => Current.WaitForExitAsync(ExitLimit);

    /// <param name="change">Made while it is down.</param>
    public async Task RestartAsync(Action? change = null)
    {
        if (IsRunning) await KillAsync();
        change?.Invoke();
        Start();
    }

    /// <summary>Waits until /readyz says so.</summary>
    public async Task WaitForReadyAsync(TimeSpan? limit = null)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        await Eventually.HoldsAsync(async () =>
        {
            if (!IsRunning) throw new InvalidOperationException($"{Name} ended with {ExitCode} while it was waited for: {Log}");
            using var response = await http.GetAsync(new Uri($"http://{HttpAddress}/readyz"));
            return response.IsSuccessStatusCode;
        }, $"{Name} is ready", limit, () => Log);
    }

    private CliProcess Current => _process ?? throw new InvalidOperationException($"{Name} was never started");

    public void Dispose()
    {
        _process?.Dispose();
        _http?.Dispose();
        GC.SuppressFinalize(this);
    }
}
