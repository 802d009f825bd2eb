using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace VideoScale.ControlPlane.Host.EventLog.Backfill;

/// <summary>
/// Fills the log of a replica that joined by snapshot: fetches segments from peers, newest first, since each is checked against the chain
/// that the one after it begins with. What was fetched before a cut connection or a restart is not fetched again.
/// </summary>
/// <param name="peers">Who may be asked, anew for each round.</param>
public sealed partial class SegmentBackfill(EventLog log, Func<IReadOnlyList<ISegmentSource>> peers, TimeProvider clock, ILogger logger)
{
    /// <summary>Larger than any segment can be.</summary>
    private const long MaxSegmentBytes = 1L << 36;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private int _nextPeer;

    /// <summary>Goes on until cancelled: a later snapshot may leave a gap again.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (await RunOnceAsync(cancellationToken)) continue;
            }
            catch (Exception e) when (e is RpcException or IOException && !cancellationToken.IsCancellationRequested)
            {
                LogRoundFailed(e.Message, Pause);
            }
            await Task.Delay(Pause, clock, cancellationToken);
        }
    }

    /// <summary>Fetches the newest missing segment, or joins two parts of one.</summary>
    /// <returns>True when something was put in place: there may be more.</returns>
    /// <exception cref="EventLogException">What is held here is another past than the peers'.</exception>
    public async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        if (SegmentJoin.JoinOne(log)) return true;
        if (Missing() is not { } until) return false;
        var firstSeq = (until.Seq - 1) / log.EventsPerSegment * log.EventsPerSegment + 1;
        var path = Path.Combine(log.Directory, $"fetch-{firstSeq:D20}.part");
        var sources = peers();
        for (var i = 0; i < sources.Count; i++)
        {
            var source = sources[(_nextPeer + i) % sources.Count];
            try { await Fetch(source, firstSeq, path, cancellationToken); }
            catch (Exception e) when (e is RpcException or HttpRequestException && !cancellationToken.IsCancellationRequested)
            {
                LogFetchFailed(firstSeq, e is RpcException rpc ? rpc.Status.Detail : e.Message);
                continue;
            }
            if (!Place(path, firstSeq, until)) continue;
            _nextPeer += i;
            return true;
        }
        return false;
    }

    /// <summary>The known point that the missing events lead to; null when none are missing.</summary>
    private EventAnchor? Missing()
    {
        var (floor, reader) = (log.Reader.Floor, log.Reader);
        if (floor <= 1) return null;
        var after = reader.Parts.FirstOrDefault(part => part.FirstSeq == floor);
        if (after is not null) return new(floor - 1, after.Header.PreviousChain, after.Header.Frontier);
        return log.Anchor is { } anchor && anchor.Seq == floor - 1 ? anchor : null;
    }

    private static async Task Fetch(ISegmentSource source, ulong firstSeq, string path, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var at = RandomAccess.GetLength(file);
        await foreach (var chunk in source.FetchAsync(firstSeq, (ulong)at, cancellationToken))
        {
            if ((long)chunk.Offset != at || at + chunk.Data.Length > MaxSegmentBytes)
                throw new RpcException(new Status(StatusCode.Internal, $"the peer sent byte {chunk.Offset} where byte {at} was due"));
            RandomAccess.Write(file, chunk.Data.Span, at);
            at += chunk.Data.Length;
            if (chunk.Last) return;
        }
    }

    private bool Place(string path, ulong firstSeq, EventAnchor until)
    {
        var finalPath = Path.Combine(log.Directory, SegmentHeader.FileName(firstSeq));
        var held = log.Reader.Parts.FirstOrDefault(part => part.FirstSeq == firstSeq)?.Extent;
        var fetched = FetchedSegment.Check(path, finalPath, firstSeq, log.ClusterId, log.EventsPerSegment, until, held);
        if (fetched.State == FetchedState.TooShort) return false; // the peer is behind, or the stream was cut: go on from here
        if (fetched.State == FetchedState.Bad)
        {
            LogRefused(firstSeq, fetched.Problem);
            File.Delete(path);
            return false;
        }
        var part = fetched.Part!;
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, part.Extent.LengthBytes); // the peer may be further in this segment than the gap
            Disk.SyncData(file, path);
        }
        SegmentJoin.PutInPlace(log, path, part);
        LogPlaced(firstSeq, until.Seq);
        return true;
    }

    [LoggerMessage(3301, LogLevel.Information, "Event segment {FirstSeq} to {LastSeq} fetched from a peer, verified and put in place")]
    private partial void LogPlaced(ulong firstSeq, ulong lastSeq);

    [LoggerMessage(3302, LogLevel.Warning, "Event segment {FirstSeq} from a peer was refused: {Problem}")]
    private partial void LogRefused(ulong firstSeq, string problem);

    [LoggerMessage(3303, LogLevel.Debug, "Event segment {FirstSeq} could not be fetched: {Reason}")]
    private partial void LogFetchFailed(ulong firstSeq, string reason);

    [LoggerMessage(3304, LogLevel.Warning, "Filling the event log failed: {Reason}; next try in {Period}")]
    private partial void LogRoundFailed(string reason, TimeSpan period);
}
