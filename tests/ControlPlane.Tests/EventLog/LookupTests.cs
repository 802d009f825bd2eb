using VideoScale.ControlPlane.Audit;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.EventLog;

public sealed class LookupTests
{
    [Fact]
    public void Every_lookup_gives_what_a_reading_of_the_whole_log_gives() => Seeds.Run(8, random =>
    {
        using var directory = new TempDirectory();
        var script = new Script(random, 64 * 6 + random.Next(1, 64));
        using (var log = Logs.Open(directory.Path)) script.Feed(log);
        using var reopened = Logs.Open(directory.Path);
        var reader = reopened.Reader;
        var all = new List<EventEnvelope>();
        using (var cursor = reader.Read(1))
            while (cursor.MoveNext()) all.Add(cursor.View.ToEnvelope(cursor.Chain));

        foreach (var seq in new ulong[] { 1, 2, 63, 64, 65, 128, 200, script.Count })
            Assert.Equal(Logs.Line(all[(int)seq - 1]), Logs.Line(reader.TryGet(seq)!));
        Assert.Null(reader.TryGet(script.Count + 1));
        Assert.Null(reader.TryGet(0));
        for (var i = 0UL; i <= script.Indexes.Max() + 2; i += (ulong)random.Next(1, 9))
            Assert.Equal(all.LastOrDefault(e => e.RaftIndex <= i)?.EventSeq ?? 0, reader.SeqAtRaftIndex(i));
        for (var t = script.TimesMs.Min() - 3; t <= script.TimesMs.Max() + 3; t += random.Next(1, 40))
            Assert.Equal(all.LastOrDefault(e => e.OccurredAt.UnixMs <= t)?.EventSeq ?? 0, reader.SeqAtTime(new LogTime(t)));
        foreach (var stream in all.Select(e => e.Stream).Distinct().Append("room-never").Append("room-r"))
        {
            var from = (ulong)random.Next(0, 12);
            Assert.Equal(all.Where(e => e.Stream == stream && e.StreamVersion >= from).Select(e => e.EventSeq),
                reader.StreamSeqs(stream, from));
            Assert.Equal(all.Where(e => e.Stream == stream).Select(e => e.EventSeq).TakeLast(3), reader.LastOfStream(stream, 3));
        }
    });

    [Fact]
    public void A_missing_or_damaged_index_is_made_again()
    {
        using var directory = new TempDirectory();
        using (var log = Logs.Open(directory.Path)) new Script(new Random(2), 200).Feed(log);
        var index = directory.Of("events-00000000000000000001.idx");
        var before = File.ReadAllBytes(index);
        File.Delete(index);
        using (Logs.Open(directory.Path)) Assert.Equal(before, File.ReadAllBytes(index));
        var damaged = (byte[])before.Clone();
        damaged[30] ^= 1;
        File.WriteAllBytes(index, damaged);
        using (Logs.Open(directory.Path)) Assert.Equal(before, File.ReadAllBytes(index));
    }

    [Fact]
    public void Streams_have_gapless_versions_however_many_there_are() => Seeds.Run(5, random =>
    {
        var versions = new StreamVersions();
        var expected = new Dictionary<string, ulong>();
        for (var i = 0; i < 20_000; i++)
        {
            var stream = $"room-{new string('x', random.Next(60))}{random.Next(300)}";
            expected[stream] = expected.GetValueOrDefault(stream) + 1;
            Assert.Equal(expected[stream], versions.Next(stream));
        }
        Assert.Equal(expected.Count, versions.Count);
        foreach (var (stream, version) in expected) Assert.Equal(version, versions.Last(stream));
        Assert.Equal(0UL, versions.Last("room-unknown"));
    });
}
