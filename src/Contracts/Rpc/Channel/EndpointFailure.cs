using System.Globalization;
using System.Net.Sockets;
using Grpc.Core;

namespace VideoScale.Rpc;

/// <summary>Why one of several servers did not serve a call.</summary>
/// <param name="Why">For the person who asked.</param>
/// <param name="Answered">The server itself said so; otherwise nothing was heard of it.</param>
public sealed record EndpointFailure(string Address, string Why, bool Answered)
{
    /// <summary>What a failed call says about the server it was made to.</summary>
    public static EndpointFailure Of(string address, RpcException e) => e.Status.DebugException is { } broken
        ? new(address, Describe(broken), Answered: false)
        : new(address, e.Status.Detail.Length > 0 ? e.Status.Detail : e.StatusCode.ToString(), Answered: true);

    internal static EndpointFailure Silent(string address, TimeSpan silence) =>
        new(address, $"no answer in {Math.Max(1, (long)silence.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)} ms",
            Answered: false);

    public override string ToString() => $"{Address}: {Why}";

    private static string Describe(Exception broken)
    {
        for (var e = broken; e is not null; e = e.InnerException)
        {
            if (e is SocketException socket) return socket.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "connection refused",
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "no such host",
                SocketError.HostUnreachable or SocketError.NetworkUnreachable => "not reachable from here",
                _ => $"connection lost ({socket.Message})",
            };
            if (e is TimeoutException) return "no connection in time";
        }
        return $"connection lost ({broken.Message.ReplaceLineEndings(" ")})";
    }
}

/// <summary>
/// Why none of several servers served a call: what an <see cref="RpcException"/> of <see cref="MultiEndpointInvoker"/> was caused by.
/// </summary>
public sealed class NoEndpointServedException : Exception
{
    private NoEndpointServedException(IReadOnlyList<EndpointFailure> failures) : base(string.Join("; ", failures)) => Failures = failures;

    /// <summary>In the order of the addresses.</summary>
    public IReadOnlyList<EndpointFailure> Failures { get; }

    /// <param name="code">UNAVAILABLE when each said or showed why, DEADLINE_EXCEEDED when time ran out on one that was silent.</param>
    internal static RpcException ToRpcException(StatusCode code, IReadOnlyList<EndpointFailure> failures)
    {
        var none = new NoEndpointServedException(failures);
        return new RpcException(new Status(code, none.Message, none));
    }
}
