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
    private EtcdProcess? _etcd;
    private readonly ByteString _value = ByteString.CopyFrom(RandomBytes(valueBytes));
    private readonly long[] _sequences = new long[4096];
    private GrpcChannel? _channel;
    private KV.KVClient? _client;

    public string Name { get; private set; } = "etcd";
    public bool IsPeer => true;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _etcd = EtcdProcess.Start(new EtcdShape(Members: 3) { Root = Path.Combine(root, "etcd") });
        await FindLeaderAsync(_etcd.Endpoints, cancellationToken);
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

    public TimeSpan CpuTime() => _etcd!.CpuTime();

    public long? AllocatedBytes() => null;

    public async Task<long?> SyncsAsync(CancellationToken cancellationToken) => await _etcd!.SyncsAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_etcd is not null) await _etcd.DisposeAsync();
    }

    private async Task FindLeaderAsync(IReadOnlyList<string> addresses, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            _etcd!.CheckRunning();
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
