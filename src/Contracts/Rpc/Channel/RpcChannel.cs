using System.Net.Security;
using System.Net.Sockets;
using Grpc.Net.Client;

namespace VideoScale.Rpc;

/// <summary>Opens gRPC channels with the settings that long-lived streams and quick failure detection need.</summary>
public static class RpcChannel
{
    // linux/tcp.h: milliseconds that sent bytes may stay unacknowledged before the connection fails.
    private const int TcpUserTimeoutOption = 18;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan KeepAlivePingDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KeepAlivePingTimeout = TimeSpan.FromSeconds(5);
    private const int TcpUserTimeoutMs = 5_000;
    private const int StreamWindowBytes = 8 << 20;
    private const int MaxReceiveMessageBytes = 64 << 20;

    /// <summary>Makes a channel; it connects with the first call.</summary>
    /// <param name="address">host:port, or a whole URL.</param>
    /// <param name="tls">Our certificates; null speaks plain HTTP/2, for loopback.</param>
    public static GrpcChannel Create(string address, TlsMaterial? tls = null) =>
        Create(address, tls, KeepAlivePingDelay, KeepAlivePingTimeout);

    internal static GrpcChannel Create(string address, TlsMaterial? tls, TimeSpan keepAlivePingDelay, TimeSpan keepAlivePingTimeout)
    {
        var uri = ToUri(address, tls is not null);
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = ConnectTimeout,
            KeepAlivePingDelay = keepAlivePingDelay,
            KeepAlivePingTimeout = keepAlivePingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            InitialHttp2StreamWindowSize = StreamWindowBytes,
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectCallback = tls is null ? ConnectAsync : (context, cancellationToken) =>
                ConnectSecurelyAsync(context, tls, uri.Host, cancellationToken),
        };
        return GrpcChannel.ForAddress(uri, new GrpcChannelOptions
        {
            HttpHandler = new ElapsedDeadline(handler),
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxReceiveMessageBytes,
            // Retries are the caller's, with the request_id that makes them safe.
            MaxRetryAttempts = null,
        });
    }

    /// <exception cref="RpcConfigurationException">The address is not host:port.</exception>
    internal static Uri ToUri(string address, bool secure)
    {
        var text = address.Contains("://", StringComparison.Ordinal) ? address : $"{(secure ? "https" : "http")}://{address}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0
            || uri.AbsolutePath != "/")
            throw new RpcConfigurationException($"address \"{address}\" is not host:port");
        if (uri.Scheme == "https" != secure)
            throw new RpcConfigurationException(secure ? $"address \"{address}\" is plain http, but certificates are given"
                : $"address \"{address}\" needs certificates: give the CA, a certificate and its key");
        return uri;
    }

    /// <summary>
    /// Not left to the handler, which would keep the certificates of the day the channel was made, and say less of a refusal.
    /// </summary>
    private static async ValueTask<Stream> ConnectSecurelyAsync(SocketsHttpConnectionContext context, TlsMaterial tls, string host,
        CancellationToken cancellationToken)
    {
        var stream = new SslStream(await ConnectAsync(context, cancellationToken).ConfigureAwait(false));
        try
        {
            await tls.AuthenticateAsClientAsync(stream, host, SslApplicationProtocol.Http2, cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            SetUserTimeout(socket);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void SetUserTimeout(Socket socket)
    {
        if (!OperatingSystem.IsLinux()) return;
        Span<byte> value = stackalloc byte[sizeof(int)];
        BitConverter.TryWriteBytes(value, TcpUserTimeoutMs);
        socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUserTimeoutOption, value);
    }
}
