using Google.Protobuf;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>
/// Follows all keys under the prefix: reads them as of one revision, then watches from the next one on. When a watch breaks, or etcd's
/// history was compacted behind it, all is read anew.
/// </summary>
internal sealed partial class StateWatch(EtcdClient client, EtcdKeys keys, UInt128 clusterId, Standing standing, Feed feed,
    ControlKeys known,
    Troubles troubles, ILogger<EtcdLog> logger)
{
    private const string Doing = "following etcd";
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var pause = ShortestPause;
        while (true)
        {
            try
            {
                var revision = await ReadAllAsync(cancellationToken);
                troubles.Over(Doing);
                pause = ShortestPause;
                await FollowAsync(revision + 1, cancellationToken);
            }
            catch (EtcdException e)
            {
                if (e.Fault == EtcdFault.Compacted) LogCompacted(e.Message);
                else troubles.Note(Doing, e);
            }
            catch (FormatException e)
            {
                throw new EtcdLogException($"under {keys.Prefix} in etcd {e.Message}: another prefix is needed, or that key's end", e);
            }
            await Task.Delay(pause, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <returns>The revision as of which all was read.</returns>
    internal async Task<long> ReadAllAsync(CancellationToken cancellationToken)
    {
        var before = feed.Known;
        var answer = await client.TxnAsync(Txn.OrderedRead(keys, Txn.Get(keys.Cluster), Txn.Get(keys.Leader), Txn.Get(keys.Head),
            Txn.Get(keys.Handover), Txn.Get(keys.Manifest), Txn.GetRange(keys.Members, keys.MembersEnd),
            Txn.GetRange(keys.Presences, keys.PresencesEnd), Txn.GetRange(keys.Comers, keys.ComersEnd)), cancellationToken);
        if (answer.Found(0) is not { } cluster) throw new EtcdLogException(Gone(EtcdKeys.NameOf(keys.Cluster)));
        if (ClusterValue.Difference(cluster.Value, clusterId) is { } other)
            throw new EtcdLogException($"under {keys.Prefix} in etcd {other}");
        var head = HeadValue.Decode(answer.Found(2)?.Value);
        if (head.Index < before)
            throw new EtcdLogException(
                $"etcd's log under {keys.Prefix} ends at entry {head.Index}, and reached entry {before} before: etcd was set "
                + "back, or its keys were deleted. Bring etcd's data back, or begin a new cluster under another prefix");
        known.Replace(answer.AllFound(5), answer.AllFound(6), answer.AllFound(7), answer.Found(3), answer.Found(4));
        standing.Observe(LeaderSeen.Of(keys, answer.Found(1)), answer.Header.Revision);
        await feed.HeadSeenAsync(head.Index, cancellationToken);
        return answer.Header.Revision;
    }

    private async Task FollowAsync(long revision, CancellationToken cancellationToken)
    {
        var request = new WatchCreateRequest { Key = keys.All, RangeEnd = keys.AllEnd, StartRevision = revision };
        await foreach (var response in client.WatchAsync(request, cancellationToken))
        {
            if (response.CompactRevision > 0)
                throw new EtcdException(EtcdFault.Compacted,
                    $"history up to revision {response.CompactRevision} is compacted, and the watch was at "
                    + $"{revision}");
            if (response.Canceled) throw new EtcdException(EtcdFault.Refused, $"etcd ended the watch: {response.CancelReason}");
            var entries = new List<Entry>();
            foreach (var happened in response.Events)
            {
                if (happened.Type == Event.Types.EventType.Put && keys.IndexOf(happened.Kv.Key) is not null)
                    entries.Add(Entries.Decode(keys, happened.Kv));
                else Take(happened);
            }
            if (entries.Count > 0) await feed.OfferAsync(entries, cancellationToken);
        }
    }

    private void Take(Event happened)
    {
        var key = happened.Kv.Key;
        var value = happened.Type == Event.Types.EventType.Put ? happened.Kv : null;
        if (key == keys.Leader) standing.Observe(LeaderSeen.Of(keys, value), happened.Kv.ModRevision);
        else if (key == keys.Head || key.Span.StartsWith(keys.Pieces.Span)) { } // entries tell more, and the manifest names the pieces
        else if (key == keys.Cluster || key == keys.Place) throw new EtcdLogException(Gone(EtcdKeys.NameOf(key)));
        else if (keys.IndexOf(key) is { } index) EntryDeleted(index);
        else if (keys.IsOurs(key)) known.Take(key, value);
        else if (value is not null) troubles.Note($"the key {Shortened(key)}",
            $"somebody else writes under our prefix {keys.Prefix}; it is not read, but the prefix is ours alone");
        else troubles.Over($"the key {Shortened(key)}");
    }

    private void EntryDeleted(ulong index)
    {
        if (index >= (known.Manifest?.First ?? 1))
            troubles.Note("the log", $"somebody deleted entry {index} under {keys.Prefix}, which no snapshot in etcd covers: make one "
                + "(ctl cluster snapshot at the leader), or a replica that comes anew cannot start");
    }

    private static string Gone(string key) =>
        $"the key {key} in etcd was deleted or written by somebody else. Bring etcd's data back, or begin a new "
        + "cluster under another prefix";

    private static string Shortened(ByteString key)
    {
        var text = key.ToStringUtf8();
        return text.Length <= 80 ? text : text[..80] + "…";
    }

    [LoggerMessage(1355, LogLevel.Information, "{Message}: all is read anew")]
    private partial void LogCompacted(string message);
}
