using System.Security.Authentication;
using Grpc.Core;

namespace VideoScale.Consensus.Etcd.Client;

internal enum EtcdFault : byte
{
    /// <summary>No answer, or one that leaves open whether the request was carried out.</summary>
    NoAnswer = 1,
    /// <summary>The quota of its database is used up: it takes no writes.</summary>
    NoSpace,
    /// <summary>More bytes or operations than it takes in one request.</summary>
    TooLarge,
    /// <summary>More requests than it takes at a time.</summary>
    TooMany,
    /// <summary>The token is unknown or of an older state of its users: ask for another.</summary>
    TokenRefused,
    /// <summary>Who we are is known, and may not.</summary>
    Denied,
    /// <summary>User or password is wrong, or is needed and not given.</summary>
    NotAuthenticated,
    LeaseGone,
    /// <summary>The revision that was asked for is not in its history any more.</summary>
    Compacted,
    /// <summary>An answer that says no for another reason.</summary>
    Refused,
}

/// <summary>What etcd, or the way to it, said instead of an answer.</summary>
internal sealed class EtcdException(EtcdFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public EtcdFault Fault { get; } = fault;

    /// <summary>The request was certainly not carried out, and never will be.</summary>
    public bool IsCertain => Fault != EtcdFault.NoAnswer;

    internal static EtcdException Of(RpcException e, string endpoint)
    {
        var detail = e.Status.Detail;
        if (Inner(e).OfType<AuthenticationException>().FirstOrDefault() is { } untrusted)
            return new EtcdException(EtcdFault.NotAuthenticated,
                $"etcd at {endpoint} is not who it should be, by our CA: {untrusted.Message}", e);
        var fault = Classify(e.StatusCode, detail);
        var said = fault == EtcdFault.NoAnswer
            ? $"no answer of etcd at {endpoint} ({e.StatusCode}: {Innermost(e, detail)})" : $"etcd at {endpoint}: {Advice(fault, detail)}";
        return new EtcdException(fault, said, e);
    }

    /// <summary>By code and, where a code stands for several, by etcd's own words, which are part of its API.</summary>
    internal static EtcdFault Classify(StatusCode code, string detail) => code switch
    {
        StatusCode.ResourceExhausted when Says(detail, "database space exceeded") => EtcdFault.NoSpace,
        StatusCode.ResourceExhausted when Says(detail, "larger than max") => EtcdFault.TooLarge,
        StatusCode.ResourceExhausted => EtcdFault.TooMany,
        StatusCode.InvalidArgument when Says(detail, "request is too large") || Says(detail, "too many operations") => EtcdFault.TooLarge,
        StatusCode.InvalidArgument when Says(detail, "authentication failed") || Says(detail, "user name is empty")
            || Says(detail, "user name not found") => EtcdFault.NotAuthenticated,
        StatusCode.InvalidArgument when Says(detail, "revision of auth store is old") => EtcdFault.TokenRefused,
        StatusCode.FailedPrecondition when Says(detail, "authentication is not enabled") => EtcdFault.NotAuthenticated,
        StatusCode.Unauthenticated => EtcdFault.TokenRefused,
        StatusCode.PermissionDenied => EtcdFault.Denied,
        StatusCode.NotFound when Says(detail, "lease not found") => EtcdFault.LeaseGone,
        StatusCode.OutOfRange => EtcdFault.Compacted,
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.NotFound or StatusCode.Unimplemented
            or StatusCode.AlreadyExists => EtcdFault.Refused,
        _ => EtcdFault.NoAnswer,
    };

    private static bool Says(string detail, string words) => detail.Contains(words, StringComparison.OrdinalIgnoreCase);

    private static string Advice(EtcdFault fault, string detail) => fault switch
    {
        EtcdFault.NoSpace => $"it takes no writes ({detail}): compact its history, defragment it, then disarm the alarm "
            + "(etcdctl compact, defrag, alarm disarm), or give it a larger --quota-backend-bytes",
        EtcdFault.NotAuthenticated => $"{detail}: give the user and password that it knows",
        EtcdFault.Denied => $"{detail}: its user needs a role that may read and write all keys under our prefix",
        EtcdFault.TooLarge => $"{detail}: its --max-request-bytes or --max-txn-ops is below what we were told",
        _ => detail,
    };

    private static string Innermost(RpcException e, string detail)
    {
        var innermost = Inner(e).LastOrDefault();
        return innermost is null ? detail : innermost.Message;
    }

    private static IEnumerable<Exception> Inner(RpcException e)
    {
        for (var at = e.Status.DebugException ?? e.InnerException; at is not null; at = at.InnerException) yield return at;
    }
}
