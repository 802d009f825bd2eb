using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;

namespace VideoScale.ControlPlane.Host.EventLog.Backfill;

internal enum FetchedState { Whole, TooShort, Bad }

/// <summary>Checks a segment file that came from a peer against a point of the chain that is known to be right.</summary>
internal sealed class FetchedSegment
{
    private FetchedSegment(FetchedState state, string problem) => (State, Problem) = (state, problem);

    public FetchedState State { get; }
    public string Problem { get; }
    public SegmentPart? Part { get; private init; }

    /// <param name="finalPath">Where the file will lie.</param>
    /// <param name="until">Where the file must lead: its event of that number ends with that chain value and tree.</param>
    /// <param name="held">What is held here of its beginning; null when nothing is.</param>
    /// <exception cref="EventLogException">What is held here is another past.</exception>
    public static FetchedSegment Check(string path, string finalPath, ulong firstSeq, UInt128 clusterId, uint eventsPerSegment,
        EventAnchor until, PartExtent? held)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read);
        if (SegmentHeader.TryRead(file, out var headerBytes, out var problem) is not { } header)
            return new(RandomAccess.GetLength(file) < 64 ? FetchedState.TooShort : FetchedState.Bad, problem);
        if (header.ClusterId != clusterId || header.EventsPerSegment != eventsPerSegment || header.FirstSeq != firstSeq)
            return new(FetchedState.Bad, "the header is another segment's or another cluster's");
        if (firstSeq == 1 && header.PreviousChain != Hash256.Zero) return new(FetchedState.Bad, "the chain does not begin at zero");
        var part = new SegmentPart(finalPath, header, headerBytes);
        var index = new LiveIndex(firstSeq);
        var (chain, tree, extent) = (header.PreviousChain, header.Frontier.Clone(), part.Extent);
        using var scanner = new SegmentScanner(file, headerBytes, RandomAccess.GetLength(file));
        while (extent.LastSeq < until.Seq)
        {
            if (!scanner.MoveNext())
                return scanner.Problem is null or "a record is cut short" ? new(FetchedState.TooShort, "ends early")
                    : new(FetchedState.Bad, scanner.Problem);
            var leaf = EventHashes.Leaf(scanner.Record);
            chain = EventHashes.Chain(chain, leaf);
            tree.Append(leaf);
            if (chain != scanner.Chain) return new(FetchedState.Bad, $"event {extent.LastSeq + 1} does not hash to its chain value");
            try
            {
                var view = EventView.Read(scanner.Record);
                if (view.EventSeq != extent.LastSeq + 1) return new(FetchedState.Bad, $"event {view.EventSeq} follows {extent.LastSeq}");
                index.Add(view, scanner.FrameOffset);
                extent = SegmentDirectory.ExtentAfter(extent, view, scanner.Offset, chain);
            }
            catch (CanonicalException e) { return new(FetchedState.Bad, e.Message); }
            if (held is not null && held.LastSeq == extent.LastSeq && held.LastChain != chain)
                throw new EventLogException(EventLogProblem.Diverged,
                    $"event {held.LastSeq} here has chain {held.LastChain}, the peers' {chain}, which leads to what the voters agreed on: "
                    + "keep this replica's data directory for analysis and let the replica join anew");
        }
        if (chain != until.Chain || !tree.SameAs(until.Frontier))
            return new(FetchedState.Bad, $"event {until.Seq} does not lead to the chain and tree known here");
        part.Index = index;
        part.Extent = extent;
        part.Closed = true;
        return new(FetchedState.Whole, "") { Part = part };
    }
}
