using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Clocks;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Requests;

/// <summary>
/// Answers kept so that a retry gets the first one, refusals included: (subject, method, request_id) → fingerprint of the body and reply.
/// Beside the domain: in snapshots, hashed apart, not derived from events.
/// </summary>
/// <remarks>
/// An answer is kept for 25 h of log time. An id with a time inside (UUID version 7) is refused when it is older than 24 h or more than 1 h
/// ahead, so that it can never be run a second time after its answer was dropped: it is used at the earliest 1 h before its time, and
/// refused 24 h after it. While log time is not what the replicas' clocks say, ids are compared with those, and refused from 23 h on: log
/// time may run a little faster.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "The writer's buffer is pool memory; the collector may take it instead.")]
public sealed class RequestResults
{
    public const long KeepMs = 25 * 3_600_000L;
    public const long OldestMs = 24 * 3_600_000L;
    public const long OldestByClocksMs = 23 * 3_600_000L;
    public const long FurthestAheadMs = LogClock.FurthestAheadMs;
    public const int MaxRequestIdLength = 64;
    private const long BucketMs = 60_000;
    private const int Shards = 256;

    // Sharded, so that no single growth of a table stops the apply thread for long.
    private readonly Dictionary<UInt128, Place>?[] _shards = new Dictionary<UInt128, Place>?[Shards];
    private readonly Queue<ReplyBucket> _buckets = new();
    private readonly CanonicalWriter _writer;
    private ReplyBucket? _latest;
    private long _nowMs;
    private long _requestTimeMs; // of the entry that is being applied; so is the next
    private long _oldestMs = OldestMs;
    private UInt128 _hashSum;

    public RequestResults() => _writer = new CanonicalWriter();

    public int Count { get; private set; }

    /// <summary>Of all records, as in snapshots.</summary>
    public long Bytes { get; private set; }

    /// <summary>Log time, as results count it, at which the oldest are dropped; 0 without any.</summary>
    public long OldestEndsMs => _buckets.TryPeek(out var oldest) ? (oldest.Minute + 1) * BucketMs + KeepMs : 0;

    /// <summary>Log time last seen, less what the cluster stood still, in milliseconds; never goes back.</summary>
    public long NowMs => _nowMs;

    /// <summary>Depends on what is kept and on log time, not on memory layout.</summary>
    public UInt128 Hash() => unchecked(_hashSum + (UInt128)(ulong)_nowMs);

    /// <summary>An entry begins: time has passed since the last one, and ids are as old as the entry's stamp says.</summary>
    public void Advance(LogTime before, LogTime now, in EntryStamp stamp)
    {
        Advance(new(_nowMs + stamp.Step.OutsideMs(before, now)));
        _requestTimeMs = (stamp.RequestTime ?? now).UnixMs;
        _oldestMs = stamp.RequestTime is null ? OldestMs : OldestByClocksMs;
    }

    /// <summary>Moves log time on and drops what is too old.</summary>
    public void Advance(LogTime now)
    {
        (_requestTimeMs, _oldestMs) = (now.UnixMs, OldestMs);
        if (now.UnixMs <= _nowMs) return;
        _nowMs = now.UnixMs;
        while (_buckets.TryPeek(out var oldest) && (oldest.Minute + 1) * BucketMs + KeepMs <= _nowMs) Drop(_buckets.Dequeue());
    }

    /// <summary>Looks a request up. Null when it is new: run it and <see cref="Store"/> its answer.</summary>
    public CommandReply? Find(string subject, RequestKey request, out UInt128 key)
    {
        key = 0;
        if (Check(request) is { } wrong) return new(0, 0, wrong, CommandOutcome.Empty);
        key = Fingerprint.Of(subject, request);
        if (_shards[(int)(key & (Shards - 1))] is not { } shard || !shard.TryGetValue(key, out var place))
            return CheckAge(request) is { } outside ? new(0, 0, outside, CommandOutcome.Empty) : null;
        var record = place.Bucket.RecordAt(place.Block, place.Offset);
        if (BinaryPrimitives.ReadUInt128LittleEndian(record[16..]) != request.BodyFingerprint)
            return new(0, 0,
                Failure.InvalidArgument(
                $"request_id: \"{request.RequestId}\" was used for another {request.Method} before: a new request takes a new id"),
                CommandOutcome.Empty);
        var reader = new CanonicalReader(record[ReplyBucket.HeadBytes..]);
        return CommandReply.Read(ref reader) with { Replayed = true };
    }

    public void Store(UInt128 key, RequestKey request, CommandReply reply)
    {
        _writer.Reset();
        reply.WriteTo(_writer);
        Append(_nowMs / BucketMs, key, request.BodyFingerprint, _writer.WrittenSpan);
    }

    public CapturedResults Capture() => new(_nowMs, [.. _buckets.Select(bucket => bucket.Capture())]);

