using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>
/// The leader's snapshots go to etcd in pieces, so that the log before them can go: a replica that needs entries from before takes the
/// snapshot. The manifest is written when all pieces are there, and the pieces of the one before go afterwards.
/// </summary>
internal sealed partial class SnapshotExchange(EtcdClient client, EtcdKeys keys, EtcdOptions options, SnapshotStore store,
    Func<SnapshotManifest?> manifest, ILogger<EtcdLog> logger)
{
    private const int MostPieceBytes = 1 << 20;
    private const long MostBytes = 1L << 30; // half of etcd's own quota, by default
    private const ulong EntriesPerDelete = 10_000;
    private readonly int _pieceBytes = Math.Min(MostPieceBytes, options.MaxRequestBytes - (16 << 10));

    /// <summary>Puts a snapshot of ours into etcd and lets the log before it go.</summary>
    /// <param name="keepFrom">The first entry that stays.</param>
    /// <returns>False when the term ended meanwhile.</returns>
    internal async Task<bool> PublishAsync(SnapshotMeta meta, ulong term, ulong keepFrom, CancellationToken cancellationToken)
    {
        var before = manifest();
        if (before is not null && before.Index >= meta.Index) return true;
        using var stored = store.OpenStored(meta.Index);
        if (stored is null) return true; // a newer one took its place
        if ((long)stored.Bytes > MostBytes)
            throw new InvalidDataException(
                $"a snapshot of {stored.Bytes} bytes is more than etcd should hold ({MostBytes}): the log stays");
        await using var file = stored.OpenRaw();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[_pieceBytes];
        var pieces = 0;
        for (int count; (count = await file.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)) > 0;
            pieces++)
        {
            hash.AppendData(buffer, 0, count);
            var put = Txn.Put(keys.Piece(meta.Index, pieces), ByteString.CopyFrom(buffer, 0, count));
            if (!await WriteAsync(term, put, cancellationToken)) return false;
        }
        var first = Math.Max(before?.First ?? 1, Math.Min(keepFrom, meta.Index + 1));
        var made = new SnapshotManifest(meta.Index, meta.Term, first, pieces, (long)stored.Bytes,
            Convert.ToHexStringLower(hash.GetHashAndReset()));
        if (!await WriteAsync(term, Txn.Put(keys.Manifest, made.Encode()), cancellationToken)) return false;
        LogPublished(made.Index, made.Bytes, made.Pieces, first);
        return await CompactAsync(before?.First ?? 1, made, term, cancellationToken);
    }

    /// <summary>Takes the snapshot from etcd into this replica's store.</summary>
    /// <returns>Null when it was replaced meanwhile: look again.</returns>
    internal async Task<SnapshotMeta?> FetchAsync(SnapshotManifest wanted, CancellationToken cancellationToken)
    {
        if (store.Latest is { } have && have.Index >= wanted.Index) return have;
        var id = UInt128.Parse(wanted.Sha256.AsSpan(0, 32), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        using var receipt = store.Receive(id, wanted.Bytes);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var had = receipt.Offset; // of an earlier try: read again for its hash, and not written again
        for (var i = 0; i < wanted.Pieces; i++)
        {
            var found = await client.RangeAsync(new RangeRequest { Key = keys.Piece(wanted.Index, i) }, cancellationToken);
            if (found.Kvs.Count == 0)
            {
                if (manifest()?.Index == wanted.Index) LogPieceMissing(wanted.Index, i);
                return null;
            }
            var piece = found.Kvs[0].Value;
            hash.AppendData(piece.Span);
            var skip = (int)Math.Min(had, piece.Length);
            had -= skip;
            if (skip < piece.Length) receipt.Write(piece.Span[skip..]);
        }
        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != wanted.Sha256)
            throw new EtcdLogException(
                $"the snapshot at entry {wanted.Index} under {keys.Prefix} in etcd is not what was put there: its hash differs. "
                + "Make another at the leader (ctl cluster snapshot)");
        try { return Fetched(receipt.Complete()); }
        catch (RotFoundException e)
        {
            throw new EtcdLogException($"the snapshot at entry {wanted.Index} from etcd is damaged: {e.Finding}", e);
        }
    }

    private SnapshotMeta Fetched(SnapshotMeta meta)
    {
        LogFetched(meta.Index);
        return meta;
    }

    private async Task<bool> CompactAsync(ulong oldFirst, SnapshotManifest made, ulong term, CancellationToken cancellationToken)
    {
        for (var at = oldFirst; at < made.First; at = Math.Min(at + EntriesPerDelete, made.First))
        {
            var end = Math.Min(at + EntriesPerDelete, made.First);
            if (!await WriteAsync(term, Txn.Delete(keys.Entry(at), keys.Entry(end)), cancellationToken)) return false;
        }
        // Of the snapshot before, and of ones that were begun and never finished.
        if (!await WriteAsync(term, Txn.Delete(keys.Pieces, keys.PiecesOf(made.Index)), cancellationToken)
            || !await WriteAsync(term, Txn.Delete(EtcdKeys.EndOf(keys.PiecesOf(made.Index)), EtcdKeys.EndOf(keys.Pieces)),
                cancellationToken))
            return false;
        if (options.CompactsHistory) await ForgetHistoryAsync(cancellationToken);
        return true;
    }

    private async Task ForgetHistoryAsync(CancellationToken cancellationToken)
    {
        var now = await client.TxnAsync(Txn.OrderedRead(keys, Txn.Get(keys.Manifest)), cancellationToken);
        try { await client.CompactAsync(now.Header.Revision, cancellationToken); }
        catch (EtcdException e) when (e.Fault == EtcdFault.Compacted) { } // somebody else did
    }

    /// <summary>As the leader of a term; repeating it does no harm.</summary>
    private async Task<bool> WriteAsync(ulong term, RequestOp write, CancellationToken cancellationToken)
    {
        var request = new TxnRequest { Compare = { Txn.Leads(keys, term) }, Success = { write } };
        for (var attempt = 1; ; attempt++)
        {
            try { return (await client.TxnAsync(request, cancellationToken)).Succeeded; }
            catch (EtcdException e) when (!e.IsCertain && attempt < 5) { await Task.Delay(200, cancellationToken); }
        }
    }

    [LoggerMessage(1356, LogLevel.Information,
        "The snapshot at entry {Index} is in etcd, {Bytes} bytes in {Pieces} pieces; its log begins at entry {First}")]
    private partial void LogPublished(ulong index, long bytes, int pieces, ulong first);

    [LoggerMessage(1357, LogLevel.Information, "The snapshot at entry {Index} was taken from etcd")]
    private partial void LogFetched(ulong index);

    [LoggerMessage(1358, LogLevel.Warning, "Piece {Piece} of the snapshot at entry {Index} is missing in etcd")]
    private partial void LogPieceMissing(ulong index, int piece);
}
