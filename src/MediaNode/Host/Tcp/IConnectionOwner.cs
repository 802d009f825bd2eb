using System.Net.Sockets;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Tcp;

namespace VideoScale.MediaNode.Host.Tcp;

/// <summary>Who handles a connection's packets, on a thread of its own. What it is told may come from any thread.</summary>
internal interface IConnectionOwner
{
    /// <summary>A new connection is its own from now on.</summary>
    /// <param name="reader">With the check that named one of its peers.</param>
    void Take(Socket socket, TransportAddress remote, FrameReader reader);

    /// <summary>Something can be done for a connection.</summary>
    void Ready(TcpConnection connection);
}
