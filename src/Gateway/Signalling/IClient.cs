using Google.Protobuf;
using LiveKit.Proto;

namespace VideoScale.Gateway.Signalling;

/// <summary>Whoever speaks LiveKit's signalling to a session: a client on its socket, or an exchange that speaks for one without.</summary>
internal interface IClient
{
    /// <summary>It sends pings, and has said nothing at all for as long as it was told would make it lost.</summary>
    bool IsQuiet { get; }

    /// <summary>It was given up for want of an answer: it is frozen, or cut off.</summary>
    bool IsUnanswering { get; }

    /// <summary>The next request; null when nothing more comes of it.</summary>
    Task<(SignalRequest Request, ByteString Octets)?> ReceiveAsync(CancellationToken cancellationToken);

    Task SendAsync(ByteString response, CancellationToken cancellationToken);

    /// <param name="isGoingAway">Another gateway would serve it.</param>
    Task CloseAsync(bool isGoingAway, CancellationToken cancellationToken);

    /// <summary>It takes nothing any more and does not say that it is gone.</summary>
    void Abort();
}
