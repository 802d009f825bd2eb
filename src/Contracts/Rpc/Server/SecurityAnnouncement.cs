using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace VideoScale.Rpc;

/// <summary>Says at start who is let in, so that an open door is never a surprise.</summary>
internal sealed partial class SecurityAnnouncement(RpcServerOptions options, ILogger<SecurityAnnouncement> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.DevelopmentMode) LogDevelopment();
        else if (options.Tokens.Count == 0 && options.Tls is not { RequireClientCertificate: true }) LogNobody();
        else if (options.Tls is null) LogPlain();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(1105, LogLevel.Warning,
        "Development mode: every caller from loopback is admin, without a token. Never use it where others reach this machine's loopback.")]
    private partial void LogDevelopment();

    [LoggerMessage(1106, LogLevel.Warning, "Nobody can call this server: configure API tokens, or TLS with client certificates.")]
    private partial void LogNobody();

    [LoggerMessage(1107, LogLevel.Warning, "API tokens travel unencrypted: configure TLS, or keep these endpoints on loopback.")]
    private partial void LogPlain();
}
