using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using DotNext.IO;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.DotNext.Transport;

namespace VideoScale.Consensus.DotNext.Cluster;

/// <summary>
/// A member as DotNext asks it: over our connections, each kind of request within its own limit. The local one answers at once.
/// </summary>
internal sealed class Peer : IRaftClusterMember, IDisposable
{
    private static readonly IReadOnlyDictionary<string, string> NoMetadata = new Dictionary<string, string>();
    private readonly TransportSettings _settings;
    private readonly SnapshotStore _snapshots;
    private readonly Func<ClusterMemberId> _leader;
    private readonly RequestLine? _votes, _reads, _life, _entries;
    private IRaftClusterMember.ReplicationState _state;
    private byte[] _frame = new byte[64 << 10];
    private long _matchIndex;
    private long _heardAt = Stopwatch.GetTimestamp();
    private volatile bool _snapshotting;

    internal Peer(MemberId member, EndPoint address, TransportSettings settings, SnapshotStore snapshots, TransportLog log,
        Func<ClusterMemberId> leader)
    {
        (Member, EndPoint, _settings, _snapshots, _leader) = (member, address, settings, snapshots, leader);
        Id = IdOf(member);
        IsRemote = member != settings.Self;
        if (!IsRemote) return;
        _votes = new RequestLine(settings, address, member, Channel.Control, log);
        _reads = new RequestLine(settings, address, member, Channel.Control, log);
        _life = new RequestLine(settings, address, member, Channel.Control, log);
        _entries = new RequestLine(settings, address, member, Channel.Entries, log);
    }

    internal MemberId Member { get; }
    public EndPoint EndPoint { get; }
    public ClusterMemberId Id { get; }
    public bool IsRemote { get; }
    public bool IsLeader => _leader() == Id;
    public ClusterMemberStatus Status => ClusterMemberStatus.Available;
    public event Action<ClusterMemberStatusChangedEventArgs> MemberStatusChanged { add { } remove { } }

    ref IRaftClusterMember.ReplicationState IRaftClusterMember.State => ref _state;

    /// <summary>The last entry known to be on its disk; of this leader's term.</summary>
    internal long MatchIndex => Volatile.Read(ref _matchIndex);

    internal TimeSpan Silent => Stopwatch.GetElapsedTime(Volatile.Read(ref _heardAt));

    internal bool IsSnapshotting => _snapshotting;

