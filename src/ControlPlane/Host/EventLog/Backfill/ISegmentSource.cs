using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.EventLog.Backfill;

/// <summary>A peer that has what is missing here.</summary>
public interface ISegmentSource
{
    /// <summary>The file of the segment that begins with an event, from a byte on, in pieces; ends where the peer's ends now.</summary>
    IAsyncEnumerable<SegmentChunk> FetchAsync(ulong firstSeq, ulong offset, CancellationToken cancellationToken);
}

/// <summary>A peer over gRPC.</summary>
/// <param name="headers">How this replica proves itself.</param>
public sealed class GrpcSegmentSource(ReplicaService.ReplicaServiceClient peer, Func<Metadata> headers) : ISegmentSource
{
    public IAsyncEnumerable<SegmentChunk> FetchAsync(ulong firstSeq, ulong offset, CancellationToken cancellationToken) =>
        peer.FetchSegment(new() { FirstSeq = firstSeq, Offset = offset }, headers(), cancellationToken: cancellationToken)
            .ResponseStream.ReadAllAsync(cancellationToken);
}
