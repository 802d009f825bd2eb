using System.Diagnostics;
using System.Globalization;

namespace VideoScale.Harness.Processes;

/// <summary>What an etcd of our own is made of.</summary>
/// <param name="Extra">Further flags of etcd, the same for all members.</param>
public sealed record EtcdShape(int Members = 1, string Scheme = "http", params IReadOnlyList<string> Extra)
{
    public ServerPlace Place { get; init; } = ServerPlace.Loopback;

    /// <summary>Where the members keep their data; null for a temporary directory.</summary>
    public string? Root { get; init; }
}

/// <summary>Members of an etcd of their own, as child processes. Nothing is synced less than etcd does by itself.</summary>
public sealed class EtcdProcess : IAsyncDisposable
{
    private const string Program = "etcd";
    private const string SyncsCounted = "etcd_disk_wal_fsync_duration_seconds_count";
    private static readonly HttpClient Http = new();
    private readonly EtcdShape _shape;
    private readonly string _root;
    private readonly Process?[] _members;
    private readonly int[] _ports;

    private EtcdProcess(EtcdShape shape)
    {
        _shape = shape;
        _root = shape.Root ?? Directory.CreateTempSubdirectory("etcd-").FullName;
        _members = new Process?[shape.Members];
        _ports = LoopbackPorts.Free(2 * shape.Members);
    }

    /// <summary>Starts the members; they may still be electing when this returns.</summary>
    /// <param name="extra">Further flags of etcd, the same for all.</param>
    public static EtcdProcess Start(int members = 1, string scheme = "http", params string[] extra) =>
        Start(new EtcdShape(members, scheme, extra));

    public static EtcdProcess Start(EtcdShape shape)
    {
        var etcd = new EtcdProcess(shape);
        for (var i = 0; i < shape.Members; i++) etcd.StartMember(i);
        return etcd;
    }

    public IReadOnlyList<string> Endpoints => [.. Enumerable.Range(0, _members.Length).Select(Client)];

    public int Count => _members.Length;

    /// <summary>Starts a member again on what it has on disk, or for the first time.</summary>
    public void StartMember(int i)
    {
        string[] command = [.. _shape.Place.Prefix, Program];
        var start = new ProcessStartInfo(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[.. command[1..], "--name", $"m{i}", "--data-dir", Path.Combine(_root, $"m{i}"),
            "--listen-peer-urls", Peer(i),
            "--initial-advertise-peer-urls", Peer(i), "--listen-client-urls", Client(i), "--advertise-client-urls", Client(i),
            "--initial-cluster", string.Join(',', Enumerable.Range(0, _members.Length).Select(m => $"m{m}={Peer(m)}")),
            "--initial-cluster-state", "new", "--logger", "zap", "--log-level", "error", .. _shape.Extra])
            start.ArgumentList.Add(argument);
        try { _members[i] = Process.Start(start)!; }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException("etcd cannot be started: install the package etcd-server (./dev test does)", e);
        }
        _members[i]!.OutputDataReceived += static (_, _) => { };
        _members[i]!.ErrorDataReceived += static (_, _) => { };
        _members[i]!.BeginOutputReadLine();
        _members[i]!.BeginErrorReadLine();
    }

    /// <summary>kill -9 of a member.</summary>
    public async Task KillAsync(int i)
    {
        if (_members[i] is not { } member) return;
        _members[i] = null;
        if (!member.HasExited) member.Kill();
        await member.WaitForExitAsync();
        member.Dispose();
    }

    /// <summary>SIGSTOP or SIGCONT.</summary>
    public void Signal(int i, string signal) => Shell.Run("kill", $"-{signal}", $"{_members[i]!.Id}");

    /// <summary>Kills all and starts them anew with empty disks: what an etcd that lost its data looks like.</summary>
    public async Task LoseDataAsync()
    {
        for (var i = 0; i < _members.Length; i++) await KillAsync(i);
        foreach (var directory in Directory.EnumerateDirectories(_root)) Directory.Delete(directory, recursive: true);
        for (var i = 0; i < _members.Length; i++) StartMember(i);
    }

    /// <exception cref="InvalidOperationException">A member has ended by itself.</exception>
    public void CheckRunning()
    {
        if (_members.FirstOrDefault(member => member is { HasExited: true }) is { } gone)
            throw new InvalidOperationException($"etcd ended with {gone.ExitCode}");
    }

    /// <summary>CPU time of all that run.</summary>
    public TimeSpan CpuTime() => _members.OfType<Process>().Aggregate(TimeSpan.Zero, (sum, member) =>
    {
        member.Refresh();
        return sum + member.TotalProcessorTime;
    });

    /// <summary>How often all members together have synced their logs, as they count it.</summary>
    public async Task<long> SyncsAsync(CancellationToken cancellationToken)
    {
        var syncs = 0L;
        foreach (var endpoint in Endpoints)
        {
            var lines = (await Http.GetStringAsync(new Uri(endpoint + "/metrics"), cancellationToken)).Split('\n');
            var counted = lines.First(line => line.StartsWith(SyncsCounted + " ", StringComparison.Ordinal));
            syncs += (long)double.Parse(counted[SyncsCounted.Length..], CultureInfo.InvariantCulture);
        }
        return syncs;
    }

    /// <summary>Runs etcdctl against all members.</summary>
    public string Ctl(params string[] arguments) =>
        Shell.Run("env", ["ETCDCTL_API=3", "etcdctl", "--endpoints", string.Join(',', Endpoints), .. arguments]);

    /// <summary>Waits until it takes writes.</summary>
    public Task ReadyAsync(params string[] credentials) => Eventually.HoldsAsync(() =>
    {
        try
        {
            Ctl([.. credentials, "put", "ready", "1"]);
            return true;
        }
        catch (InvalidOperationException) { return false; }
    }, "etcd takes writes");

    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < _members.Length; i++)
        {
            if (_members[i] is { HasExited: false }) Signal(i, "CONT");
            await KillAsync(i);
        }
        Directory.Delete(_root, recursive: true);
    }

    private string Client(int i) => $"{_shape.Scheme}://{_shape.Place.At(_ports[i])}";

    private string Peer(int i) => $"http://{_shape.Place.At(_ports[_members.Length + i])}";
}