    internal void RestoreTime(long nowMs) => _nowMs = nowMs;

    internal void Append(long minute, UInt128 key, UInt128 fingerprint, ReadOnlySpan<byte> reply)
    {
        if (_latest is null || _latest.Minute != minute)
        {
            Invariant.Require(_latest is null || _latest.Minute < minute, "log time never goes back");
            _buckets.Enqueue(_latest = new ReplyBucket(minute));
        }
        var (block, offset) = _latest.Append(key, fingerprint, reply);
        var shard = _shards[(int)(key & (Shards - 1))] ??= [];
        shard.Add(key, new(_latest, block, offset));
        _hashSum = unchecked(_hashSum + Fingerprint.Of(_latest.RecordAt(block, offset)));
        Count++;
        Bytes += ReplyBucket.HeadBytes + reply.Length;
    }

    private void Drop(ReplyBucket bucket)
    {
        if (ReferenceEquals(bucket, _latest)) _latest = null;
        bucket.Capture().ForEach(record =>
        {
            var key = BinaryPrimitives.ReadUInt128LittleEndian(record);
            var dropped = _shards[(int)(key & (Shards - 1))]!.Remove(key);
            Invariant.Require(dropped, "an answer is dropped once");
            _hashSum = unchecked(_hashSum - Fingerprint.Of(record));
            Count--;
            Bytes -= record.Length;
        });
    }

    private static Failure? Check(RequestKey request)
    {
        if (request.RequestId.Length is > 0 and <= MaxRequestIdLength) return null;
        return Failure.InvalidArgument($"request_id: {request.RequestId.Length} characters break the rule: 1 to {MaxRequestIdLength}");
    }

    private Failure? CheckAge(RequestKey request)
    {
        if (UuidV7.TimeOf(request.RequestId) is not { } made) return null;
        if (made.UnixMs < _requestTimeMs - _oldestMs)
            return Failure.InvalidArgument(
                $"request_id: \"{request.RequestId}\" was made at {made}, which breaks the rule: at most {_oldestMs / 3_600_000} h old "
                + $"(it is {new LogTime(_requestTimeMs)})");
        if (made.UnixMs > _requestTimeMs + FurthestAheadMs)
            return Failure.InvalidArgument(
                $"request_id: \"{request.RequestId}\" is made for {made}, which breaks the rule: at most 1 h ahead (it is "
                + $"{new LogTime(_requestTimeMs)})");
        return null;
    }

    private readonly record struct Place(ReplyBucket Bucket, int Block, int Offset);
}

/// <summary>The kept answers as of one moment; written later, on any thread.</summary>
public sealed class CapturedResults
{
    private const byte Format = 1;
    private readonly long _nowMs;
    private readonly ReplyBucket.Captured[] _buckets;

    internal CapturedResults(long nowMs, ReplyBucket.Captured[] buckets) => (_nowMs, _buckets) = (nowMs, buckets);

    public void WriteTo(Stream stream)
    {
        stream.WriteByte(Format);
        WriteInt64(stream, _nowMs);
        WriteInt64(stream, _buckets.Length);
        foreach (var bucket in _buckets)
        {
            WriteInt64(stream, bucket.Minute);
            WriteInt64(stream, bucket.Count);
            bucket.ForEach(record => stream.Write(record));
        }
    }

    public static RequestResults Restore(Stream stream)
    {
        var format = stream.ReadByte();
        if (format != Format)
            throw new CanonicalException($"format {format} of request results is unknown to this program, which knows {Format}");
        var results = new RequestResults();
        results.RestoreTime(ReadInt64(stream));
        var buffer = new byte[4096];
        for (var buckets = ReadInt64(stream); buckets > 0; buckets--)
        {
            var minute = ReadInt64(stream);
            for (var count = ReadInt64(stream); count > 0; count--)
            {
                stream.ReadExactly(buffer.AsSpan(0, ReplyBucket.HeadBytes));
                var key = BinaryPrimitives.ReadUInt128LittleEndian(buffer);
                var fingerprint = BinaryPrimitives.ReadUInt128LittleEndian(buffer.AsSpan(16));
                var length = BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(32));
                if (length is < 0 or > CanonicalReader.DefaultMaxBytes)
                    throw new CanonicalException($"a reply of {length} bytes breaks the rule: 0 to {CanonicalReader.DefaultMaxBytes}");
                if (buffer.Length < length) buffer = new byte[length];
                stream.ReadExactly(buffer.AsSpan(0, length));
                results.Append(minute, key, fingerprint, buffer.AsSpan(0, length));
            }
        }
        return results;
    }

    private static void WriteInt64(Stream stream, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static long ReadInt64(Stream stream)
    {
        Span<byte> bytes = stackalloc byte[8];
        stream.ReadExactly(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }
}
