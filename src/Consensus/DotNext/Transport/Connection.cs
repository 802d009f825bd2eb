using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace VideoScale.Consensus.DotNext.Transport;

/// <summary>One connection between two members that have proved who they are: frames out, frames in, by one caller at a time.</summary>
internal sealed class Connection : IDisposable
{
    private const int HelloBytes = 1 << 10;
    private readonly Socket _socket;
    private readonly Stream _stream;
    private byte[] _buffer = new byte[64 << 10];
    private int _maxBodyBytes = HelloBytes;

    private Connection(Socket socket, Stream stream)
    {
        _socket = socket;
        _stream = stream;
    }

    internal Hello Hello { get; private set; }

    internal static bool Ends(Exception e) => e is IOException or SocketException or AuthenticationException or ObjectDisposedException;

    internal static async Task<Connection> ConnectAsync(TransportSettings settings, EndPoint address, MemberId to, Channel channel,
        CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(settings.ConnectTimeoutMs);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, limit.Token).ConfigureAwait(false);
            Limit(socket, settings.ConnectTimeoutMs);
            var stream = settings.Tls is null ? (Stream)new NetworkStream(socket, ownsSocket: true)
                : await Task.Run(() => AsClient(socket, settings, to), limit.Token).ConfigureAwait(false);
            var connection = new Connection(socket, stream) { Hello = new Hello(settings.ClusterId, settings.Self, to, channel) };
            await connection.SendAsync(connection.Hello.ToFrame(), limit.Token).ConfigureAwait(false);
            var (type, body) = await connection.ReceiveAsync(limit.Token).ConfigureAwait(false)
                ?? throw new ProtocolException("the connection was closed instead of welcomed");
            if (type != FrameType.Welcome) throw new ProtocolException($"a {type} frame instead of a welcome");
            if (!body.IsEmpty) throw new ProtocolException($"refused: {Encoding.UTF8.GetString(body.Span)}");
            connection.Admit(settings);
            return connection;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw new ProtocolException($"no connection within {settings.ConnectTimeoutMs} ms", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <exception cref="ProtocolException">The other side was told why it is refused.</exception>
    internal static async Task<Connection> AcceptAsync(TransportSettings settings, Socket socket, Func<MemberId, bool> isKnown,
        CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(settings.ConnectTimeoutMs);
        try
        {
            socket.NoDelay = true;
            Limit(socket, settings.ConnectTimeoutMs);
            var stream = settings.Tls is null ? (Stream)new NetworkStream(socket, ownsSocket: true)
                : await Task.Run(() => AsServer(socket, settings), limit.Token).ConfigureAwait(false);
            var connection = new Connection(socket, stream);
            if (await connection.ReceiveAsync(limit.Token).ConfigureAwait(false) is not { Type: FrameType.Hello } first)
                throw new ProtocolException("no hello");
            connection.Hello = Hello.Decode(first.Body.Span);
            var refusal = connection.Hello.RefusalBy(settings.ClusterId, settings.Self, isKnown(connection.Hello.From))
                ?? connection.CertificateRefusal();
            await connection.SendAsync(Hello.Welcome(refusal), limit.Token).ConfigureAwait(false);
            if (refusal is not null) throw new ProtocolException(refusal);
            connection.Admit(settings);
            return connection;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw new ProtocolException($"no hello within {settings.ConnectTimeoutMs} ms", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken) =>
        _stream.WriteAsync(frame, cancellationToken);

    /// <returns>The next frame, whose body is valid until the next call; null at the end of the stream.</returns>
    internal async ValueTask<(FrameType Type, ReadOnlyMemory<byte> Body)?> ReceiveAsync(CancellationToken cancellationToken)
    {
        var read = await _stream.ReadAtLeastAsync(_buffer.AsMemory(0, Frame.HeaderBytes), Frame.HeaderBytes, throwOnEndOfStream: false,
            cancellationToken).ConfigureAwait(false);
        if (read == 0) return null;
        if (read < Frame.HeaderBytes) throw new ProtocolException("the stream ends inside a frame");
        var end = Frame.HeaderBytes + Frame.BodyBytes(_buffer, _maxBodyBytes);
        for (var have = Frame.HeaderBytes; have < end;)
        {
            // grows as bytes arrive, never by what a header claims
            if (have == _buffer.Length) Array.Resize(ref _buffer, Math.Min(2 * _buffer.Length, Frame.HeaderBytes + _maxBodyBytes));
            var more = await _stream.ReadAsync(_buffer.AsMemory(have, Math.Min(end, _buffer.Length) - have), cancellationToken)
                .ConfigureAwait(false);
            if (more == 0) throw new ProtocolException("the stream ends inside a frame");
            have += more;
        }
        return (Frame.Verify(_buffer.AsSpan(0, end)), _buffer.AsMemory(Frame.HeaderBytes, end - Frame.HeaderBytes));
    }

    /// <summary>
    /// Any thread: whoever uses the connection meets its end. It alone takes TLS apart, for two that do so at once tear its handle away.
    /// </summary>
    internal void Close() => _socket.Dispose();

    public void Dispose()
    {
        _socket.Dispose();
        _stream.Dispose();
    }

    private void Admit(TransportSettings settings)
    {
        _maxBodyBytes = settings.MaxFrameBytes;
        Limit(_socket, 0);
    }

    private string? CertificateRefusal()
    {
        if (_stream is not SslStream tls) return null;
        var name = MemberName.Of(Hello.From);
        return tls.RemoteCertificate is X509Certificate2 certificate
            && certificate.MatchesHostname(name, allowWildcards: false, allowCommonName: false)
            ? null
            : $"its certificate does not name {name}";
    }

    /// <summary>For what blocks: the handshake of TLS.</summary>
    private static void Limit(Socket socket, int timeoutMs)
    {
        socket.ReceiveTimeout = timeoutMs;
        socket.SendTimeout = timeoutMs;
    }

    private static SslStream AsClient(Socket socket, TransportSettings settings, MemberId to)
    {
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        settings.Tls!.AuthenticateAsClient(tls, MemberName.Of(to));
        return tls;
    }

    private static SslStream AsServer(Socket socket, TransportSettings settings)
    {
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        settings.Tls!.AuthenticateAsServer(tls);
        return tls;
    }
}
