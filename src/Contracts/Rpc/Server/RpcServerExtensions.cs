using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace VideoScale.Rpc;

/// <summary>Sets a gRPC server up: limits, who may call what, deadlines, errors, metrics, health and reflection.</summary>
public static class RpcServerExtensions
{
    /// <summary>Adds everything but the services themselves. The gate in front of them needs no further call.</summary>
    /// <exception cref="RpcConfigurationException">An option is out of range; the message names it.</exception>
    public static IServiceCollection AddVideoScaleGrpc(this IServiceCollection services, RpcServerOptions options)
    {
        options.Validate();
        services.AddSingleton(options);
        services.AddSingleton(new Authenticator(options));
        services.AddSingleton<RpcMetrics>();
        services.AddSingleton<ExceptionInterceptor>();
        services.AddTransient<IStartupFilter, GateInFront>();
        services.AddHostedService<SecurityAnnouncement>();
        services.AddSingleton<HandshakeLog>();
        if (options.Certificates is { } certificates)
            services.AddHostedService(provider =>
                new CertificateWatch(certificates, TimeProvider.System, provider.GetRequiredService<ILogger<CertificateWatch>>()));
        services.AddSingleton(_ => new ConnectionLimits(options.MaxConnections, options.Connections));
        services.AddSingleton<ConnectionLog>();
        services.AddHostedService(static provider => provider.GetRequiredService<ConnectionLog>());
        services.AddHostedService<StandstillLog>();
        services.AddSingleton<IConnectionListenerFactory, CappedListenerFactory>(); // the last one wins
        services.AddSingleton(NotServingYet());
        services.AddSingleton<ServingStatus>();
        services.AddGrpcReflection();
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = options.MaxReceiveMessageBytes;
            grpc.MaxSendMessageSize = options.MaxSendMessageBytes;
            grpc.EnableDetailedErrors = false;
            grpc.Interceptors.Add<ExceptionInterceptor>();
        });
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            var limits = kestrel.Limits;
            limits.Http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
            limits.Http2.InitialStreamWindowSize = options.StreamWindowBytes;
            limits.Http2.InitialConnectionWindowSize = options.ConnectionWindowBytes;
            limits.Http2.KeepAlivePingDelay = options.KeepAlivePingDelay;
            limits.Http2.KeepAlivePingTimeout = options.KeepAlivePingTimeout;
        });
        return services;
    }

    /// <summary>Serves <c>grpc.health.v1</c> and reflection of all mapped services.</summary>
    public static void MapVideoScaleGrpc(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcService<HealthServiceImpl>();
        endpoints.MapGrpcReflectionService();
    }

    /// <summary>Makes an endpoint a gRPC one: HTTP/2 alone, with TLS when the options have it.</summary>
    public static void UseVideoScaleGrpc(this ListenOptions listen, TlsMaterial? tls)
    {
        listen.Protocols = HttpProtocols.Http2;
        if (tls is null) return;
        var log = listen.ApplicationServices.GetRequiredService<HandshakeLog>();
        listen.UseHttps(new Microsoft.AspNetCore.Server.Kestrel.Https.TlsHandshakeCallbackOptions
        {
            OnConnection = connecting => ValueTask.FromResult(tls.CreateServerAuthenticationOptions(refused: why =>
                log.Refused(connecting.Connection.RemoteEndPoint, why))),
        });
    }

    private static HealthServiceImpl NotServingYet()
    {
        var health = new HealthServiceImpl();
        new ServingStatus(health).Set("", serving: false);
        return health;
    }

    private sealed class GateInFront : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.UseMiddleware<CallGate>();
            next(app);
        };
    }
}
