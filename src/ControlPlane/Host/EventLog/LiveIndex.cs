using System.Runtime.InteropServices;
using VideoScale.ControlPlane.Audit;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>The index of a file that still grows, in memory. One writer, many readers.</summary>
internal sealed class LiveIndex : IPartIndex
{
    /// <summary>Records between two indexed points: a lookup reads at most this many.</summary>
    public const int Spacing = 64;
    private readonly Lock _gate = new();
    private readonly List<IndexPoint> _points = [];
    private readonly Dictionary<UInt128, Postings> _streams = [];
    private readonly ulong _firstSeq;
    private ulong _next;

    public LiveIndex(ulong firstSeq) => _firstSeq = _next = firstSeq;

    internal sealed class Postings
    {
        public ulong FirstVersion;
        public readonly List<uint> RelativeSeqs = [];
    }

    /// <summary>Called for each record in order, before readers may see it.</summary>
    public void Add(in EventView view, long offset)
    {
        Invariant.Require(view.EventSeq == _next, "a file's records have consecutive numbers");
        var key = SegmentPart.StreamKey(view.Stream);
        lock (_gate)
        {
            if ((_next - _firstSeq) % Spacing == 0) _points.Add(new(_next, offset, view.RaftIndex, view.OccurredAt));
            ref var postings = ref CollectionsMarshal.GetValueRefOrAddDefault(_streams, key, out _);
            postings ??= new() { FirstVersion = view.StreamVersion };
            postings.RelativeSeqs.Add((uint)(_next - _firstSeq));
            _next++;
        }
    }

    public IndexPoint PointBySeq(ulong seq)
    {
        lock (_gate) return _points[(int)((seq - _firstSeq) / Spacing)];
    }

    public IndexPoint? PointByRaftIndex(ulong raftIndex)
    {
        lock (_gate) return LastPoint(p => p.RaftIndex <= raftIndex);
    }

    public IndexPoint? PointByTime(LogTime time)
    {
        lock (_gate) return LastPoint(p => p.Time <= time);
    }

    public StreamPostings? FindStream(UInt128 streamKey)
    {
        lock (_gate)
            return _streams.TryGetValue(streamKey, out var postings) ? new(postings.FirstVersion, [.. postings.RelativeSeqs]) : null;
    }

    /// <summary>Contents for the sidecar file; only once nothing is added any more.</summary>
    public (IReadOnlyList<IndexPoint> Points, IReadOnlyDictionary<UInt128, Postings> Streams) Contents => (_points, _streams);

    private IndexPoint? LastPoint(Func<IndexPoint, bool> holds)
    {
        var (low, high) = (0, _points.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (holds(_points[middle])) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? null : _points[low - 1];
    }
}
