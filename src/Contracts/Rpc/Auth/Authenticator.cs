using System.Collections.Frozen;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace VideoScale.Rpc;

/// <summary>Finds out who calls: by token, by client certificate, or by being on loopback in development mode.</summary>
internal sealed class Authenticator
{
    private const string Scheme = "Bearer ";
    private static readonly object CertificateCallerKey = new();

    /// <summary>By hash, so that the time a lookup takes says nothing about the token.</summary>
    private readonly FrozenDictionary<UInt256, Caller> _tokens;
    private readonly bool _developmentMode;
    private readonly string? _clusterId;

    public Authenticator(RpcServerOptions options)
    {
        _developmentMode = options.DevelopmentMode;
        _clusterId = options.ClusterId;
        var tokens = new Dictionary<UInt256, Caller>();
        foreach (var token in options.Tokens)
            if (!tokens.TryAdd(UInt256.From(token.ToHash()), new Caller(token.Subject, token.Role, AuthMethod.Token)))
                throw new RpcConfigurationException($"token of {token.Subject}: the same token is configured twice");
        _tokens = tokens.ToFrozenDictionary();
    }

    /// <returns>The caller; or null and why what was presented does not prove it.</returns>
    public Caller? Authenticate(HttpContext http, out string problem)
    {
        problem = "";
        var caller = Direct(http, ref problem);
        if (caller is null || !http.Request.Headers.TryGetValue(ForwardedCaller.Header, out var forwarded)) return caller;
        if (!caller.MayForward)
        {
            problem = $"metadata {ForwardedCaller.Header} is only taken from a replica; {caller.Subject} has role {caller.Role}";
            return null;
        }
        if (ForwardedCaller.Parse(forwarded.ToString(), caller.Subject) is { } original) return original;
        problem = $"metadata {ForwardedCaller.Header} is not role/method/subject";
        return null;
    }

    private Caller? Direct(HttpContext http, ref string problem)
    {
        var header = http.Request.Headers.Authorization;
        if (header.Count > 0) return ByToken(header.ToString(), ref problem);
        if (http.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is { } certificate)
        {
            // A connection carries many calls, its certificate is read once.
            var items = http.Features.Get<IConnectionItemsFeature>()?.Items;
            if (items is not null && items.TryGetValue(CertificateCallerKey, out var known)) return (Caller)known!;
            var caller = ByCertificate(PeerIdentity.Of(certificate), ref problem);
            if (caller is not null && items is not null) items[CertificateCallerKey] = caller;
            return caller;
        }
        return _developmentMode && http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address) ? Caller.Development
            : Caller.Anonymous;
    }

    private Caller? ByToken(string header, ref string problem)
    {
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            problem = "metadata authorization must read: Bearer TOKEN";
            return null;
        }
        var token = header.AsSpan(Scheme.Length).Trim();
        if (token.Length is > 0 and <= ApiToken.MaxLength)
        {
            Span<byte> bytes = stackalloc byte[ApiToken.MaxLength];
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            if (System.Text.Ascii.FromUtf16(token, bytes, out var length) == System.Buffers.OperationStatus.Done)
            {
                SHA256.HashData(bytes[..length], hash);
                if (_tokens.TryGetValue(UInt256.From(hash), out var caller)) return caller;
            }
        }
        problem = "the API token in metadata authorization is not known here";
        return null;
    }

    private Caller? ByCertificate(PeerIdentity? identity, ref string problem)
    {
        if (identity
            is null)
        {
            problem =
            "the client certificate names nobody: it needs one URI videoscale://cluster/CLUSTER/KIND/NAME among its alternative names";
            return null;
        }
        if (_clusterId is not null && identity.ClusterId != _clusterId)
        {
            problem = $"the client certificate is of cluster {identity.ClusterId}, this is {_clusterId}";
            return null;
        }
        return new Caller(identity.Subject, identity.Role, AuthMethod.MutualTls);
    }

    private readonly record struct UInt256(ulong A, ulong B, ulong C, ulong D)
    {
        public static UInt256 From(ReadOnlySpan<byte> bytes) => MemoryMarshal.Read<UInt256>(bytes);
    }
}
