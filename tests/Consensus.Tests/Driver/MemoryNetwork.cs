using System.Threading.Channels;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Tests.Driver;

/// <summary>Replicas of one process talk through queues; links can be cut one way.</summary>
internal sealed class MemoryNetwork
{
    private readonly Lock _gate = new();
    private readonly Dictionary<MemberId, Node> _nodes = [];
    private readonly HashSet<(MemberId From, MemberId To)> _cut = [];

    public ITransport Join(MemberId self, MemoryDisk disk)
    {
        var node = new Node(this, self, disk);
        lock (_gate) _nodes[self] = node;
        return node;
    }

    public void Isolate(MemberId member)
    {
        lock (_gate)
        {
            foreach (var other in _nodes.Keys)
            {
                _cut.Add((member, other));
                _cut.Add((other, member));
            }
        }
    }

    /// <summary>As if the process had ended: all others read the end of its connections.</summary>
    public void BreakConnectionsOf(MemberId member)
    {
        Node[] others;
        lock (_gate) others = [.. _nodes.Where(node => node.Key != member).Select(node => node.Value)];
        foreach (var other in others) other.Lose(member);
    }

    public void Split(IReadOnlyList<ulong> one, IReadOnlyList<ulong> other)
    {
        lock (_gate)
        {
            foreach (var a in one)
            {
                foreach (var b in other)
                {
                    _cut.Add((new MemberId(a), new MemberId(b)));
                    _cut.Add((new MemberId(b), new MemberId(a)));
                }
            }
        }
    }

    public void Heal()
    {
        lock (_gate) _cut.Clear();
    }

    private Node? Reach(MemberId from, MemberId to)
    {
        lock (_gate) return _cut.Contains((from, to)) || _cut.Contains((to, to)) ? null : _nodes.GetValueOrDefault(to);
    }

    private sealed class Node(MemoryNetwork network, MemberId self, MemoryDisk disk) : ITransport
    {
        private readonly Channel<Message> _arrivals = Channel.CreateUnbounded<Message>();
        private ITransportListener? _listener;
        private Task _pump = Task.CompletedTask;

        public void Start(ITransportListener listener)
        {
            _listener = listener;
            _pump = Task.Run(async () =>
            {
                await foreach (var message in _arrivals.Reader.ReadAllAsync()) listener.OnMessage(message);
            });
        }

        public void Send(MemberId to, in Message message)
        {
            var copies = new Entry[message.Entries.Length];
            for (var i = 0; i < copies.Length; i++)
            {
                var entry = message.Entries.Span[i];
                copies[i] = new Entry(entry.Index, entry.Term, entry.Kind, entry.Id, entry.Payload.ToArray());
            }
            network.Reach(self, to)?._arrivals.Writer.TryWrite(message with { Entries = copies });
        }

        public void Flush() { }

        internal void Lose(MemberId member) => _listener!.OnDisconnected(member);

        public void SendSnapshot(MemberId to, ulong term, ulong snapshotIndex)
        {
            _ = Task.Run(() =>
            {
                var target = network.Reach(self, to);
                var meta = disk.Latest;
                if (target?._listener is null || meta is null || meta.Index < snapshotIndex)
                {
                    _listener!.OnSnapshotSent(to, snapshotIndex, ok: false);
                    return;
                }
                target.Store(meta, disk.SnapshotBytes);
                target._listener.OnSnapshotReceived(self, term, meta);
                _listener!.OnSnapshotSent(to, meta.Index, ok: true);
            });
        }

        private void Store(SnapshotMeta meta, byte[] bytes) => disk.Put(meta, bytes);

        public async ValueTask DisposeAsync()
        {
            lock (network._gate)
            {
                if (network._nodes.GetValueOrDefault(self) == this) network._nodes.Remove(self);
            }
            _arrivals.Writer.TryComplete();
            await _pump;
        }
    }
}
