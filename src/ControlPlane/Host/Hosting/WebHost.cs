using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Host.Refusals;
using VideoScale.Gateway;
using VideoScale.Model;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>
/// The endpoints of a replica: gRPC on one port, LiveKit's clients, probes and metrics on another. What is behind them the features bring.
/// </summary>
internal static class WebHost
{
    internal static WebApplication Build(ControlPlaneOptions options, Replica replica, ReplicaTuning tuning, TlsMaterial? tls,
        ILoggerFactory loggers)
    {
        var rpc = new RpcServerOptions
        {
            DefaultDeadline = TimeSpan.FromMilliseconds(options.DefaultDeadlineMs),
            IsFatal = static e => e is InvariantViolation,
            OnFatal = replica.Fatal.Stop,
            OnDenied = (caller, method, why) => replica.Core.Refusals.Note(new Refusal(Actors.Of(caller), method, Failure.Denied(why))),
        };
        foreach (var token in Tokens(options)) rpc.Tokens.Add(token);
        return ServerHost.Build("videoscale-control", options, rpc, tls, loggers, replica.Endpoints,
            TimeSpan.FromMilliseconds(options.ShutdownGraceMs), kestrel =>
        {
            // a join carries the token, with metadata in it, and the first offer
            kestrel.Limits.MaxRequestLineSize = GatewayEndpoints.MaxRequestHeadBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = GatewayEndpoints.MaxRequestHeadBytes; // … or the token is a header
        }, (tuning.GrpcSocket, tuning.HttpSocket));
    }

    /// <summary>The token of role Replica; null when the certificate speaks.</summary>
    internal static string? ReplicaToken(ControlPlaneOptions options) =>
        Tokens(options).FirstOrDefault(token => token.Role == Role.Replica)?.Token;

    private static IReadOnlyList<ApiToken> Tokens(ControlPlaneOptions options) =>
        options.DevelopmentMode || options.TokensFile.Length == 0 ? [] : TokensFile.Read(options.TokensFile);
}
