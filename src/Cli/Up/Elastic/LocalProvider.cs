using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Providers;
using VideoScale.Rpc;

namespace VideoScale.Cli.Up.Elastic;

/// <summary>
/// The provider of <c>up --elastic</c>: takes the calls of the cluster's scaler, as any provider behind HTTP does (docs/providers.md), and
/// has this process run the nodes.
/// </summary>
internal sealed class LocalProvider(LocalInstances instances, int port, string secret) : IAsyncDisposable
{
    private const int MostBytes = 64 << 10;
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);
    private WebApplication? _web;

    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = ["--hostBuilder:reloadConfigOnChange=false"] });
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.Limits.MaxRequestBodySize = MostBytes;
        });
        _web = builder.Build();
        _web.MapPost("/", AnswerAsync);
        await _web.StartAsync(cancellationToken);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var reply = IsSigned(context.Request.Headers[WebhookProvider.SignatureHeader].ToString(), body.ToArray())
            ? Answer(body.ToArray()) : Error("denied", "the call is not signed with this cluster's secret");
        context.Response.StatusCode = reply.Error is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(ProviderJson.Write(reply), context.RequestAborted);
    }

    private ProviderReply Answer(byte[] body)
    {
        ProviderRequest asked;
        try { asked = ProviderJson.ReadRequest(body); }
        catch (JsonException e) { return Error("bad_spec", e.Message); }
        switch (asked)
        {
            case { Action: ProviderRequest.Launch, Key: { Length: > 0 } key }:
                return instances.Start(key) ? new(IdOf(key)) : Error("no_capacity", "this machine runs as many nodes as it was told to");
            case { Action: ProviderRequest.Terminate, Key: { Length: > 0 } key }:
                instances.Stop(key);
                return new();
            case { Action: ProviderRequest.List }:
                return new(Instances: [.. instances.Keys.Select(running => new ProviderReply.Listed(running, IdOf(running)))]);
            default: return Error("bad_spec", "the action is not launch, terminate or list, or lacks its key");
        }
    }

    private static string IdOf(string key) => $"local/{key}";

    /// <summary>Signed with the secret, not long ago.</summary>
    private bool IsSigned(string signature, byte[] body)
    {
        if (!signature.StartsWith("t=", StringComparison.Ordinal)
            || signature.IndexOf(',', StringComparison.Ordinal) is not (> 2 and var comma)
            || !long.TryParse(signature.AsSpan(2, comma - 2), out var seconds)) return false;
        if (seconds is < 0 or > 253_402_300_799) return false;
        var at = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return (DateTimeOffset.UtcNow - at).Duration() <= Skew
            && System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(
                System.Text.Encoding.ASCII.GetBytes(signature),
                System.Text.Encoding.ASCII.GetBytes(WebhookProvider.Sign(System.Text.Encoding.UTF8.GetBytes(secret), body, at)));
    }

    private static ProviderReply Error(string kind, string message) => new(Error: kind, Message: message);

    public async ValueTask DisposeAsync()
    {
        if (_web is null) return;
        await _web.StopAsync(CancellationToken.None);
        await _web.DisposeAsync();
    }
}
