using Grpc.Core;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Cluster;

/// <summary>
/// How this replica proves itself to others: by its certificate, by the token of role Replica, or, in development mode, not at all.
/// </summary>
/// <param name="token">The token of role Replica; null when the certificate speaks.</param>
public sealed class ReplicaIdentity(string? token)
{
    private const string Authorization = "authorization";

    /// <summary>Headers for a call of this replica's own.</summary>
    public Metadata Own() => token is null ? [] : new Metadata { { Authorization, "Bearer " + token } };

    /// <summary>Adds for whom a forwarded call is made. A token is passed on as it came; other callers are named by this replica.</summary>
    /// <param name="presented">The caller's own token, with its scheme; null when it came without one.</param>
    public void SpeakFor(Caller caller, string? presented, Metadata headers)
    {
        if (presented is not null)
        {
            headers.Add(Authorization, presented);
            return;
        }
        if (token is not null) headers.Add(Authorization, "Bearer " + token);
        ForwardedCaller.Write(headers, caller);
    }
}
