using System.Runtime.CompilerServices;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.EventLog.Backfill;
using VideoScale.Harness;
using VideoScale.V1;
using Log = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.ControlPlane.Tests.EventLog;

public sealed class BackfillTests
{
    [Fact]
    public void A_replica_that_joined_by_snapshot_fetches_what_came_before_however_often_it_is_cut() => Seeds.Run(8, random =>
    {
        using var full = new TempDirectory();
        using var joined = new TempDirectory();
        var script = new Script(random, 64 * 4 + random.Next(1, 64));
        using var peer = Logs.Open(full.Path);
        var snapshotAt = (ulong)random.Next(65, 64 * 4);
        script.Feed(peer, snapshotAt);
        var (tail, index) = (EventLogTests.TailOf(peer), script.IndexOf(peer.NextSeq - 1));
        var floor = peer.NextSeq;
        script.Feed(peer);
        peer.SyncAsync().Wait();

        var log = Logs.Open(joined.Path);
        EventLogTests.Restore(log, tail, index);
        Assert.Equal(floor, log.Reader.Floor);
        script.Feed(log);
        log.SyncAsync().Wait();
        Assert.Equal(floor, log.Reader.Floor);
        Assert.Equal(EventLogProblem.OutOfRange, Assert.Throws<EventLogException>(() => log.Reader.Read(floor - 1)).Problem);

        for (var round = 0; log.Reader.Floor > 1; round++)
        {
            Assert.True(round < 5_000, "the backfill does not end");
            var cutting = new CuttingSource(peer, random);
            new SegmentBackfill(log, () => [cutting], TimeProvider.System, NullLogger.Instance).RunOnceAsync(CancellationToken.None).Wait();
            if (random.Next(4) != 0) continue;
            log.Dispose(); // a restart resumes
            log = Logs.Open(joined.Path);
            EventLogTests.Restore(log, tail, index);
            script.Feed(log);
            log.SyncAsync().Wait();
        }
        while (new SegmentBackfill(log, () => [], TimeProvider.System, NullLogger.Instance).RunOnceAsync(CancellationToken.None).Result) { }
        Assert.Equal(Logs.Dump(peer.Reader), Logs.Dump(log.Reader));
        log.Dispose();
        for (var first = 1UL; first + 63 <= script.Count; first += 64)
            Assert.Equal(File.ReadAllBytes(full.Of(SegmentHeader.FileName(first))),
                File.ReadAllBytes(joined.Of(SegmentHeader.FileName(first))));
        using var reopened = Logs.Open(joined.Path);
        Assert.Equal(1UL, reopened.Reader.Floor);
    });

    [Fact]
    public void What_a_peer_made_up_is_refused() => Seeds.Run(10, random =>
    {
        using var full = new TempDirectory();
        using var joined = new TempDirectory();
        var script = new Script(random, 150);
        using var peer = Logs.Open(full.Path);
        script.Feed(peer, 140);
        var tail = EventLogTests.TailOf(peer);
        peer.SyncAsync().Wait();
        using var log = Logs.Open(joined.Path);
        EventLogTests.Restore(log, tail, 1_000);
        var lying = new LyingSource(peer, random.Next(int.MaxValue));
        var backfill = new SegmentBackfill(log, () => [lying], TimeProvider.System, NullLogger.Instance);
        Assert.False(backfill.RunOnceAsync(CancellationToken.None).Result);
        Assert.False(backfill.RunOnceAsync(CancellationToken.None).Result);
        Assert.Equal(log.NextSeq, log.Reader.Floor);
        Assert.Empty(log.Reader.Parts);
    });

    [Fact]
    public async Task A_peer_with_another_past_is_refused_though_its_log_is_sound()
    {
        using var full = new TempDirectory();
        using var other = new TempDirectory();
        using var joined = new TempDirectory();
        using var honest = Logs.Open(full.Path);
        using var peer = Logs.Open(other.Path);
        new Script(new Random(1), 150).Feed(honest, 140);
        new Script(new Random(2), 150).Feed(peer);
        await peer.SyncAsync();
        using var log = Logs.Open(joined.Path);
        EventLogTests.Restore(log, EventLogTests.TailOf(honest), 1_000);
        var backfill = new SegmentBackfill(log, () => [new PlainSource(peer)], TimeProvider.System, NullLogger.Instance);
        Assert.False(await backfill.RunOnceAsync(CancellationToken.None));
        Assert.Empty(log.Reader.Parts);
    }

    [Fact]
    public void A_request_for_what_is_not_held_is_refused_with_the_rule()
    {
        using var directory = new TempDirectory();
        using var log = Logs.Open(directory.Path);
        var serving = new SegmentServing(log);
        Assert.Contains("first_seq: 2", serving.Check(new() { FirstSeq = 2 })!.Message, StringComparison.Ordinal);
        Assert.Equal(Model.FailureCode.OutOfRange, serving.Check(new() { FirstSeq = 1 })!.Code);
    }

    /// <summary>Gives a few bytes more each time, then breaks.</summary>
    internal sealed class CuttingSource(Log peer, Random random) : ISegmentSource
    {
        public async IAsyncEnumerable<SegmentChunk> FetchAsync(ulong firstSeq, ulong offset,
            [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Yield();
            var serving = new SegmentServing(peer);
            var request = new FetchSegmentRequest { FirstSeq = firstSeq, Offset = offset };
            if (serving.Check(request) is { } refused) throw new RpcException(new Status(StatusCode.OutOfRange, refused.Message));
            foreach (var chunk in serving.Read(request))
            {
                if (random.Next(3) == 0)
                {
                    yield return chunk;
                    continue;
                }
                var length = random.Next(chunk.Data.Length + 1);
                yield return new() { Offset = chunk.Offset, Data = Google.Protobuf.ByteString.CopyFrom(chunk.Data.Span[..length]) };
                throw new RpcException(new Status(StatusCode.Unavailable, "cut"));
            }
        }
    }

    private sealed class PlainSource(Log peer) : ISegmentSource
    {
        public async IAsyncEnumerable<SegmentChunk> FetchAsync(ulong firstSeq, ulong offset,
            [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Yield();
            foreach (var chunk in new SegmentServing(peer).Read(new() { FirstSeq = firstSeq, Offset = offset })) yield return chunk;
        }
    }

    private sealed class LyingSource(Log peer, int where) : ISegmentSource
    {
        public async IAsyncEnumerable<SegmentChunk> FetchAsync(ulong firstSeq, ulong offset,
            [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Yield();
            foreach (var chunk in new SegmentServing(peer).Read(new() { FirstSeq = firstSeq, Offset = offset }))
            {
                var bytes = chunk.Data.ToByteArray();
                if (bytes.Length > 0) bytes[where % Math.Max(1, bytes.Length - 700)] ^= 4; // never in what lies after the gap
                yield return new() { Offset = chunk.Offset, Data = Google.Protobuf.ByteString.CopyFrom(bytes), Last = chunk.Last };
            }
        }
    }
}
