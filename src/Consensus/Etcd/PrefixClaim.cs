using System.Globalization;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Driver;
using VideoScale.Consensus.Etcd.Layout;
using VideoScale.Consensus.Etcd.Rules;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Etcd;

/// <summary>Before a replica starts: etcd answers and is new enough, the keys under the prefix are this cluster's and nobody else's, they
/// hold what the directory knows of, and they name this member.</summary>
internal sealed partial class PrefixClaim(EtcdClient client, EtcdKeys keys, UInt128 clusterId, ILogger<EtcdLog> logger)
{
    private const int MostLooked = 100_000;
    private static readonly Version Oldest = new(3, 4);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>How long etcd may take until it answers for the first time.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <param name="self">Where this member is reached.</param>
    /// <param name="reached">The last entry that the directory knows of.</param>
    /// <param name="move">How the directory's log came from another; null when it began with entry 1.</param>
    /// <param name="takesPart">Called when nothing is refused any more, and before this member counts as one that has come.</param>
    /// <returns>The entry of another log that the log in etcd goes on after; null for none.</returns>
    internal Task<LogPlace?> MakeAsync(MemberAddress self, ulong reached, LogMove? move, Action takesPart) =>
        RefusedAsync(() => AnswersAsync(() => MakeOnceAsync(self, reached, move, takesPart)));

    /// <summary>Whether a log that goes on after that entry could stand here. Nothing is written.</summary>
    internal Task CheckAsync(LogPlace place) => RefusedAsync(async () =>
    {
        await CheckVersionAsync();
        var answer = await client.TxnAsync(Txn.OrderedRead(keys, Txn.Get(keys.Cluster), Txn.Get(keys.Head), Txn.Get(keys.Place)),
            CancellationToken.None);
        CheckCluster(answer.Found(0));
        CheckPlace(answer.Found(0), answer.Found(1), answer.Found(2), place);
        await CheckForeignAsync();
        return true;
    });

    /// <summary>The highest term that any leader of this log can have had until now.</summary>
    internal Task<ulong> SeenTermAsync() => RefusedAsync(async () =>
    {
        var answer = await client.TxnAsync(Txn.OrderedRead(keys, Txn.Get(keys.Place)), CancellationToken.None);
        return (PlaceValue.Decode(answer.Found(0)?.Value)?.SeenTerm ?? 0) + (ulong)answer.Header.Revision;
    });

    private async Task<T> RefusedAsync<T>(Func<Task<T>> ask)
    {
        try { return await ask(); }
        catch (EtcdException e) { throw new RpcConfigurationException(e.Message, e); }
        catch (FormatException e)
        {
            throw new DataDirectoryException($"under {keys.Prefix} in etcd {e.Message}: choose another prefix (--etcd-prefix)", e);
        }
    }

    private async Task<T> AnswersAsync<T>(Func<Task<T>> make)
    {
        var until = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        for (var said = false; ; said = true)
        {
            try
            {
                return await make();
            }
            catch (EtcdException e) when (!e.IsCertain && Environment.TickCount64 < until)
            {
                if (!said) LogWaiting(e.Message);
            }
            await Task.Delay(Pause);
        }
    }

    private async Task<LogPlace?> MakeOnceAsync(MemberAddress self, ulong reached, LogMove? move, Action takesPart)
    {
        var place = move?.After;
        await CheckVersionAsync();
        var answer = await client.TxnAsync(Txn.OrderedRead(keys, Txn.Get(keys.Cluster), Txn.Get(keys.Head),
            Txn.Get(keys.Member(self.Member)), Txn.Get(keys.Place)), CancellationToken.None);
        CheckCluster(answer.Found(0));
        var began = PlaceValue.Decode(answer.Found(3)?.Value);
        if (place is not null) CheckPlace(answer.Found(0), answer.Found(1), answer.Found(3), place);
        if (answer.Found(0) is not null || move is not { HasRun: false }) CheckReached(answer, reached);
        await CheckForeignAsync();
        if (answer.Found(0) is null) began = await FoundAsync(place);
        takesPart();
        var named = new TxnRequest();
        var address = AddressValue.Encode(self);
        if (answer.Found(2)?.Value != address) named.Success.Add(Txn.Put(keys.Member(self.Member), address));
        if (place is not null) named.Success.Add(Txn.Put(keys.Comer(self.Member), PlaceValue.Encode(place)));
        if (named.Success.Count > 0) await client.TxnAsync(named, CancellationToken.None);
        return began;
    }

