using System.Diagnostics;

namespace VideoScale.Harness.Processes;

/// <summary>Members of an etcd of their own, as child processes on loopback. Nothing is synced less than etcd does by itself.</summary>
public sealed class EtcdProcess : IAsyncDisposable
{
    private const string Program = "etcd";
    private readonly string _root = Directory.CreateTempSubdirectory("etcd-").FullName;
    private readonly Process?[] _members;
    private readonly int[] _ports;
    private readonly string _scheme;
    private readonly string[] _extra;

    private EtcdProcess(int members, string scheme, string[] extra)
    {
        _members = new Process?[members];
        _ports = LoopbackPorts.Free(2 * members);
        _scheme = scheme;
        _extra = extra;
    }

    /// <summary>Starts the members; they may still be electing when this returns.</summary>
    /// <param name="extra">Further flags of etcd, the same for all.</param>
    public static EtcdProcess Start(int members = 1, string scheme = "http", params string[] extra)
    {
        var etcd = new EtcdProcess(members, scheme, extra);
        for (var i = 0; i < members; i++) etcd.StartMember(i);
        return etcd;
    }

    public IReadOnlyList<string> Endpoints => [.. Enumerable.Range(0, _members.Length).Select(Client)];

    public int Count => _members.Length;

    /// <summary>Starts a member again on what it has on disk, or for the first time.</summary>
    public void StartMember(int i)
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["--name", $"m{i}", "--data-dir", Path.Combine(_root, $"m{i}"), "--listen-peer-urls", Peer(i),
            "--initial-advertise-peer-urls", Peer(i), "--listen-client-urls", Client(i), "--advertise-client-urls", Client(i),
            "--initial-cluster", string.Join(',', Enumerable.Range(0, _members.Length).Select(m => $"m{m}={Peer(m)}")),
            "--initial-cluster-state", "new", "--logger", "zap", "--log-level", "error", .. _extra])
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

    private string Client(int i) => $"{_scheme}://127.0.0.1:{_ports[i]}";

    private string Peer(int i) => $"http://127.0.0.1:{_ports[_members.Length + i]}";
}
