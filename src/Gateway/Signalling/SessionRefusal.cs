using Grpc.Core;

namespace VideoScale.Gateway.Signalling;

/// <summary>Why a client could not come in.</summary>
/// <param name="RetryAfter">When it is worth asking again; null when nothing is known of that.</param>
internal sealed record SessionRefusal(StatusCode Status, string Why, TimeSpan? RetryAfter);
