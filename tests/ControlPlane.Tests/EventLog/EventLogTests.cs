using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.EventLog;

public sealed class EventLogTests
{
    [Fact]
    public async Task What_is_appended_is_read_back_in_order_with_gapless_versions()
    {
        using var directory = new TempDirectory();
        var script = new Script(new Random(1), 500);
        using var log = Logs.Open(directory.Path);
        script.Feed(log);
        await log.SyncAsync();
        Assert.Equal(500UL, log.Reader.LastSeq);
        Assert.Equal(1UL, log.Reader.Floor);
        var versions = new Dictionary<string, ulong>();
        var (seq, time) = (0UL, default(LogTime));
        using var cursor = log.Reader.Read(1);
        while (cursor.MoveNext())
        {
            var envelope = cursor.View.ToEnvelope(cursor.Chain);
            Assert.Equal(++seq, envelope.EventSeq);
            Assert.Equal(versions[envelope.Stream] = versions.GetValueOrDefault(envelope.Stream) + 1, envelope.StreamVersion);
            Assert.True(envelope.OccurredAt >= time);
            Assert.Equal(log.EventIdOf(envelope.RaftIndex, envelope.OrdinalInEntry), envelope.EventId);
            time = envelope.OccurredAt;
        }
        Assert.Equal(500UL, seq);
        Assert.Equal(cursor.Seq, log.Head.EventSeq);
        Assert.Equal(log.Reader.TryGet(500)!.Chain, log.Head.ChainHead);
    }

