using Google.Protobuf;
using Grpc.Core;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;
using VideoScale.Consensus.Etcd.Rules;
using VideoScale.Harness;

namespace VideoScale.Consensus.Etcd.Tests;

/// <summary>
/// What is decided without etcd: what an answer to an append means, what fits, who asks for leadership, what a value holds.
/// </summary>
public sealed class RuleTests
{
    private static readonly EtcdKeys Keys = new("/p/", 1);
    private static readonly Batch TwoBehindFive = BatchOf(7, new HeadValue(5, 3), 2);

    [Fact]
    public void An_append_compares_the_term_and_what_stands_last_and_writes_all_or_nothing()
    {
        var request = Append.Request(Keys, TwoBehindFive);
        Assert.Equal((Keys.Leader, 7L), (request.Compare[0].Key, request.Compare[0].CreateRevision));
        Assert.Equal((Keys.Head, "5 3"), (request.Compare[1].Key, request.Compare[1].Value.ToStringUtf8()));
        Assert.Equal([Keys.Head, Keys.Entry(6), Keys.Entry(7)], request.Success.Select(op => op.RequestPut.Key));
        Assert.Equal("7 7", request.Success[0].RequestPut.Value.ToStringUtf8());
        var first = Append.Request(Keys, BatchOf(7, default, 1));
        Assert.Equal((Keys.Head, 0L), (first.Compare[1].Key, first.Compare[1].CreateRevision)); // nothing has ever been appended
    }

    [Theory]
    [InlineData(true, 0, 0, 0, 0, Verdict.Committed)]
    // It did not take effect: an earlier try had.
    [InlineData(false, 7, 7, 7, 7, Verdict.Committed)]
    [InlineData(false, 7, 7, 0, 7, Verdict.Committed)]
    // The term is over, and our place is empty or somebody else's.
    [InlineData(false, 5, 3, 0, 9, Verdict.Lost)]
    [InlineData(false, 5, 3, 0, 0, Verdict.Lost)]
    [InlineData(false, 6, 9, 9, 9, Verdict.Lost)]
    // It is over, others went on behind us, and their leader has compacted since.
    [InlineData(false, 90, 9, 0, 9, Verdict.Open)]
    // Others went on behind what an earlier try of ours had appended.
    [InlineData(false, 90, 9, 7, 9, Verdict.Committed)]
    // We lead, and somebody else wrote.
    [InlineData(false, 6, 3, 0, 7, Verdict.Tampered)]
    [InlineData(false, 4, 3, 0, 7, Verdict.Tampered)]
    internal void An_answer_to_an_append_means(bool succeeded, long headIndex, long headTerm, long firstTerm, long leaderSince,
        Verdict expected)
    {
        var answer = new TxnResponse { Succeeded = succeeded };
        if (!succeeded)
        {
            answer.Responses.Add(Found(Keys.Head, new HeadValue((ulong)headIndex, (ulong)headTerm).Encode()));
            answer.Responses.Add(firstTerm == 0 ? Nothing() : Found(Keys.Entry(6),
                EntryValue.Encode(new Entry(6, (ulong)firstTerm, EntryKind.Command, new ProposalId(1, 1), default))));
            answer.Responses.Add(leaderSince == 0 ? Nothing() : Found(Keys.Leader, ByteString.CopyFromUtf8("1 1"), leaderSince));
        }
        Assert.Equal(expected, Append.Judge(Keys, TwoBehindFive, answer));
    }

    [Fact]
    public void What_is_appended_together_stays_below_both_limits() => Seeds.Run(300, random =>
    {
        var payloads = Enumerable.Range(0, random.Next(0, 300)).Select(_ => random.Next(0, 50_000)).ToArray();
        var (ops, bytes) = (random.Next(8, 130), random.Next(64 << 10, 1 << 20));
        var count = Append.Fit(payloads, keyBytes: 30, ops, bytes);
        Assert.Equal(payloads.Length == 0, count == 0);
        Assert.True(count + 1 <= ops);
        if (count == 0) return;
        var batch = BatchOf(7, new HeadValue(5, 3), count, i => payloads[i]);
        var request = Append.Request(new EtcdKeys("/" + new string('p', 4) + "/", 1), batch);
        Assert.True(count == 1 || request.CalculateSize() <= bytes);
    });