    /// <summary>Made of ours: a machine whose disk was replaced is somebody else.</summary>
    internal static ClusterMemberId IdOf(MemberId member)
    {
        var bytes = new byte[ClusterMemberId.Size];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, member.Value);
        return new ClusterMemberId(bytes);
    }

    /// <summary>This replica leads from now on.</summary>
    internal void BeginTerm()
    {
        Volatile.Write(ref _matchIndex, 0);
        Heard();
    }

    public async Task<Result<bool>> VoteAsync(long term, long lastLogIndex, long lastLogTerm, CancellationToken token)
    {
        if (!IsRemote) return new Result<bool> { Term = term, Value = true };
        var reply = await AskAsync(_votes!, new VoteRequest(term, lastLogIndex, lastLogTerm).ToFrame(FrameType.Vote),
            _settings.ElectionTimeout, token).ConfigureAwait(false);
        return new Result<bool> { Term = reply.Term, Value = reply.Value != 0 };
    }

    public async Task<Result<PreVoteResult>> PreVoteAsync(long term, long lastLogIndex, long lastLogTerm, CancellationToken token)
    {
        if (!IsRemote) return new Result<PreVoteResult> { Term = term, Value = PreVoteResult.Accepted };
        var reply = await AskAsync(_votes!, new VoteRequest(term, lastLogIndex, lastLogTerm).ToFrame(FrameType.PreVote),
            _settings.ElectionTimeout, token).ConfigureAwait(false);
        return new Result<PreVoteResult> { Term = reply.Term, Value = (PreVoteResult)reply.Value };
    }

    /// <summary>
    /// In pieces, each answered for itself: the first that is refused ends the request; whoever catches up on a long backlog hears from its
    /// leader all the time.
    /// </summary>
    public async Task<Result<ReplicationStatus>> AppendEntriesAsync<TEntry, TList>(long term, TList entries, long prevLogIndex,
        long prevLogTerm, long commitIndex, CancellationToken token) where TEntry : IRaftLogEntry where TList : IReadOnlyList<TEntry>
    {
        if (!IsRemote) return Replicated(term, prevLogIndex + entries.Count);
        var from = 0;
        while (true)
        {
            var (frame, next, lastTerm) = Piece<TEntry, TList>(entries, from,
                new AppendHead(term, prevLogIndex, prevLogTerm, commitIndex, 0));
            var reply = await AskAsync(_entries!, frame, _settings.EntriesTimeout, token).ConfigureAwait(false);
            prevLogIndex += next - from;
            if (next > from) prevLogTerm = lastTerm;
            var result = (HeartbeatResult)reply.Value;
            if (result == HeartbeatResult.ReplicatedWithLeaderTerm) Volatile.Write(ref _matchIndex, prevLogIndex);
            from = next;
            if (from < entries.Count && result is HeartbeatResult.Replicated or HeartbeatResult.ReplicatedWithLeaderTerm) continue;
            return new Result<ReplicationStatus> { Term = reply.Term, Value = new() { Result = result, LastIndex = reply.Index } };
        }
    }

    /// <summary>From store to store, beside the entries' connection.</summary>
    public async Task<Result<HeartbeatResult>> InstallSnapshotAsync(long term, IRaftLogEntry snapshot, long snapshotIndex,
        IDataTransferObject configuration, long configurationVersion, CancellationToken token)
    {
        if (!IsRemote) return new Result<HeartbeatResult> { Term = term, Value = HeartbeatResult.ReplicatedWithLeaderTerm };
        _snapshotting = true;
        try
        {
            var reply = await SnapshotTransfer.SendAsync(_settings, _snapshots, EndPoint, Member, term, (ulong)snapshotIndex, token)
                .ConfigureAwait(false);
            Heard();
            return new Result<HeartbeatResult> { Term = reply.Term, Value = (HeartbeatResult)reply.Value };
        }
        catch (Exception e) when (Connection.Ends(e)) { throw new MemberUnavailableException(this, e.Message, e); }
        finally { _snapshotting = false; }
    }

    /// <summary>Reads ask by <see cref="ReadIndexAsync"/>, which has a majority confirm that the leader leads.</summary>
    public Task<long?> SynchronizeAsync(long commitIndex, CancellationToken token) => Task.FromResult<long?>(null);

    /// <returns>What a read has to wait for; null when the member does not lead, or no majority said so.</returns>
    internal async Task<long?> ReadIndexAsync(CancellationToken cancellationToken)
    {
        try
        {
            var reply = await AskAsync(_reads!, Frame.Make(FrameType.ReadIndex, []), 4 * _settings.ElectionTimeout, cancellationToken)
                .ConfigureAwait(false);
            return reply.Value != 0 ? reply.Index : null;
        }
        catch (MemberUnavailableException) { return null; }
    }

    /// <summary>Asks for a sign of life, which no entries and no disk can hold up.</summary>
    internal async Task PingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AskAsync(_life!, Frame.Make(FrameType.Ping, []), _settings.ElectionTimeout, cancellationToken).ConfigureAwait(false);
        }
        catch (MemberUnavailableException) { } // it was not heard
    }

    public Task<bool> ResignAsync(CancellationToken token) => Task.FromResult(false);

    public ValueTask<IReadOnlyDictionary<string, string>> GetMetadataAsync(bool refresh, CancellationToken token) => new(NoMetadata);

    public ValueTask CancelPendingRequestsAsync()
    {
        _votes?.Abort();
        _reads?.Abort();
        _life?.Abort();
        _entries?.Abort();
        return ValueTask.CompletedTask;
    }

    public void Dispose()
    {
        _votes?.Dispose();
        _reads?.Dispose();
        _life?.Dispose();
        _entries?.Dispose();
    }

    private async Task<Reply> AskAsync(RequestLine line, ReadOnlyMemory<byte> request, TimeSpan limit, CancellationToken token)
    {
        try
        {
            var reply = await line.AskAsync(request, limit, Reply.Decode, token).ConfigureAwait(false);
            Heard();
            return reply;
        }
        // a member that does not answer must not keep the others' answers from counting
        catch (Exception e) when (e is TimeoutException || Connection.Ends(e)) { throw new MemberUnavailableException(this, e.Message, e); }
    }

    private void Heard() => Volatile.Write(ref _heardAt, Stopwatch.GetTimestamp());

    private static Result<ReplicationStatus> Replicated(long term, long index) => new()
    {
        Term = term,
        Value = new() { Result = HeartbeatResult.ReplicatedWithLeaderTerm, LastIndex = index },
    };

    /// <summary>As many entries as make a piece, at least one when there is any; one request of the kind is under way at a time.</summary>
    private (ReadOnlyMemory<byte> Frame, int Next, long LastTerm) Piece<TEntry, TList>(TList entries, int from, AppendHead head)
        where TEntry : IRaftLogEntry where TList : IReadOnlyList<TEntry>
    {
        var (at, next, lastTerm) = (Frame.HeaderBytes + AppendHead.Bytes, from, 0L);
        for (; next < entries.Count; next++)
        {
            var entry = entries[next];
            var length = checked((int)entry.Length!.Value);
            if (next > from && at + length > _settings.PieceBytes) break;
            if (_frame.Length < at + AppendHead.EntryBytes + length)
                Array.Resize(ref _frame, Math.Max(2 * _frame.Length, at + AppendHead.EntryBytes + length));
            lastTerm = entry.Term;
            BinaryPrimitives.WriteInt64LittleEndian(_frame.AsSpan(at), lastTerm);
            BinaryPrimitives.WriteInt32LittleEndian(_frame.AsSpan(at + sizeof(long)), length);
            EntryBytes.Copy(entry, _frame.AsSpan(at + AppendHead.EntryBytes, length));
            at += AppendHead.EntryBytes + length;
        }
        (head with { Count = next - from }).Write(_frame.AsSpan(Frame.HeaderBytes));
        Frame.Seal(_frame.AsSpan(0, at), FrameType.Append);
        return (_frame.AsMemory(0, at), next, lastTerm);
    }
}
