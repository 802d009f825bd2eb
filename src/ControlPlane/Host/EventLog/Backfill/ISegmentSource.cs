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
public sealed class GrpcSegmentSource(ReplicaService.ReplicaServiceClient peer) : ISegmentSource
{
    public IAsyncEnumerable<SegmentChunk> FetchAsync(ulong firstSeq, ulong offset, CancellationToken cancellationToken) =>
        peer.FetchSegment(new() { FirstSeq = firstSeq, Offset = offset }, cancellationToken: cancellationToken).ResponseStream.ReadAllAsync(cancellationToken);
}
