using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Host.Transport;

/// <summary>
/// One connection, plain or mutual TLS, used by one thread that blocks: with two cores that costs less than async machinery. That thread disposes of
/// it; others only <see cref="Close"/> it.
/// </summary>
internal sealed class Line : IDisposable
{
    private const int TcpUserTimeoutOption = 18; // TCP_USER_TIMEOUT
    private static readonly TimeSpan WaitForRoom = TimeSpan.FromSeconds(1);
    private readonly Socket _socket;
    private readonly SslStream? _tls;

    private Line(Socket socket, SslStream? tls, Hello hello)
    {
        _socket = socket;
        _tls = tls;
        Hello = hello;
        Frames = new FrameReader(Receive, Hello.MaxFrameBytes);
    }

    internal Hello Hello { get; private set; }
    internal FrameReader Frames { get; }

    /// <summary>Connects and proves both sides' identity.</summary>
    internal static Line Connect(TransportOptions options, EndPoint address, MemberId to, Channel channel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        SslStream? tls = null;
        try
        {
            Tune(socket, options.ConnectTimeoutMs);
            Limit(socket, options.ConnectTimeoutMs);
            socket.Connect(address);
            Tune(socket, options.UserTimeoutMs);
            tls = options.Tls is { } config ? AsClient(socket, config, to) : null;
            var line = new Line(socket, tls, new Hello(options.ClusterId, options.Self, to, channel));
            line.Send(line.Hello.ToFrame());
            if (!line.Frames.TryRead(out var type, out var body)) throw new ProtocolException("the connection was closed instead of welcomed");
            if (type != FrameType.Welcome) throw new ProtocolException($"a {type} frame instead of a welcome");
            if (Welcome.Decode(body.Span) is { } refusal) throw new ProtocolException($"refused: {refusal}");
            line.Admit(options.MaxFrameBytes);
            if (line.CanSendNow && channel != Channel.Snapshot) socket.Blocking = false; // it is only written to from now on
            return line;
        }
        catch
        {
            socket.Dispose();
            tls?.Dispose();
            throw;
        }
    }

    /// <summary>The other side of <see cref="Connect"/>.</summary>
    /// <exception cref="ProtocolException">The other side was told why it is refused.</exception>
    internal static Line Accept(TransportOptions options, Socket socket, Func<MemberId, bool> isKnown)
    {
        SslStream? tls = null;
        try
        {
            Tune(socket, options.UserTimeoutMs);
            Limit(socket, options.ConnectTimeoutMs);
            tls = options.Tls is { } config ? AsServer(socket, config) : null;
            var line = new Line(socket, tls, default);
            if (!line.Frames.TryRead(out var type, out var body) || type != FrameType.Hello) throw new ProtocolException("no hello");
            line.Hello = Hello.Decode(body.Span);
            var refusal = line.Hello.RefusalBy(options.ClusterId, options.Self, isKnown(line.Hello.From)) ?? line.CertificateRefusal();
            line.Send(Welcome.ToFrame(refusal));
            if (refusal is not null) throw new ProtocolException(refusal);
            line.Admit(options.MaxFrameBytes);
            return line;
        }
        catch
        {
            socket.Dispose();
            tls?.Dispose();
            throw;
        }
    }

    internal void Send(ReadOnlyMemory<byte> frames)
    {
        if (_tls is not null)
        {
            _tls.Write(frames.Span);
            return;
        }
        for (var rest = frames.Span; !rest.IsEmpty;)
        {
            var sent = SendSome(rest);
            rest = rest[sent..];
            if (sent == 0 && !rest.IsEmpty) _socket.Poll(WaitForRoom, SelectMode.SelectWrite);
        }
    }

    /// <summary>Bytes can be sent without waiting: not so under TLS, whose stream writes all or nothing.</summary>
    internal bool CanSendNow => _tls is null;

    /// <summary>Sends what the kernel takes at once.</summary>
    internal int SendNow(ReadOnlyMemory<byte> frames)
    {
        if (IsClosedByPeer) throw new ProtocolException("the other side closed the connection");
        var at = 0;
        while (at < frames.Length && SendSome(frames.Span[at..]) is > 0 and var sent) at += sent;
        return at;
    }

    /// <summary>True when the other side has closed: it never says anything on a line that we write to, so readable means ended.</summary>
    internal bool IsClosedByPeer => _socket.Poll(0, SelectMode.SelectRead) && _socket.Available == 0;

    /// <summary>Any thread: the one that uses the line meets its end. It alone takes TLS apart, for two that do so at once tear its handle away from each other.</summary>
    internal void Close() => _socket.Dispose();

    public void Dispose()
    {
        Close();
        _tls?.Dispose();
    }

    /// <returns>0 when there is no room now.</returns>
    private int SendSome(ReadOnlySpan<byte> bytes)
    {
        var sent = _socket.Send(bytes, SocketFlags.None, out var error);
        if (error is SocketError.Success) return sent;
        return error is SocketError.WouldBlock && !_socket.Blocking ? 0 : throw new SocketException((int)error);
    }

    private int Receive(Memory<byte> buffer) => _tls is null ? _socket.Receive(buffer.Span) : _tls.Read(buffer.Span);

    private void Admit(int maxFrameBytes)
    {
        _socket.ReceiveTimeout = 0;
        _socket.SendTimeout = 0;
        Frames.MaxFrameBytes = maxFrameBytes;
    }

    private string? CertificateRefusal()
    {
        if (_tls is null) return null;
        var name = MemberName.Of(Hello.From);
        return _tls.RemoteCertificate is X509Certificate2 certificate && certificate.MatchesHostname(name, allowWildcards: false, allowCommonName: false)
            ? null
            : $"its certificate does not name {name}";
    }

    private static void Tune(Socket socket, int userTimeoutMs)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUserTimeoutOption, BitConverter.GetBytes(userTimeoutMs));
    }

    private static void Limit(Socket socket, int timeoutMs)
    {
        socket.ReceiveTimeout = timeoutMs;
        socket.SendTimeout = timeoutMs;
    }

    private static SslStream AsClient(Socket socket, TlsMaterial material, MemberId to)
    {
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        material.AuthenticateAsClient(tls, MemberName.Of(to));
        return tls;
    }

    private static SslStream AsServer(Socket socket, TlsMaterial material)
    {
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        material.AuthenticateAsServer(tls);
        return tls;
    }
}
