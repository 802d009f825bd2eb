using Google.Protobuf;
using VideoScale.Consensus.Etcd.Client;

namespace VideoScale.Consensus.Etcd.Layout;

/// <summary>The parts that transactions are made of, and what their answers hold.</summary>
internal static class Txn
{
    internal static Compare IsAbsent(ByteString key) => IsCreatedAt(key, 0);

    internal static Compare IsCreatedAt(ByteString key, long revision) => new()
    {
        Key = key,
        Target = Compare.Types.CompareTarget.Create,
        Result = Compare.Types.CompareResult.Equal,
        CreateRevision = revision,
    };

    /// <summary>The term goes on: nobody else has made the leader's key since.</summary>
    internal static Compare Leads(EtcdKeys keys, ulong term) => IsCreatedAt(keys.Leader, keys.CreatedIn(term));

    internal static Compare Is(ByteString key, ByteString value) => new()
    {
        Key = key,
        Target = Compare.Types.CompareTarget.Value,
        Result = Compare.Types.CompareResult.Equal,
        Value = value,
    };

    internal static RequestOp Get(ByteString key) => new() { RequestRange = new RangeRequest { Key = key } };

    internal static RequestOp GetRange(ByteString start, ByteString end) => new()
    {
        RequestRange = new RangeRequest { Key = start, RangeEnd = end },
    };

    internal static RequestOp Put(ByteString key, ByteString value, long lease = 0) => new()
    {
        RequestPut = new PutRequest { Key = key, Value = value, Lease = lease },
    };

    internal static RequestOp Delete(ByteString key, ByteString? end = null) => new()
    {
        RequestDeleteRange = new DeleteRangeRequest { Key = key, RangeEnd = end ?? ByteString.Empty },
    };

    /// <summary>
    /// Reads in the order of all writes. A plain linearizable read asks etcd's leader how far it is, and versions before 3.4.42, 3.5.28 and
    /// 3.6.9 may be told too little by one that was paused. A transaction with a write in it, though in the branch that is not taken, goes
    /// through etcd's log instead, and changes nothing.
    /// </summary>
    internal static TxnRequest OrderedRead(EtcdKeys keys, params ReadOnlySpan<RequestOp> gets)
    {
        var request = new TxnRequest { Compare = { Created(keys.Never) }, Success = { Delete(keys.Never) } };
        foreach (var get in gets) request.Failure.Add(get);
        return request;
    }

    /// <returns>The value that a get found, or null.</returns>
    internal static KeyValue? Found(this TxnResponse response, int at) =>
        response.Responses[at].ResponseRange is { Kvs.Count: > 0 } range ? range.Kvs[0] : null;

    internal static IReadOnlyList<KeyValue> AllFound(this TxnResponse response, int at) => response.Responses[at].ResponseRange.Kvs;

    private static Compare Created(ByteString key) => new()
    {
        Key = key,
        Target = Compare.Types.CompareTarget.Create,
        Result = Compare.Types.CompareResult.Greater,
        CreateRevision = 0,
    };
}
