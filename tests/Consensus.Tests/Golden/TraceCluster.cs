using System.Globalization;
using System.Text;
using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Tests.Golden;

/// <summary>A cluster that a scenario drives by hand, writing down everything the cores do.</summary>
internal sealed class TraceCluster
{
    private readonly StringBuilder _trace = new();
    private readonly SortedDictionary<ulong, Node> _nodes = [];
    private readonly Queue<Message> _wire = new();
    private readonly HashSet<(ulong, ulong)> _cut = [];
    private readonly Effects _effects = new();

    private sealed class Node(RaftCore core, SnapshotMeta snapshot)
    {
        public RaftCore Core { get; set; } = core;
        public Queue<WriteEffect> Unsynced { get; } = new();
        public bool DiskStalls { get; set; }
        public SnapshotMeta Snapshot { get; set; } = snapshot;
    }

    /// <param name="empty">Replicas beside the voters that know of nobody yet.</param>
    public TraceCluster(int voters, RaftOptions? options = null, Action<ulong, RaftLog>? fill = null, HardState hardState = default,
        int empty = 0)
    {
        var membership = Membership.Of([.. Enumerable.Range(1, voters).Select(i => new MemberId((ulong)i))]);
        for (var i = 1UL; i <= (ulong)voters; i++)
        {
            var log = new RaftLog();
            fill?.Invoke(i, log);
            var meta = new SnapshotMeta(0, 0, membership, 0);
            var term = Math.Max(hardState.Term, log.LastTerm);
            _nodes[i] = new Node(new RaftCore(new MemberId(i), new RestoredState(hardState with { Term = term }, meta, log), options
                ?? new RaftOptions(), seed: i), meta);
        }
        for (var i = (ulong)voters + 1; i <= (ulong)(voters + empty); i++)
        {
            var meta = new SnapshotMeta(0, 0, Membership.Of(), 0);
            _nodes[i] = new Node(new RaftCore(new MemberId(i), new RestoredState(default, meta, new RaftLog()), options
                ?? new RaftOptions(), seed: i), meta);
        }
    }

    public RaftCore this[ulong node] => _nodes[node].Core;
    public string Text => _trace.ToString();

    public void Say(string line) => _trace.AppendLine(CultureInfo.InvariantCulture, $"# {line}");

    public void Cut(ulong from, ulong to) => _cut.Add((from, to));

    public void Isolate(ulong node)
    {
        foreach (var other in _nodes.Keys)
        {
            _cut.Add((node, other));
            _cut.Add((other, node));
        }
    }

    public void Heal() => _cut.Clear();

    public void StallDisk(ulong node) => _nodes[node].DiskStalls = true;

    public void UnstallDisk(ulong node)
    {
        _nodes[node].DiskStalls = false;
        Sync(node);
    }

    /// <summary>Ticks until the node's role changes: its election timeout.</summary>
    public void TimeOut(ulong node)
    {
        var role = this[node].Role;
        var term = this[node].Term;
        for (var i = 0; i < 100 && this[node].Role == role && this[node].Term == term; i++) Step(node, null, RaftInput.Tick());
    }

    public void Tick(ulong node, int times)
    {
        for (var i = 0; i < times; i++) Step(node, null, RaftInput.Tick());
    }

    public void Propose(ulong node, string command) =>
        Step(node, $"propose {command}", RaftInput.Propose([new Proposal(new ProposalId(1, 1), Encoding.UTF8.GetBytes(command))]));

    public void Do(ulong node, string what, in RaftInput input) => Step(node, what, input);

    /// <summary>Snapshot of what is applied, then compaction up to it.</summary>
    public void SnapshotAndCompact(ulong node)
    {
        var core = this[node];
        var meta = new SnapshotMeta(core.CommitIndex, core.Log.TermAt(core.CommitIndex), core.Membership, core.MembershipIndex);
        _nodes[node].Snapshot = meta;
        Step(node, $"snapshot created at {meta.Index}", RaftInput.SnapshotCreated(meta));
        Step(node, $"compact to {meta.Index}", RaftInput.Compact(meta.Index));
    }

    public void DeliverSnapshot(ulong from, ulong to)
    {
        var meta = _nodes[from].Snapshot;
        Step(to, $"snapshot {meta.Index}/{meta.Term} from {from} is durable",
            RaftInput.SnapshotReceived(new MemberId(from), this[from].Term, meta));
        Step(from, $"snapshot {meta.Index} reached {to}", RaftInput.SnapshotSent(new MemberId(to), meta.Index, ok: true));
    }

