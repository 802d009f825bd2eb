using Microsoft.Extensions.Logging;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Features;

/// <summary>What every feature of a media node may use.</summary>
/// <param name="Authority">Which rooms this node may carry, and for how long.</param>
/// <param name="Fatal">For what no round that follows can mend: the process ends.</param>
/// <param name="IsStopping">From the moment the node gives its rooms up.</param>
internal sealed record NodeCore(MediaNodeOptions Options, TlsMaterial? Tls, ILoggerFactory Loggers, ChannelPool Channels,
    AuthorityGate Authority, Action Fatal, Func<bool> IsStopping);
