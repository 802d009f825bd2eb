using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;
using VideoScale.Consensus.Engine.Wal;

namespace VideoScale.Consensus.Tests.Wal;

/// <summary>A directory that goes when the test ends.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    internal string Path { get; } = System.IO.Directory.CreateTempSubdirectory("vs-consensus-").FullName;
    public void Dispose() => System.IO.Directory.Delete(Path, recursive: true);
}

/// <summary>Remembers what the log vouched for.</summary>
internal sealed class RecordingListener : IStorageListener
{
    private readonly object _gate = new();
    internal ulong Token { get; private set; }
    internal ulong Term { get; private set; }
    internal ulong LastIndex { get; private set; }
    internal Exception? Failure { get; private set; }

    public void OnDurable(ulong token, ulong term, ulong lastIndex)
    {
        lock (_gate)
        {
            (Token, Term, LastIndex) = (token, term, lastIndex);
            Monitor.PulseAll(_gate);
        }
    }

    public void OnStorageFailed(Exception cause)
    {
        lock (_gate)
        {
            Failure = cause;
            Monitor.PulseAll(_gate);
        }
    }

    internal void WaitFor(ulong token)
    {
        lock (_gate)
        {
            while (Token < token && Failure is null)
                Assert.True(Monitor.Wait(_gate, TimeSpan.FromSeconds(60)), "the log never became durable");
        }
    }

    internal Exception WaitForFailure()
    {
        lock (_gate)
        {
            while (Failure is null) Assert.True(Monitor.Wait(_gate, TimeSpan.FromSeconds(60)), "the log never failed");
            return Failure;
        }
    }
}

/// <summary>A log under test, and the model of what it must hold.</summary>
internal sealed class TestLog : IAsyncDisposable
{
    internal static readonly MemberId Member = new(0xABCDEF);
    internal static readonly WalOptions Small = new() { SegmentBytes = 64 << 10, FirstSegmentBytes = 64 << 10, SpareSegments = 1 };
    private readonly WriteAheadLog _log;
    private ulong _token;

    internal TestLog(string directory, WalOptions? options = null)
    {
        _log = new WriteAheadLog(directory, Member, options ?? Small);
        Loaded = _log.Load();
        _log.Start(Listener);
        HardState = Loaded.HardState;
        BaseIndex = Loaded.BaseIndex;
        Model.AddRange(Loaded.Entries);
    }

    internal LoadedLog Loaded { get; }
    internal RecordingListener Listener { get; } = new();
    internal WriteAheadLog Log => _log;
    internal List<Entry> Model { get; } = [];
    internal HardState HardState { get; private set; }
    internal ulong BaseIndex { get; private set; }
    internal ulong LastIndex => BaseIndex + (ulong)Model.Count;

    internal static LoadedLog Read(string directory)
    {
        var log = new WriteAheadLog(directory, Member, Small);
        try { return log.Load(); }
        finally { log.DisposeAsync().AsTask().GetAwaiter().GetResult(); }
    }

    internal static byte[] Payload(int bytes, ulong seed)
    {
        var payload = new byte[bytes];
        new Random((int)seed).NextBytes(payload);
        return payload;
    }

    internal void Append(ulong term, params byte[][] payloads) => AppendAt(LastIndex + 1, term, payloads);

    internal void AppendAt(ulong index, ulong term, params byte[][] payloads)
    {
        while (LastIndex >= index) Model.RemoveAt(Model.Count - 1);
        var entries = payloads.Select((p, i) =>
            new Entry(index + (ulong)i, term, EntryKind.Command, new ProposalId(7, index + (ulong)i), p)).ToArray();
        Model.AddRange(entries);
        Write(HardState with { Term = Math.Max(term, HardState.Term) }, [entries]);
    }

    internal void Configure(ulong term, Membership membership)
    {
        Entry[] entries = [new(LastIndex + 1, term, EntryKind.Configuration, ProposalId.None, MembershipCodec.Encode(membership))];
        Model.AddRange(entries);
        Write(HardState with { Term = Math.Max(term, HardState.Term) }, [entries]);
    }

    internal void Vote(ulong term, ulong vote) => Write(new HardState(term, new MemberId(vote), HardState.Commit), []);

    internal void Commit(ulong index) => Write(HardState with { Commit = index }, []);

    internal void Reset(ulong index, ulong term)
    {
        Model.Clear();
        BaseIndex = index;
        Write(HardState with { Commit = Math.Max(index, HardState.Commit) }, [], new SnapshotMeta(index, term, Membership.Of(Member), 1));
    }

    internal void Compact(ulong index)
    {
        _log.Compact(index, Model[(int)(index - BaseIndex) - 1].Term);
        Model.RemoveRange(0, (int)(index - BaseIndex));
        BaseIndex = index;
    }

    internal void Sync() => Listener.WaitFor(_token);

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    internal static void AssertSame(IReadOnlyList<Entry> expected, IReadOnlyList<Entry> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        AssertPrefix(expected, actual);
    }

    internal static void AssertPrefix(IReadOnlyList<Entry> expected, IReadOnlyList<Entry> actual)
    {
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.Equal(expected[i].Index, actual[i].Index);
            Assert.Equal(expected[i].Term, actual[i].Term);
            Assert.Equal(expected[i].Kind, actual[i].Kind);
            Assert.Equal(expected[i].Id, actual[i].Id);
            Assert.True(expected[i].Payload.Span.SequenceEqual(actual[i].Payload.Span), $"payload of entry {expected[i].Index}");
        }
    }

    private void Write(HardState state, ReadOnlyMemory<Entry>[] pieces, SnapshotMeta? reset = null)
    {
        var changed = state.Term != HardState.Term || state.Vote != HardState.Vote;
        HardState = state;
        _log.Append(new WriteBatch
        {
            Token = ++_token,
            Term = state.Term,
            LastIndex = LastIndex,
            HardState = state,
            HardStateChanged = changed,
            ResetTo = reset,
            Entries = pieces,
        });
    }
}
