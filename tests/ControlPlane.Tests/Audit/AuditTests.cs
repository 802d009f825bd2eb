using System.Globalization;
using VideoScale.Bench.Replay;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.State;
using VideoScale.ControlPlane.Tests.EventLog;
using VideoScale.Harness;
using VideoScale.V1;
using Log = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.ControlPlane.Tests.Audit;

public sealed class AuditTests
{
    private static readonly EventLogOptions Segments = new() { EventsPerSegment = 1_024 };

    [Fact]
    public void A_sound_log_verifies_and_its_fold_has_every_hash_the_voters_agreed_on()
    {
        using var directory = new TempDirectory();
        using var story = Play(directory.Path, 8_000, out var head);
        var log = EventLogReader.OpenDirectory(directory.Path);
        var verified = EventLogVerifier.Verify(log, 0, 0, null, CancellationToken.None);
        Assert.True(verified.Ok, verified.Problem);
        Assert.Equal(head.EventSeq, verified.Events);
        Assert.Equal((head.ChainHead, head.MerkleRoot), (verified.ChainHead, verified.MerkleRoot));
        Assert.True(verified.Checkpoints >= 2);
        var replayed = LogReplay.Run(log, log.LastSeq, _ => { }, CancellationToken.None);
        Assert.Equal("", replayed.Problem);
        Assert.Equal(story.State.StateHash(), replayed.StateHash);
        Assert.Equal(verified.Checkpoints, replayed.Checkpoints);
        Assert.Equal(head.ChainHead, replayed.ChainHead);
    }

    [Fact]
    public void A_flipped_bit_anywhere_is_found_and_located()
    {
        using var directory = new TempDirectory();
        using (Play(directory.Path, 2_500, out _)) { }
        var files = Directory.GetFiles(directory.Path, "*.seg").Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(3, files.Length);
        Seeds.Run(150, random =>
        {
            var path = files[random.Next(files.Length)];
            var bytes = File.ReadAllBytes(path);
            var at = random.Next(bytes.Length);
            var expected = EventAt(path, bytes, at);
            Flip(path, at, random.Next(8), () =>
            {
                var found = EventLogVerifier.Verify(EventLogReader.OpenDirectory(directory.Path), 0, 0, null, CancellationToken.None);
                Assert.False(found.Ok);
                Assert.Equal(expected, found.FirstBadSeq);
                Assert.Contains(Path.GetFileName(path), found.Problem, StringComparison.Ordinal);
            });
        });
    }

    [Fact]
    public void A_change_with_a_fresh_checksum_breaks_the_chain_and_one_with_a_fresh_chain_breaks_a_checkpoint()
    {
        using var directory = new TempDirectory();
        using (Play(directory.Path, 4_000, out _)) { }
        var path = Directory.GetFiles(directory.Path, "*.seg").Order(StringComparer.Ordinal).First();
        var bytes = File.ReadAllBytes(path);
        var tampered = Tamper(path, bytes, event_: 300, alsoChain: false);
        File.WriteAllBytes(path, tampered);
        var found = EventLogVerifier.Verify(EventLogReader.OpenDirectory(directory.Path), 0, 0, null, CancellationToken.None);
        Assert.Equal(300UL, found.FirstBadSeq);
        Assert.Contains("does not hash to the chain value", found.Problem, StringComparison.Ordinal);

        File.WriteAllBytes(path, bytes);
        File.WriteAllBytes(path, Tamper(path, bytes, event_: 300, alsoChain: true));
        found = EventLogVerifier.Verify(EventLogReader.OpenDirectory(directory.Path), 0, 0, null, CancellationToken.None);
        Assert.Equal(1_025UL, found.FirstBadSeq); // the next segment's account of the chain before it

        using var whole = new TempDirectory(); // one segment: nothing but the checkpoints can tell
        using (Play(whole.Path, 4_000, out _, segments: Segments with { EventsPerSegment = 8_192 })) { }
        var only = Directory.GetFiles(whole.Path, "*.seg").Single();
        File.WriteAllBytes(only, Tamper(only, File.ReadAllBytes(only), event_: 300, alsoChain: true));
        found = EventLogVerifier.Verify(EventLogReader.OpenDirectory(whole.Path), 0, 0, null, CancellationToken.None);
        Assert.Contains("not the one the voters agreed on", found.Problem, StringComparison.Ordinal);
        File.WriteAllBytes(path, bytes);
        Assert.True(EventLogVerifier.Verify(EventLogReader.OpenDirectory(directory.Path), 0, 0, null, CancellationToken.None).Ok);
    }

