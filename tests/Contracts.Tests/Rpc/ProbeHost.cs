using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using VideoScale.Harness;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Rpc;

/// <summary>A real server on loopback, on a port the system chooses.</summary>
internal sealed class ProbeHost : IAsyncDisposable
{
    public const string ViewerToken = "viewer-token-0123456789";
    public const string OperatorToken = "operator-token-0123456789";
    public const string AdminToken = "admin-token-0123456789";
    public const string NodeToken = "node-token-0123456789";
    public const string ReplicaToken = "replica-token-0123456789";

    private readonly WebApplication _app;
    private readonly List<GrpcChannel> _channels = [];

    private ProbeHost(WebApplication app, ProbeService service, RecordedLog log)
    {
        _app = app;
        Service = service;
        Log = log;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()
            .Replace("[::]", "127.0.0.1", StringComparison.Ordinal)).Authority;
    }

    public string Address { get; }
    public ProbeService Service { get; }
    public RecordedLog Log { get; }
    public IServiceProvider Services => _app.Services;

    public int InFlight(string method) =>
        Services.GetRequiredService<RpcMetrics>().Methods.Where(m => m.Name == "videoscale.probe.Probe/" + method).Sum(m => m.InFlight);

    public static RpcServerOptions WithTokens(Action<RpcServerOptions>? change = null)
    {
        var options = new RpcServerOptions();
        options.Tokens.Add(new ApiToken { Subject = "vera", Role = Role.Viewer, Token = ViewerToken });
        options.Tokens.Add(new ApiToken { Subject = "otto", Role = Role.Operator, Token = OperatorToken });
        options.Tokens.Add(new ApiToken { Subject = "anna", Role = Role.Admin, Token = AdminToken });
        options.Tokens.Add(new ApiToken { Subject = "node/media-0", Role = Role.Node, Token = NodeToken });
        options.Tokens.Add(new ApiToken { Subject = "replica/1", Role = Role.Replica, Token = ReplicaToken });
        change?.Invoke(options);
        return options;
    }

    public static async Task<ProbeHost> StartAsync(RpcServerOptions options, int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        var service = new ProbeService();
        var log = new RecordedLog();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(log);
        builder.Services.AddSingleton(service);
        var tls = options.Certificates = options.Tls?.Load();
        builder.Services.AddVideoScaleGrpc(options);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseVideoScaleGrpc(tls)));
        builder.WebHost.UseKestrelHttpsConfiguration();
        var app = builder.Build();
        app.MapGrpcService<ProbeService>();
        app.MapVideoScaleGrpc();
        await app.StartAsync();
        return new ProbeHost(app, service, log);
    }

    public Probe.ProbeClient Client(string? token = null, TlsMaterial? tls = null)
    {
        var invoker = Channel(tls).CreateCallInvoker();
        return new Probe.ProbeClient(token is null ? invoker : new WithToken(invoker, token));
    }

    public GrpcChannel Channel(TlsMaterial? tls = null)
    {
        var channel = RpcChannel.Create(Address, tls);
        _channels.Add(channel);
        return channel;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels) channel.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    /// <summary>Adds the token to every call.</summary>
    private sealed class WithToken(CallInvoker inner, string token) : CallInvoker
    {
        private CallOptions Add(CallOptions options)
        {
            var headers = new Metadata { { "authorization", "Bearer " + token } };
            foreach (var entry in options.Headers ?? []) headers.Add(entry);
            return options.WithHeaders(headers);
        }

        public override TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host,
            CallOptions options, TRequest request) => inner.BlockingUnaryCall(method, host, Add(options), request);
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host,
            CallOptions options, TRequest request) => inner.AsyncUnaryCall(method, host, Add(options), request);
        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
            inner.AsyncServerStreamingCall(method, host, Add(options), request);
        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options) =>
            inner.AsyncClientStreamingCall(method, host, Add(options));
        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options) =>
            inner.AsyncDuplexStreamingCall(method, host, Add(options));
    }
}
