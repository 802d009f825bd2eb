using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>
/// One connection, plain or mutual TLS, used by one thread that blocks: with two cores that costs less than async machinery. That thread
/// disposes of it; others only <see cref="Close"/> it.
/// </summary>
internal sealed class Line : IDisposable
{
    private const int TcpUserTimeoutOption = 18; // TCP_USER_TIMEOUT
    private const int TcpInfoOption = 11; // TCP_INFO
    private const int TcpInfoBytes = 60; // of struct tcp_info, up to tcpi_last_ack_recv
    private const byte TcpEstablished = 1;
    private const int MaxSilenceMs = 2_500;
    private static readonly TimeSpan WaitForRoom = TimeSpan.FromSeconds(1);
    private readonly Socket _socket;
    private readonly SslStream? _tls;

    private Line(Socket socket, SslStream? tls, Hello hello)
    {
        _socket = socket;
        _tls = tls;
        Hello = hello;
        RemoteAddress = socket.RemoteEndPoint?.ToString() ?? "";
        Frames = new FrameReader(Receive, Hello.MaxFrameBytes);
    }

    internal Hello Hello { get; private set; }
    internal FrameReader Frames { get; }

    /// <summary>Which process of the other member this is; run 0: it did not say.</summary>
    internal Greeting Greeting { get; private set; }

    internal string RemoteAddress { get; }

    /// <summary>The other side asked which process this is, and remembers it.</summary>
    internal bool IsGreeted { get; private set; }

    /// <summary>Connects and proves both sides' identity.</summary>
    /// <param name="aside">Others are connected with another process of this member.</param>
    /// <param name="onlyAsks">The line is not used: see <see cref="Hello.OnlyAsks"/>.</param>
    /// <exception cref="GreetingRefusedException"/>
    internal static Line Connect(TransportOptions options, EndPoint address, MemberId to, Channel channel, bool aside = false,
        bool onlyAsks = false)
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
            var line = new Line(socket, tls, new Hello(options.ClusterId, options.Self, to, channel, options.Starts is not null, onlyAsks));
            line.Send(line.Hello.ToFrame());
            if (!line.Frames.TryRead(out var type, out var body))
                throw new ProtocolException("the connection was closed instead of welcomed");
            if (type != FrameType.Welcome) throw new ProtocolException($"a {type} frame instead of a welcome");
            if (Welcome.Decode(body.Span) is { } refusal) throw new ProtocolException($"refused: {refusal}");
            if (options.Starts is { } starts && Welcome.AsksForGreeting(body.Span))
                line.Greet(new Greeting(starts.Run, starts.Start, aside));
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
    internal static Line Accept(TransportOptions options, Socket socket, Func<MemberId, bool> isKnown, Func<Line, GreetingReply> answer)
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
            var greets = refusal is null && line.Hello.Greets && options.Starts is not null;
            line.Send(greets ? Welcome.AskForGreeting() : Welcome.ToFrame(refusal));
            if (refusal is not null) throw new ProtocolException(refusal);
            if (greets) line.AnswerGreeting(answer);
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

    /// <summary>
    /// The other side's kernel was heard lately, which keep-alive asks every second, and has not said that its process closed.
    /// </summary>
    internal bool IsLive
    {
        get
        {
            Span<byte> info = stackalloc byte[TcpInfoBytes];
            try
            {
                if (_socket.GetRawSocketOption((int)SocketOptionLevel.Tcp, TcpInfoOption, info) < TcpInfoBytes || info[0] != TcpEstablished)
                    return false;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException) { return false; }
            // since data, since an acknowledgement
            var silentMs = Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(info[52..]),
                BinaryPrimitives.ReadUInt32LittleEndian(info[56..]));
            return silentMs < MaxSilenceMs;
        }
    }

    /// <summary>
    /// Any thread: the one that uses the line meets its end. It alone takes TLS apart, for two that do so at once tear its handle away from
    /// each other.
    /// </summary>
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

    private void Greet(Greeting greeting)
    {
        Send(greeting.ToFrame());
        if (!Frames.TryRead(out var type, out var body) || type != FrameType.GreetingReply)
            throw new ProtocolException("a greeting was not answered");
        var reply = GreetingReply.Decode(body.Span);
        if (reply.Answer != GreetingAnswer.Admitted) throw new GreetingRefusedException(reply);
        IsGreeted = true;
    }

    private void AnswerGreeting(Func<Line, GreetingReply> answer)
    {
        if (!Frames.TryRead(out var type, out var body) || type != FrameType.Greeting) throw new ProtocolException("no greeting");
        Greeting = Greeting.Decode(body.Span);
        var reply = answer(this);
        Send(reply.ToFrame());
        if (reply.Answer == GreetingAnswer.SecondProcess)
        {
            throw new ProtocolException(
                $"member {Hello.From} runs already{(reply.Address.Length > 0 ? $", connected from {reply.Address}" : "")}, and this is a "
                + $"second process with its identity: "
                + "its data directory was copied or it was started twice. The first one is left undisturbed; stop one of the two");
        }
        if (reply.Answer == GreetingAnswer.SetBack)
            throw new ProtocolException(
                $"member {Hello.From} was started with a directory that was set back: start {reply.Start} of it is remembered here, this "
                + $"is start {Greeting.Start}. It is quarantined");
    }

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
        return _tls.RemoteCertificate is X509Certificate2 certificate
            && certificate.MatchesHostname(name, allowWildcards: false, allowCommonName: false)
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