    [Fact]
    public void The_longest_payload_fits_alone()
    {
        var longest = Append.LongestPayload(Keys.Entry(0).Length, 100_000);
        Assert.True(Append.Request(Keys, BatchOf(7, new HeadValue(5, 3), 1, _ => longest)).CalculateSize() <= 100_000);
    }

    [Fact]
    public void An_entry_comes_back_as_it_was_and_any_changed_bit_is_noticed() => Seeds.Run(100, random =>
    {
        var payload = new byte[random.Next(0, 200)];
        random.NextBytes(payload);
        var entry = new Entry((ulong)random.NextInt64(1, long.MaxValue), (ulong)random.NextInt64(), EntryKind.Command,
            new ProposalId((ulong)random.NextInt64(), (ulong)random.NextInt64()), payload);
        var value = EntryValue.Encode(entry);
        var read = EntryValue.Decode(entry.Index, value);
        Assert.Equal((entry.Index, entry.Term, entry.Kind, entry.Id), (read.Index, read.Term, read.Kind, read.Id));
        Assert.Equal(payload, read.Payload.ToArray());
        Assert.Throws<FormatException>(() => EntryValue.Decode(entry.Index + 1, value));
        var damaged = value.ToByteArray();
        var at = random.Next(damaged.Length);
        damaged[at] ^= (byte)(1 << random.Next(8));
        Assert.Throws<FormatException>(() => EntryValue.Decode(entry.Index, ByteString.CopyFrom(damaged)));
    });

    [Fact]
    public void Entries_arrive_once_and_in_order_whatever_comes() => Seeds.Run(200, random =>
    {
        var cursor = new LogCursor(1);
        var taken = new List<ulong>();
        for (var i = 0; i < 200; i++)
        {
            var index = (ulong)random.Next(1, 40);
            var next = cursor.Next;
            var arrival = cursor.Offer(index);
            Assert.Equal(index < next ? Arrival.Known : index == next ? Arrival.InOrder : Arrival.Ahead, arrival);
            if (arrival == Arrival.InOrder) taken.Add(index);
            if (random.Next(50) == 0) cursor.Skip((ulong)random.Next(1, 40));
        }
        Assert.True(taken.Zip(taken.Skip(1)).All(pair => pair.First < pair.Second));
    });

    [Fact]
    public void Who_was_named_asks_first_and_the_others_when_it_does_not()
    {
        var (self, other) = (new MemberId(1), new MemberId(2));
        Candidacy Named(MemberId named, TimeSpan? vacant, bool abstains = false, bool standsBack = false) =>
            new(self, vacant, named, abstains, standsBack);
        Assert.True(Named(MemberId.None, TimeSpan.Zero).Asks);
        Assert.True(Named(self, TimeSpan.Zero).Asks);
        Assert.False(Named(other, TimeSpan.Zero).Asks);
        Assert.True(Named(other, Candidacy.Patience).Asks);
        Assert.False(Named(self, null).Asks); // somebody leads
        Assert.False(Named(MemberId.None, TimeSpan.FromHours(1), abstains: true).Asks);
        Assert.False(Named(MemberId.None, TimeSpan.FromHours(1), standsBack: true).Asks);
    }

    [Fact]
    public void A_tail_holds_the_last_bytes()
    {
        var tail = new LogTail(100);
        Assert.Null(tail.First);
        for (var i = 1UL; i <= 10; i++) tail.Add(i, 30);
        Assert.Equal(8UL, tail.First);
        tail.Add(11, 1_000); // one larger than the tail stays alone
        Assert.Equal(11UL, tail.First);
    }