    [Fact]
    public void A_state_of_the_past_is_the_fold_up_to_there_with_kept_folds_or_without() => Seeds.Run(4, random =>
    {
        using var directory = new TempDirectory();
        using (Play(directory.Path, 3_000, out _, random.Next())) { }
        var log = EventLogReader.OpenDirectory(directory.Path);
        var folds = new KeptFolds(directory.Of("folds"), everyEvents: 400);
        for (var i = 0; i < 12; i++)
        {
            var seq = (ulong)random.Next(1, 3_000);
            var expected = new ClusterState();
            DomainFold.Run(log, expected, seq, null, null, CancellationToken.None);
            var queries = new AuditQueries(log, folds);
            var answer = queries.StateAt(new() { EventSeq = seq }, CancellationToken.None);
            Assert.Null(answer.Failure);
            Assert.Equal(seq, answer.Value!.EventSeq);
            Assert.Equal(expected.StateHash().ToString("x32", CultureInfo.InvariantCulture),
                Convert.ToHexStringLower(answer.Value.StateHash.Span));
        }
        Assert.NotEmpty(Directory.GetFiles(directory.Of("folds")));
    });

    [Fact]
    public void A_damaged_kept_fold_is_thrown_away()
    {
        using var directory = new TempDirectory();
        using var story = Play(directory.Path, 1_000, out _);
        var log = EventLogReader.OpenDirectory(directory.Path);
        var folds = new KeptFolds(directory.Of("folds"), everyEvents: 300);
        PastStates.FoldTo(log, folds, 1_000, CancellationToken.None);
        foreach (var path in Directory.GetFiles(directory.Of("folds")))
        {
            var bytes = File.ReadAllBytes(path);
            bytes[bytes.Length / 2] ^= 1;
            File.WriteAllBytes(path, bytes);
        }
        var state = PastStates.FoldTo(log, folds, log.LastSeq, CancellationToken.None);
        Assert.Equal(story.State.StateHash(), state.StateHash());
    }

    [Fact]
    public void Why_walks_from_the_place_of_a_room_to_the_request_that_made_it()
    {
        using var directory = new TempDirectory();
        using (Play(directory.Path, 500, out _)) { }
        var log = EventLogReader.OpenDirectory(directory.Path);
        var queries = new AuditQueries(log, KeptFolds.None);
        var placed = queries.ReadAll(new() { Types_ = { "RoomPlaced" }, Limit = 1 }).Single();
        var reply = queries.Explain(new() { EventSeq = placed.EventSeq }).Value!;
        Assert.Equal("", reply.BrokenLink);
        Assert.Equal(["RoomPlaced", "PlacementDecided", "RoomCreated"], reply.Chain.Select(e => e.Type));
        Assert.Contains("asked for it", reply.Words[^1], StringComparison.Ordinal);
        for (var i = 1; i < reply.Chain.Count; i++) Assert.Equal(reply.Chain[i - 1].CausationId, reply.Chain[i].EventId);
        var byRoom = queries.Explain(new() { RoomId = placed.Stream["room-".Length..] }).Value!;
        Assert.Equal(placed.Stream, byRoom.Chain[0].Stream);
        Assert.Equal(Model.FailureCode.NotFound, queries.Explain(new() { RoomId = "nowhere" }).Failure!.Code);
    }

    [Fact]
    public void A_cause_that_is_missing_or_another_is_reported()
    {
        using var directory = new TempDirectory();
        using (var log = Logs.Open(directory.Path))
        {
            log.Append(Draft(log, 1, causeSeq: 0, causeIndex: 0));
            log.Append(Draft(log, 2, causeSeq: 1, causeIndex: 99));
            log.Append(Draft(log, 3, causeSeq: 3, causeIndex: 3));
        }
        var reader = EventLogReader.OpenDirectory(directory.Path);
        Assert.Contains("that event's id is", Causes.OfEvent(reader, 2).Value!.BrokenLink, StringComparison.Ordinal);
        Assert.Contains("not before it", Causes.OfEvent(reader, 3).Value!.BrokenLink, StringComparison.Ordinal);
        Assert.Equal("", Causes.OfEvent(reader, 1).Value!.BrokenLink);
    }