    /// <summary>Delivers and syncs until nothing is left to do.</summary>
    public void Settle()
    {
        for (var round = 0; round < 1000; round++)
        {
            var any = false;
            foreach (var node in _nodes.Keys) any |= !_nodes[node].DiskStalls && Sync(node);
            while (_wire.TryDequeue(out var message))
            {
                any = true;
                if (_cut.Contains((message.From.Value, message.To.Value)))
                    _trace.AppendLine(CultureInfo.InvariantCulture, $"  lost: {Show(message)}");
                else Step(message.To.Value, null, RaftInput.Received(message));
            }
            if (!any) return;
        }
        throw new InvalidOperationException("never quiet");
    }

    private bool Sync(ulong node)
    {
        var any = false;
        while (_nodes[node].Unsynced.TryDequeue(out var write))
        {
            any = true;
            Step(node, $"write {write.Token} is durable", RaftInput.Stored(write.Token, write.Term, write.LastIndex));
        }
        return any;
    }

    private void Step(ulong id, string? what, in RaftInput input)
    {
        var node = _nodes[id];
        var commit = node.Core.CommitIndex;
        node.Core.Step(input, _effects);
        if (what is not null) _trace.AppendLine(CultureInfo.InvariantCulture, $"{id}: {what}");
        if (_effects.RoleChanged)
            _trace.AppendLine(CultureInfo.InvariantCulture,
                $"  {id} becomes {node.Core.Role} of term {node.Core.Term}, leader {node.Core.Leader}");
        if (_effects.Write is { } write)
        {
            var entries = write.FirstIndex <= write.LastIndex ? $" entries {write.FirstIndex}..{write.LastIndex}" : "";
            var state = write.HardStateChanged ? $" term {write.HardState.Term} vote {write.HardState.Vote}" : "";
            var reset = write.ResetTo is { } meta ? $" log dropped, goes on after {meta.Index}/{meta.Term}" : "";
            _trace.AppendLine(CultureInfo.InvariantCulture, $"  {id} writes {write.Token}:{state}{entries}{reset}");
            node.Unsynced.Enqueue(write);
        }
        if (_effects.Install is { } installed) node.Snapshot = installed;
        if (_effects.Install is not null) _trace.AppendLine(CultureInfo.InvariantCulture, $"  {id} installs the snapshot");
        if (node.Core.CommitIndex != commit)
            _trace.AppendLine(CultureInfo.InvariantCulture, $"  {id} commits up to {node.Core.CommitIndex}");
        if (_effects.ApplyTo >= _effects.ApplyFrom)
            _trace.AppendLine(CultureInfo.InvariantCulture, $"  {id} applies {_effects.ApplyFrom}..{_effects.ApplyTo}");
        foreach (var read in _effects.Reads)
            _trace.AppendLine(CultureInfo.InvariantCulture,
                $"  {id} read {read.Context}: {(read.Ok ? $"from {read.Index} on" : "failed")}");
        foreach (var member in _effects.SnapshotsToSend)
            _trace.AppendLine(CultureInfo.InvariantCulture, $"  {id} sends its snapshot to {member}");
        foreach (var message in _effects.Messages)
        {
            _trace.AppendLine(CultureInfo.InvariantCulture, $"  {Show(message)}");
            _wire.Enqueue(message with { Entries = message.Entries.ToArray() });
        }
    }

    private static string Show(in Message m)
    {
        var text = new StringBuilder($"{m.From} → {m.To} {m.Kind} term {m.Term}");
        switch (m.Kind)
        {
            case MessageKind.PreVote or MessageKind.Vote:
                text.Append(CultureInfo.InvariantCulture, $" last {m.Index}/{m.LogTerm}{(m.Force ? " forced" : "")}"); break;
            case MessageKind.Append:
                text.Append(CultureInfo.InvariantCulture, $" after {m.Index}/{m.LogTerm} commit {m.Commit}");
                if (!m.Entries.IsEmpty)
                    text.Append(CultureInfo.InvariantCulture,
                        $" entries {string.Join(" ", m.Entries.ToArray().Select(e => $"{e.Index}/{e.Term}"))}");
                break;
            case MessageKind.AppendReply:
                text.Append((m.Reject ? $" refused at {m.Index}, hint {m.Hint}/{m.LogTerm}" : $" has {m.Index}")); break;
            case MessageKind.Heartbeat:
                text.Append(CultureInfo.InvariantCulture, $" commit {m.Commit}{(m.Context > 0 ? $" round {m.Context}" : "")}"); break;
            case MessageKind.HeartbeatReply: text.Append(CultureInfo.InvariantCulture, $" round {m.Context}"); break;
            case MessageKind.ReadIndex or MessageKind.ReadIndexReply:
                text.Append(CultureInfo.InvariantCulture, $" {m.Context} {m.Index}"); break;
            default:
                text.Append(m.Reject ? " refused" : m.Kind is MessageKind.VoteReply or MessageKind.PreVoteReply ? " granted" : ""); break;
        }
        return text.ToString();
    }
}