    private void CheckCluster(KeyValue? cluster)
    {
        if (cluster is not null && ClusterValue.Difference(cluster.Value, clusterId) is { } other)
            throw new DataDirectoryException($"under {keys.Prefix} in etcd {other}: choose another prefix (--etcd-prefix)");
    }

    /// <summary>A log that goes on after another stands here already, or nothing does.</summary>
    private void CheckPlace(KeyValue? cluster, KeyValue? head, KeyValue? there, LogPlace place)
    {
        if (cluster is null && head is null) return;
        var began = PlaceValue.Decode(there?.Value);
        if (cluster is not null && began is not null && (began.Index, began.Term) == (place.Index, place.Term)) return;
        throw new DataDirectoryException(
            $"under {keys.Prefix} in etcd there is another log of this cluster, which "
            + $"{(began is null ? "began with entry 1" : $"went on after entry {began.Index}")}; this replica's goes on after entry "
            + $"{place.Index}: choose another prefix (--etcd-prefix), or delete those keys when nothing needs them any more");
    }

    private void CheckReached(TxnResponse answer, ulong reached)
    {
        var head = HeadValue.Decode(answer.Found(1)?.Value);
        if (head.Index < reached)
            throw new DataDirectoryException(answer.Found(0) is null
                ? $"etcd holds no log under {keys.Prefix}, and this replica's directory has seen entry {reached}: it is the wrong etcd "
                    + $"or prefix, or "
                    + "its keys were deleted. Bring etcd's data back, or begin a new cluster with an empty directory"
                : $"etcd's log under {keys.Prefix} ends at entry {head.Index}, and this replica's directory has seen entry {reached}: "
                    + $"etcd was set "
                    + "back. Bring its newer data back; or, to give up what came after, delete snapshots/ and events/ in the directory");
    }

    private async Task CheckVersionAsync()
    {
        var status = await client.StatusAsync(CancellationToken.None);
        var numbers = status.Version.Split('-')[0];
        if (!Version.TryParse(numbers, out var version) || version < Oldest)
            throw new RpcConfigurationException($"etcd is of version {status.Version}; needed: {Oldest} or later");
        if (KnownFaults.Of(version) is { } fault) LogFault(fault);
        foreach (var error in status.Errors) LogAlarm(status.Version, error);
    }

    /// <summary>Two that found at once agree: the cluster's id is the same, or the one that comes second is refused.</summary>
    private async Task<LogPlace?> FoundAsync(LogPlace? place)
    {
        var request = new TxnRequest
        {
            Compare = { Txn.IsAbsent(keys.Cluster) },
            Success = { Txn.Put(keys.Cluster, ClusterValue.Encode(clusterId)) },
            Failure = { Txn.Get(keys.Cluster), Txn.Get(keys.Head), Txn.Get(keys.Place) },
        };
        if (place is not null)
        {
            request.Success.Add(Txn.Put(keys.Place, PlaceValue.Encode(place)));
            request.Success.Add(Txn.Put(keys.Head, new HeadValue(place.Index, place.Term).Encode()));
        }
        var answer = await client.TxnAsync(request, CancellationToken.None);
        if (answer.Succeeded) return place;
        CheckCluster(answer.Found(0));
        if (place is not null) CheckPlace(answer.Found(0), answer.Found(1), answer.Found(2), place);
        return PlaceValue.Decode(answer.Found(2)?.Value);
    }

    /// <summary>All but entries, of which there may be many.</summary>
    private async Task CheckForeignAsync()
    {
        foreach (var (start, end) in new[] { (keys.All, keys.Entries), (keys.EntriesEnd, keys.AllEnd) })
        {
            var found = await client.RangeAsync(new RangeRequest { Key = start, RangeEnd = end, KeysOnly = true, Limit = MostLooked },
                CancellationToken.None);
            foreach (var kv in found.Kvs)
                if (!keys.IsOurs(kv.Key))
                    throw new DataDirectoryException($"under {keys.Prefix} in etcd somebody else keeps \"{EtcdKeys.NameOf(kv.Key)}\" ("
                        + found.Count.ToString("N0", CultureInfo.InvariantCulture)
                            + " keys in all): choose a prefix that is ours alone (--etcd-prefix)");
        }
    }

    [LoggerMessage(1366, LogLevel.Warning, "{Message}; it is tried again")]
    private partial void LogWaiting(string message);

    [LoggerMessage(1368, LogLevel.Warning, "{Fault}")]
    private partial void LogFault(string fault);

    [LoggerMessage(1367, LogLevel.Warning, "etcd {Version} says: {Alarm}")]
    private partial void LogAlarm(string version, string alarm);
}
