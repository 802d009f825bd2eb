using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace VideoScale.Rpc;

/// <summary>
/// How every server starts: lines on standard error, gRPC on one port, HTTP on the other; its options are all the configuration it has.
/// </summary>
public static class ServerHost
{
    /// <summary>Loggers that live from before the first part of a server is made until after the last is gone.</summary>
    public static ILoggerFactory Loggers(ServerOptions options) => LoggerFactory.Create(logging =>
    {
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(static console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.SetMinimumLevel(Enum.Parse<LogLevel>(options.LogLevel, ignoreCase: true));
        logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Grpc", LogLevel.Warning);
    });

    /// <param name="name">Of the program, for what it says of itself.</param>
    /// <param name="rpc">What is this server's own; what all have comes from the options.</param>
    /// <param name="shutdownTime">For calls under way when it stops.</param>
    public static WebApplication Build(string name, ServerOptions options, RpcServerOptions rpc, TlsMaterial? tls, ILoggerFactory loggers,
        EndpointRegistry endpoints,
        TimeSpan shutdownTime, Action<KestrelServerOptions>? limits = null, (int? Grpc, int? Http) inherited = default)
    {
        // Without it the host watches the whole current directory, where data may lie, for a settings file that changes.
        string[] watchNothing = ["--hostBuilder:reloadConfigOnChange=false"];
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = watchNothing, ApplicationName = name });
        builder.Configuration.Sources.Clear(); // the options are the only configuration
        builder.Services.AddSingleton(loggers);
        rpc.DevelopmentMode = options.DevelopmentMode;
        rpc.Tls = options.Tls.ToOptions();
        rpc.Certificates = tls;
        rpc.ClusterId = tls?.Identity?.ClusterId;
        rpc.MaxConnections = options.MaxConnections;
        builder.Services.AddVideoScaleGrpc(rpc);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = shutdownTime);
        endpoints.AddTo(builder.Services);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            var address = IPAddress.Parse(options.BindAddress);
            Listen(kestrel, inherited.Grpc, address, options.GrpcPort, listen => listen.UseVideoScaleGrpc(tls));
            limits?.Invoke(kestrel);
            Listen(kestrel, inherited.Http, address, options.HttpPort, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        var web = builder.Build();
        endpoints.MapTo(web);
        return web;
    }

    /// <param name="inherited">Descriptor of a socket that listens already.</param>
    private static void Listen(KestrelServerOptions kestrel, int? inherited, IPAddress address, int port, Action<ListenOptions> configure)
    {
        if (inherited is { } descriptor) kestrel.ListenHandle((ulong)descriptor, configure);
        else kestrel.Listen(address, port, configure);
    }
}