    [Theory]
    [InlineData(StatusCode.ResourceExhausted, "etcdserver: mvcc: database space exceeded", EtcdFault.NoSpace)]
    [InlineData(StatusCode.ResourceExhausted, "etcdserver: too many requests", EtcdFault.TooMany)]
    [InlineData(StatusCode.InvalidArgument, "etcdserver: request is too large", EtcdFault.TooLarge)]
    [InlineData(StatusCode.InvalidArgument, "etcdserver: too many operations in txn request", EtcdFault.TooLarge)]
    [InlineData(StatusCode.InvalidArgument, "etcdserver: authentication failed, invalid user ID or password", EtcdFault.NotAuthenticated)]
    [InlineData(StatusCode.InvalidArgument, "etcdserver: revision of auth store is old", EtcdFault.TokenRefused)]
    [InlineData(StatusCode.Unauthenticated, "etcdserver: invalid auth token", EtcdFault.TokenRefused)]
    [InlineData(StatusCode.PermissionDenied, "etcdserver: permission denied", EtcdFault.Denied)]
    [InlineData(StatusCode.NotFound, "etcdserver: requested lease not found", EtcdFault.LeaseGone)]
    [InlineData(StatusCode.OutOfRange, "etcdserver: mvcc: required revision has been compacted", EtcdFault.Compacted)]
    [InlineData(StatusCode.Unavailable, "etcdserver: request timed out", EtcdFault.NoAnswer)]
    [InlineData(StatusCode.Unavailable, "etcdserver: leader changed", EtcdFault.NoAnswer)]
    [InlineData(StatusCode.Unknown, "raft: stopped", EtcdFault.NoAnswer)]
    [InlineData(StatusCode.Internal, "stream terminated by RST_STREAM", EtcdFault.NoAnswer)]
    internal void Only_a_clear_no_is_a_no(StatusCode code, string detail, EtcdFault expected) =>
        Assert.Equal(expected, EtcdException.Classify(code, detail));

    [Theory]
    [InlineData("3.4.21", true)]
    [InlineData("3.4.23", false)]
    [InlineData("3.5.2", true)]
    [InlineData("3.5.6", false)]
    [InlineData("3.6.9", false)]
    public void Versions_that_lose_data_are_named(string version, bool named) =>
        Assert.Equal(named, KnownFaults.Of(Version.Parse(version)) is not null);

    [Fact]
    public void Keys_are_told_apart()
    {
        Assert.Equal(17UL, Keys.IndexOf(Keys.Entry(17)));
        Assert.Null(Keys.IndexOf(ByteString.CopyFromUtf8("/p/log/17")));
        Assert.Null(Keys.IndexOf(Keys.Head));
        Assert.Equal(new MemberId(0xAB), Keys.MemberOf(Keys.Member(new MemberId(0xAB))));
        Assert.False(Keys.IsOurs(ByteString.CopyFromUtf8("/p/theirs")));
        Assert.False(Keys.IsOurs(ByteString.CopyFromUtf8("/p/log/x")));
        Assert.True(string.CompareOrdinal(EtcdKeys.NameOf(Keys.Entry(9)), EtcdKeys.NameOf(Keys.Entry(10))) < 0);
        Assert.Equal("/videoscale/000000000000000000000000000000ff/", new EtcdKeys("", 0xFF).Prefix);
    }

    [Fact]
    public void Texts_come_back_as_they_were_and_others_are_refused()
    {
        var manifest = new SnapshotManifest(9, 4, 3, 2, 1_500_000, "ab12");
        Assert.Equal(manifest, SnapshotManifest.Decode(manifest.Encode()));
        Assert.Equal(new HeadValue(9, 4), HeadValue.Decode(new HeadValue(9, 4).Encode()));
        Assert.Equal(new LeaderValue(new MemberId(7), 0xFE), LeaderValue.Decode(new LeaderValue(new MemberId(7), 0xFE).Encode()));
        Assert.Throws<FormatException>(() => HeadValue.Decode(ByteString.CopyFromUtf8("9")));
        Assert.Throws<FormatException>(() => LeaderValue.Decode(ByteString.CopyFromUtf8("somebody else")));
        Assert.Null(ClusterValue.Difference(ClusterValue.Encode(5), 5));
        Assert.Contains("cluster 0000", ClusterValue.Difference(ClusterValue.Encode(5), 6), StringComparison.Ordinal);
    }

    private static Batch BatchOf(ulong term, HeadValue before, int count, Func<int, int>? bytes = null) => new(term, before,
        [.. Enumerable.Range(0, count)
            .Select(i => new Entry(before.Index + 1 + (ulong)i, term, EntryKind.Command, new ProposalId(1, (ulong)i + 1),
            new byte[bytes?.Invoke(i) ?? 10]))]);

    private static ResponseOp Found(ByteString key, ByteString value, long created = 1) => new()
    {
        ResponseRange = new RangeResponse { Kvs = { new KeyValue { Key = key, Value = value, CreateRevision = created, Version = 1 } } },
    };

    private static ResponseOp Nothing() => new() { ResponseRange = new RangeResponse() };
}
