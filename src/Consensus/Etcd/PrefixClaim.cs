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
    internal async Task MakeAsync(MemberAddress self, ulong reached)
    {
        try { await AnswersAsync(() => MakeOnceAsync(self, reached)); }
        catch (EtcdException e) { throw new RpcConfigurationException(e.Message, e); }
        catch (FormatException e)
        {
            throw new DataDirectoryException($"under {keys.Prefix} in etcd {e.Message}: choose another prefix (--etcd-prefix)", e);
        }
    }

    private async Task AnswersAsync(Func<Task> make)
    {
        var until = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        for (var said = false; ; said = true)
        {
            try
            {
                await make();
                return;
            }
            catch (EtcdException e) when (!e.IsCertain && Environment.TickCount64 < until)
            {
                if (!said) LogWaiting(e.Message);
            }
            await Task.Delay(Pause);
        }
    }

    private async Task MakeOnceAsync(MemberAddress self, ulong reached)
    {
        await CheckVersionAsync();
        var answer =
            await client.TxnAsync(Txn.OrderedRead(keys, Txn.Get(keys.Cluster), Txn.Get(keys.Head), Txn.Get(keys.Member(self.Member))),
            CancellationToken.None);
        if (answer.Found(0) is { } cluster && ClusterValue.Difference(cluster.Value, clusterId) is { } other)
            throw new DataDirectoryException($"under {keys.Prefix} in etcd {other}: choose another prefix (--etcd-prefix)");
        var head = HeadValue.Decode(answer.Found(1)?.Value);
        if (head.Index < reached)
            throw new DataDirectoryException(answer.Found(0) is null
                ? $"etcd holds no log under {keys.Prefix}, and this replica's directory has seen entry {reached}: it is the wrong etcd "
                    + $"or prefix, or "
                    + "its keys were deleted. Bring etcd's data back, or begin a new cluster with an empty directory"
                : $"etcd's log under {keys.Prefix} ends at entry {head.Index}, and this replica's directory has seen entry {reached}: "
                    + $"etcd was set "
                    + "back. Bring its newer data back; or, to give up what came after, delete snapshots/ and events/ in the directory");
        await CheckForeignAsync();
        if (answer.Found(0) is null) await FoundAsync();
        var address = AddressValue.Encode(self);
        if (answer.Found(2)?.Value != address)
            await client.TxnAsync(new TxnRequest { Success = { Txn.Put(keys.Member(self.Member), address) } }, CancellationToken.None);
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
    private async Task FoundAsync()
    {
        var answer = await client.TxnAsync(new TxnRequest
        {
            Compare = { Txn.IsAbsent(keys.Cluster) },
            Success = { Txn.Put(keys.Cluster, ClusterValue.Encode(clusterId)) },
            Failure = { Txn.Get(keys.Cluster) },
        }, CancellationToken.None);
        if (!answer.Succeeded && answer.Found(0) is { } theirs && ClusterValue.Difference(theirs.Value, clusterId) is { } other)
            throw new DataDirectoryException($"under {keys.Prefix} in etcd {other}: choose another prefix (--etcd-prefix)");
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