    [Fact]
    public void Bad_questions_are_refused_with_field_value_and_rule()
    {
        using var directory = new TempDirectory();
        using (Play(directory.Path, 100, out _)) { }
        var queries = new AuditQueries(EventLogReader.OpenDirectory(directory.Path), KeptFolds.None);
        Assert.Contains("types: \"Foo\"", queries.Check(new ReadAllRequest { Types_ = { "Foo" } })!.Message, StringComparison.Ordinal);
        Assert.Contains("to_seq: 3", queries.Check(new ReadAllRequest { FromSeq = 5, ToSeq = 3 })!.Message, StringComparison.Ordinal);
        Assert.Contains("stream: 0", queries.Check(new ReadStreamRequest())!.Message, StringComparison.Ordinal);
        Assert.Contains("scope: \"rom/x\"", Refusal(new() { EventSeq = 1, Scope = "rom/x" }), StringComparison.Ordinal);
        Assert.Contains("at: nothing", Refusal(new()), StringComparison.Ordinal);
        Assert.Contains("does not exist yet", Refusal(new() { EventSeq = 10_000 }), StringComparison.Ordinal);

        string Refusal(StateAtRequest request) => queries.StateAt(request, CancellationToken.None).Failure!.Message;
    }

    [Fact]
    public void An_event_over_the_wire_hashes_to_what_is_stored() => Seeds.Run(3, random =>
    {
        using var directory = new TempDirectory();
        using (Play(directory.Path, 400, out _, random.Next())) { }
        var queries = new AuditQueries(EventLogReader.OpenDirectory(directory.Path), KeptFolds.None);
        var chain = Hash256.Zero;
        foreach (var e in queries.ReadAll(new()))
        {
            using var record = new CanonicalWriter();
            EventMapping.WriteRecord(record, e);
            chain = EventHashes.Chain(chain, EventHashes.Leaf(record.WrittenSpan));
            Assert.Equal(chain.ToArray(), e.ChainHash.ToByteArray());
            Assert.StartsWith("{", e.PayloadJson, StringComparison.Ordinal);
        }
    });

    private static FleetStory Play(string directory, ulong events, out EventLogHead head, int seed = 1, EventLogOptions? segments = null)
    {
        using var log = Log.Open(directory, Script.Cluster, segments ?? Segments);
        log.RestoreEmpty();
        var story = new FleetStory(log, seed, nodes: 20, liveRooms: 60);
        story.PlayUntil(events);
        head = log.Head;
        return story;
    }

    private static EventDraft Draft(Log log, ulong index, ulong causeSeq, ulong causeIndex) => new()
    {
        RaftIndex = index,
        RaftTerm = 1,
        OrdinalInEntry = 0,
        Stream = "cluster",
        Type = "Unheard",
        SchemaVersion = 1,
        OccurredAt = new(1_000),
        ActorSubject = "t",
        ActorKind = "operator",
        ActorAuthMethod = "token",
        Tenant = "default",
        CausationSeq = causeSeq,
        CausationId = causeSeq == 0 ? EventId.None : log.EventIdOf(causeIndex, 0),
        Payload = [],
    };

    private static void Flip(string path, int at, int bit, Action check)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[at] ^= (byte)(1 << bit);
        File.WriteAllBytes(path, bytes);
        try { check(); }
        finally
        {
            bytes[at] ^= (byte)(1 << bit);
            File.WriteAllBytes(path, bytes);
        }
    }

    /// <summary>The event whose bytes lie there; a segment's first event for its header.</summary>
    private static ulong EventAt(string path, byte[] bytes, int at)
    {
        using var file = File.OpenHandle(path);
        var header = SegmentHeader.TryRead(file, out var headerBytes, out _)!;
        using var scanner = new SegmentScanner(file, headerBytes, bytes.Length);
        var seq = header.FirstSeq;
        while (scanner.MoveNext() && scanner.Offset <= at) seq++;
        return seq;
    }

    private static byte[] Tamper(string path, byte[] original, ulong event_, bool alsoChain)
    {
        using var file = File.OpenHandle(path);
        var header = SegmentHeader.TryRead(file, out var headerBytes, out _)!;
        using var scanner = new SegmentScanner(file, headerBytes, original.Length);
        using var rewritten = new CanonicalWriter();
        var chain = header.PreviousChain;
        rewritten.WriteRaw(original.AsSpan(0, headerBytes));
        while (scanner.MoveNext())
        {
            var record = scanner.Record.ToArray();
            if (RecordFrame.SeqOf(record) == event_) record[^1] ^= 1; // the last byte of its payload
            chain = EventHashes.Chain(chain, EventHashes.Leaf(record));
            RecordFrame.Append(rewritten, record, alsoChain ? chain : scanner.Chain);
        }
        return rewritten.ToArray();
    }
}
