using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using VideoScale.Bench.Etcd;
using VideoScale.Harness.Processes;

namespace VideoScale.Bench.Consensus;

/// <summary>Three etcd members as child processes on loopback, data on the same disk; the client talks to the leader.</summary>
public sealed class EtcdSystem(string root, int valueBytes) : ISystem
{
    private const int KeysPerWorker = 1_000;
    private readonly List<Process> _members = [];
    private readonly ByteString _value = ByteString.CopyFrom(RandomBytes(valueBytes));
    private readonly long[] _sequences = new long[4096];
    private GrpcChannel? _channel;
    private KV.KVClient? _client;

    public string Name { get; private set; } = "etcd";
    public bool IsPeer => true;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var ports = LoopbackPorts.Free(6);
        string Peer(int i) => $"http://127.0.0.1:{ports[i]}";
        string Client(int i) => $"http://127.0.0.1:{ports[3 + i]}";
        var cluster = string.Join(',', Enumerable.Range(0, 3).Select(i => $"m{i}={Peer(i)}"));
        for (var i = 0; i < 3; i++)
        {
            var start = new ProcessStartInfo("etcd") { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var argument in (string[])["--name", $"m{i}", "--data-dir", Path.Combine(root, $"etcd-{i}"), "--listen-peer-urls",
                Peer(i), "--initial-advertise-peer-urls", Peer(i),
                "--listen-client-urls", Client(i), "--advertise-client-urls", Client(i), "--initial-cluster", cluster,
                    "--initial-cluster-state", "new", "--logger", "zap", "--log-level", "error"])
                start.ArgumentList.Add(argument);
            var member = Process.Start(start)!;
            member.OutputDataReceived += static (_, _) => { };
            member.ErrorDataReceived += static (_, _) => { };
            member.BeginOutputReadLine();
            member.BeginErrorReadLine();
            _members.Add(member);
        }
        await FindLeaderAsync([.. Enumerable.Range(0, 3).Select(Client)], cancellationToken);
    }

    public async ValueTask<bool> CommitAsync(int worker, CancellationToken cancellationToken)
    {
        var key =
            ByteString.CopyFromUtf8(string.Create(CultureInfo.InvariantCulture, $"bench/{worker}/{_sequences[worker]++ % KeysPerWorker}"));
        try
        {
            await _client!.PutAsync(new PutRequest { Key = key, Value = _value }, cancellationToken: cancellationToken);
            return true;
        }
        catch (RpcException) { return false; }
    }

    public TimeSpan CpuTime()
    {
        foreach (var member in _members) member.Refresh();
        return _members.Aggregate(TimeSpan.Zero, (sum, member) => sum + member.TotalProcessorTime);
    }

    public long? AllocatedBytes() => null;

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        foreach (var member in _members)
        {
            member.Kill();
            await member.WaitForExitAsync();
            member.Dispose();
        }
    }

    private async Task FindLeaderAsync(string[] addresses, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            if (_members.Find(member => member.HasExited) is { } gone)
                throw new InvalidOperationException($"etcd ended with {gone.ExitCode}");
            foreach (var address in addresses)
            {
                var channel = GrpcChannel.ForAddress(address,
                    new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true } });
                try
                {
                    var status = await new Maintenance.MaintenanceClient(channel)
                        .StatusAsync(new StatusRequest(), deadline: DateTime.UtcNow.AddSeconds(2), cancellationToken: cancellationToken);
                    if (status.Leader != 0 && status.Leader == status.Header.MemberId)
                    {
                        (_channel, _client, Name) = (channel, new KV.KVClient(channel), $"etcd {status.Version} (3 members, gRPC Put)");
                        return;
                    }
                }
                catch (RpcException) when (attempt < 300) { }
                channel.Dispose();
            }
            await Task.Delay(100, cancellationToken);
        }
    }

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }
}
