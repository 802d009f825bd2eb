using System.Globalization;
using System.Text.RegularExpressions;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;

namespace VideoScale.Chaos.Running;

/// <summary>
/// The machine's part in what came late: how long processes did not run although nobody held them, as the harness saw of itself and
/// servers counted of themselves.
/// </summary>
public sealed partial class Standstills : IDisposable
{
    /// <summary>So long that whoever does nothing wrong may be late.</summary>
    private const double TooMuchMs = 1_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly SortedDictionary<string, double> _ms = new(StringComparer.Ordinal) { ["harness"] = 0 };
    private readonly Dictionary<string, double> _before = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly StandstillWatch _watch;

    public Standstills() => _watch = new StandstillWatch(stood => Add("harness", stood.Lasted.TotalMilliseconds));

    /// <summary>By process, in milliseconds.</summary>
    public IReadOnlyDictionary<string, double> Ms { get { lock (_gate) return new SortedDictionary<string, double>(_ms); } }

    public bool IsTooMuch => Ms.Values.Any(static ms => ms >= TooMuchMs);

    /// <summary>From now on, for these servers and for the harness: starting takes what it takes.</summary>
    public async Task BeginAsync(IEnumerable<ServerProcess> servers, CancellationToken cancellationToken)
    {
        foreach (var (name, ms) in await CountsAsync(servers, cancellationToken)) _before[name] = ms;
        lock (_gate) _ms["harness"] = 0;
    }

    /// <summary>Asks servers that nobody held; of one that does not answer nothing is known.</summary>
    public async Task AskAsync(IEnumerable<ServerProcess> servers, CancellationToken cancellationToken)
    {
        foreach (var (name, ms) in await CountsAsync(servers, cancellationToken))
            Add(name, ms - Math.Min(ms, _before.GetValueOrDefault(name))); // less than before: it was started anew
    }

    public void Add(string process, double ms)
    {
        lock (_gate) _ms[process] = _ms.GetValueOrDefault(process) + ms;
    }

    private static async Task<List<(string Name, double Ms)>> CountsAsync(IEnumerable<ServerProcess> servers,
        CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = Patience };
        var counts = new List<(string, double)>();
        foreach (var server in servers.Where(static server => server.IsRunning))
        {
            try { counts.Add((server.Name, Of(await http.GetStringAsync($"http://{server.HttpAddress}/metrics", cancellationToken)))); }
            catch (HttpRequestException) { }
            catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested) { }
        }
        return counts;
    }

    /// <param name="metrics">What /metrics answers.</param>
    /// <returns>Milliseconds that garbage collections do not explain.</returns>
    public static double Of(string metrics) =>
        Counted().Matches(metrics).Sum(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    public void Dispose() => _watch.Dispose();

    [GeneratedRegex(@"^videoscale_process_standstill_ms\w*\{[^}]*cause=""machine""[^}]*\} (\S+)", RegexOptions.Multiline)]
    private static partial Regex Counted();
}
