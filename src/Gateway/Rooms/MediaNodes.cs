using Grpc.Core;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Gateway.Rooms;

/// <summary>The nodes' session services, called as this replica itself: media nodes trust replicas alone.</summary>
/// <param name="own">Headers by which this replica proves itself.</param>
internal sealed class MediaNodes(ChannelPool channels, Func<Metadata> own)
{
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(8);

    internal MediaSessionService.MediaSessionServiceClient Sessions(string nodeAddress) =>
        new(channels.Get(nodeAddress).CreateCallInvoker());

    internal CallOptions Options(CancellationToken cancellationToken) => new(own(), DateTime.UtcNow + CallTime, cancellationToken);

    /// <summary>For streams, which have no deadline.</summary>
    internal Metadata Headers() => own();
}