    [Fact]
    public void Files_are_alike_on_every_replica_however_the_writes_fell() => Seeds.Run(8, random =>
    {
        var script = new Script(random, 64 * 5 + random.Next(64));
        using var one = new TempDirectory();
        using var other = new TempDirectory();
        using (var log = Logs.Open(one.Path)) script.Feed(log);
        var patterns = Logs.Small with
        {
            MaxBufferedBytes = 64 << 10,
            WriteInterval = TimeSpan.FromMilliseconds(random.Next(3)),
            SyncInterval = TimeSpan.FromMilliseconds(random.Next(50)),
        };
        var stop = (ulong)random.Next(1, (int)script.Count);
        using (var log = Logs.Open(other.Path, patterns)) script.Feed(log, stop, () => random.Next(5) == 0);
        using (var log = Logs.Open(other.Path, patterns)) script.Feed(log, endBatch: () => random.Next(2) == 0);
        var names = Directory.GetFiles(one.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(names, Directory.GetFiles(other.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(11, names.Length); // five sealed segments with their indexes, and the live one
        foreach (var name in names) Assert.Equal(File.ReadAllBytes(one.Of(name!)), File.ReadAllBytes(other.Of(name!)));
    });

    [Fact]
    public void A_tail_cut_at_any_byte_is_recovered_and_derived_again()
    {
        using var whole = new TempDirectory();
        var script = new Script(new Random(7), 64 + 4, maxPayloadBytes: 12);
        using (var log = Logs.Open(whole.Path)) script.Feed(log);
        List<string> expected;
        using (var log = Logs.Open(whole.Path)) expected = Logs.Dump(log.Reader);
        var live = SegmentHeader.FileName(65);
        var bytes = File.ReadAllBytes(whole.Of(live));
        var sealedSegment = File.ReadAllBytes(whole.Of(SegmentHeader.FileName(1)));
        for (var cut = 0; cut < bytes.Length; cut++)
        {
            using var directory = new TempDirectory();
            File.WriteAllBytes(directory.Of(SegmentHeader.FileName(1)), sealedSegment);
            File.WriteAllBytes(directory.Of(live), bytes[..cut]);
            ulong held;
            using (var log = Logs.Open(directory.Path))
            {
                held = log.Reader.LastSeq;
                Assert.InRange(held, 64UL, 68UL);
                Assert.Equal(held, log.DurableSeq);
                Assert.Equal(expected.Take((int)held), Logs.Dump(log.Reader));
                script.Feed(log);
            }
            using (var log = Logs.Open(directory.Path)) Assert.Equal(expected, Logs.Dump(log.Reader));
            Assert.Equal(bytes, File.ReadAllBytes(directory.Of(live)));
            if (cut == bytes.Length - 1) Assert.Equal(67UL, held);
        }
    }

    [Fact]
    public void A_damaged_byte_in_the_live_tail_never_yields_a_wrong_event() => Seeds.Run(25, random =>
    {
        using var directory = new TempDirectory();
        var script = new Script(random, 50, maxPayloadBytes: 30);
        using (var log = Logs.Open(directory.Path)) script.Feed(log);
        List<string> expected;
        using (var log = Logs.Open(directory.Path)) expected = Logs.Dump(log.Reader);
        var path = directory.Of(SegmentHeader.FileName(1));
        var bytes = File.ReadAllBytes(path);
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(path, bytes);
        using (var log = Logs.Open(directory.Path))
        {
            Assert.True(log.Reader.LastSeq < 50);
            Assert.NotEmpty(log.Reader.Notes);
            script.Feed(log);
        }
        using (var log = Logs.Open(directory.Path)) Assert.Equal(expected, Logs.Dump(log.Reader));
    });

    [Fact]
    public void An_event_derived_differently_than_before_stops_the_replica()
    {
        using var directory = new TempDirectory();
        using (var log = Logs.Open(directory.Path)) new Script(new Random(3), 100).Feed(log);
        using var again = Logs.Open(directory.Path);
        var stopped = Assert.Throws<EventLogException>(() => new Script(new Random(4), 100).Feed(again));
        Assert.Equal(EventLogProblem.Diverged, stopped.Problem);
        Assert.Contains("event 1 ", stopped.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_of_another_past_is_refused()
    {
        using var directory = new TempDirectory();
        using var foreign = new TempDirectory();
        using (var log = Logs.Open(directory.Path)) new Script(new Random(3), 100).Feed(log);
        byte[] tail;
        using (var log = Logs.Open(foreign.Path))
        {
            new Script(new Random(4), 90).Feed(log);
            tail = TailOf(log);
        }
        using var again = Logs.Open(directory.Path);
        var refused = Assert.Throws<EventLogException>(() => Restore(again, tail, 1));
        Assert.Equal(EventLogProblem.Diverged, refused.Problem);
    }

    [Fact]
    public void After_a_restart_from_a_snapshot_events_on_disk_are_compared_and_the_rest_appended() => Seeds.Run(10, random =>
    {
        using var directory = new TempDirectory();
        using var straight = new TempDirectory();
        var script = new Script(random, 300);
        using (var log = Logs.Open(straight.Path)) script.Feed(log);
        byte[] tail;
        ulong index;
        using (var log = Logs.Open(directory.Path))
        {
            script.Feed(log, (ulong)random.Next(1, 200));
            (tail, index) = (TailOf(log), script.IndexOf(log.NextSeq - 1));
            script.Feed(log, (ulong)random.Next(200, 260));
        }
        using (var log = Logs.Open(directory.Path))
        {
            Restore(log, tail, index);
            Assert.Equal(index, log.DurableRaftIndex);
            script.Feed(log);
        }
        foreach (var path in Directory.GetFiles(straight.Path))
            Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(directory.Of(Path.GetFileName(path))));
    });

    [Fact]
    public async Task Durable_indexes_follow_the_sync_and_count_entries_without_events()
    {
        using var directory = new TempDirectory();
        using var log = Logs.Open(directory.Path, Logs.Small with { SyncInterval = TimeSpan.FromMinutes(1) });
        log.EndOfBatch(3);
        Assert.Equal(3UL, log.DurableRaftIndex);
        new Script(new Random(5), 10).Feed(log);
        await log.Reader.WaitAsync(10, CancellationToken.None);
        Assert.Equal(0UL, log.DurableSeq);
        Assert.Equal(3UL, log.DurableRaftIndex);
        log.EndOfBatch(1_000);
        await log.SyncAsync();
        Assert.Equal(10UL, log.DurableSeq);
        Assert.Equal(1_000UL, log.DurableRaftIndex);
    }

    [Fact]
    public void Another_clusters_directory_and_another_segment_size_are_refused()
    {
        using var directory = new TempDirectory();
        using (var log = Logs.Open(directory.Path)) new Script(new Random(3), 10).Feed(log);
        var foreign = Assert.Throws<EventLogException>(() => Host.EventLog.EventLog.Open(directory.Path, Script.Cluster + 1, Logs.Small));
        Assert.Equal(EventLogProblem.Foreign, foreign.Problem);
        var resized = Assert.Throws<EventLogException>(() => Logs.Open(directory.Path, Logs.Small with { EventsPerSegment = 128 }));
        Assert.Contains("64 events per segment", resized.Message, StringComparison.Ordinal);
    }

    internal static byte[] TailOf(Host.EventLog.EventLog log)
    {
        using var tail = log.Capture();
        using var writer = new CanonicalWriter();
        tail.WriteTo(writer);
        return writer.ToArray();
    }

    internal static void Restore(Host.EventLog.EventLog log, byte[] tail, ulong index)
    {
        var reader = new CanonicalReader(tail);
        log.Restore(ref reader, index);
        reader.End();
    }
}
