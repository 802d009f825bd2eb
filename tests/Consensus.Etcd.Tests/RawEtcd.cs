using Google.Protobuf;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Tests;

/// <summary>Somebody else at the same etcd, who knows where our keys are.</summary>
internal sealed class RawEtcd(EtcdOptions options) : IDisposable
{
    internal EtcdClient Client { get; } = new(options);

    internal EtcdKeys Keys { get; } = new(options.Prefix, Replicas.Cluster);

    internal async Task<KeyValue?> GetAsync(ByteString key) =>
        (await Client.RangeAsync(new RangeRequest { Key = key }, CancellationToken.None)).Kvs.FirstOrDefault();

    internal Task<TxnResponse> DoAsync(params RequestOp[] operations)
    {
        var request = new TxnRequest();
        request.Success.AddRange(operations);
        return Client.TxnAsync(request, CancellationToken.None);
    }

    internal Task PutAsync(string key, string value) => DoAsync(Txn.Put(ByteString.CopyFromUtf8(key), ByteString.CopyFromUtf8(value)));

    internal async Task<long> RevisionAsync() =>
        (await Client.RangeAsync(new RangeRequest { Key = Keys.Head }, CancellationToken.None)).Header.Revision;

    public void Dispose() => Client.Dispose();
}
