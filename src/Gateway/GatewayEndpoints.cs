using LiveKit.Proto;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Signalling;
using VideoScale.Gateway.Tokens;
using VideoScale.Gateway.Turn;
using VideoScale.Gateway.Twirp;
using VideoScale.Gateway.Whip;
using VideoScale.Model;

namespace VideoScale.Gateway;

/// <summary>What LiveKit's clients call over HTTP: signalling, its check after a failure, and the server API.</summary>
public sealed class GatewayEndpoints : IDisposable
{
    /// <summary>A join carries its token and the first offer in the request line.</summary>
    public const int MaxRequestHeadBytes = TokenRefresher.MaxRequestHeadBytes;

    private const string SignalPath = "/rtc/v1";
    private const string OldSignalPath = "/rtc";
    /// <summary>Where LiveKit's cloud tells its regions; a server of one's own has none, and pages are told so.</summary>
    private const string SettingsPath = "/settings";

    private readonly IReplicaHealth _health;
    private readonly TokenVerifier _tokens;
    private readonly SignalServices _services;
    private readonly RoomServer _rooms;
    private readonly JoinCheck _check;
    private readonly WhipEndpoints _whip;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();

    public GatewayEndpoints(GatewayPorts ports, GatewaySettings settings, ILoggerFactory loggers)
    {
        _health = ports.Health;
        _tokens = new TokenVerifier(settings.Keys);
        var nodes = new MediaNodes(ports.Channels, ports.OwnHeaders);
        var admission = new Admission(ports.Commands, ports.Places, TimeProvider.System);
        var updates = new RoomUpdates(ports.Places, nodes, loggers.CreateLogger<RoomUpdates>());
        ports.Places.Observe(updates);
        var turn = settings.Turn is { } servers ? new TurnServers(servers, TimeProvider.System) : null;
        _services = new SignalServices(admission, ports.Places, nodes, updates, new TokenRefresher(settings.Keys, TimeProvider.System),
            settings.Keys, turn, TimeProvider.System, _stopping.Token);
        _rooms = new RoomServer(_tokens, admission, ports.Commands, ports.Places, nodes, settings.AllowRemoteUnmute);
        _logger = loggers.CreateLogger<SessionRunner>();
        _check = new JoinCheck(_tokens, _health, admission);
        _whip = new WhipEndpoints(_services, _check, _health, _logger);
    }

    /// <summary>Its clients are told that it goes, and come back through another gateway.</summary>
    public void EndSessions() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();

    /// <summary>A token for the page; in development mode alone, where everyone is trusted.</summary>
    public string Mint(string key, string room, string identity, DateTime until) => _tokens.Mint(key, room, identity, until);

    /// <param name="httpPort">The port they are served on; by the connection, not the Host header, since balancers stand before it.</param>
    public void Map(IApplicationBuilder app, int httpPort)
    {
        app.MapWhen(context => context.Connection.LocalPort == httpPort && IsOurs(context), branch =>
        {
            branch.UseWebSockets(new WebSocketOptions
            {
                KeepAliveInterval = SignalTiming.KeepAlivePeriod,
                KeepAliveTimeout = SignalTiming.KeepAliveTimeout,
            });
            branch.Run(ServeAsync);
        });
    }

    /// <summary>
    /// Clients join the server's URL and a path, and many a URL is configured with a slash at its end: further slashes mean nothing.
    /// </summary>
    private static bool IsOurs(HttpContext context)
    {
        var path = SinglySlashed(context.Request.Path);
        if (!path.StartsWithSegments(OldSignalPath, StringComparison.Ordinal)
            && !path.StartsWithSegments(TwirpProtocol.Prefix, StringComparison.Ordinal)
            && !path.StartsWithSegments(SettingsPath, StringComparison.Ordinal)
            && !WhipPath.IsOurs(path)) return false;
        context.Request.Path = path;
        return true;
    }

    /// <summary>The path without empty segments.</summary>
    internal static PathString SinglySlashed(PathString path)
    {
        var value = path.Value ?? "";
        return !value.Contains("//", StringComparison.Ordinal) && !value.EndsWith('/') ? path
            : new PathString("/" + string.Join('/', value.Split('/', StringSplitOptions.RemoveEmptyEntries)));
    }

    private Task ServeAsync(HttpContext context)
    {
        if (WhipPath.IsOurs(context.Request.Path)) return _whip.ServeAsync(context);
        if (CrossOrigin.Allow(context)) return Task.CompletedTask;
        var isTwirp = context.Request.Path.StartsWithSegments(TwirpProtocol.Prefix, StringComparison.Ordinal);
        if (!_health.IsServing)
        {
            const string Stopping = "this replica is stopping; ask another one";
            return isTwirp ? TwirpProtocol.RefuseAsync(context, TwirpException.Of(Grpc.Core.StatusCode.Unavailable, Stopping))
                : AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, Stopping);
        }
        return isTwirp ? _rooms.ServeAsync(context) : context.Request.Path.Value switch
        {
            SignalPath => SignalAsync(context, isOld: false),
            OldSignalPath => SignalAsync(context, isOld: true),
            SignalPath + "/validate" or OldSignalPath + "/validate" => ValidateAsync(context),
            _ => AnswerAsync(context, StatusCodes.Status404NotFound, "404 page not found"),
        };
    }

    private async Task ValidateAsync(HttpContext context)
    {
        var (grants, status, problem) = await _check.CheckAsync(context);
        if (grants is not null && await _check.CannotSeatAsync(grants) is { } why)
            (grants, status, problem) = (null, StatusCodes.Status503ServiceUnavailable, why);
        await AnswerAsync(context, grants is null ? status : StatusCodes.Status200OK, grants is null ? problem : "success");
    }

    /// <param name="isOld">LiveKit's signalling before join requests: the URL says all, and there are two connections.</param>
    private async Task SignalAsync(HttpContext context, bool isOld)
    {
        var (grants, status, problem) = await _check.CheckAsync(context);
        if (grants is null)
        {
            await AnswerAsync(context, status, problem);
            return;
        }
        var text = context.Request.Query["join_request"].ToString();
        var join = isOld ? QueryParameters.Read(context.Request.Query)
            : text.Length == 0 ? new JoinRequest { ConnectionSettings = new ConnectionSettings { AutoSubscribe = true } }
            : JoinParameters.Parse(text);
        if (join is null || !context.WebSockets.IsWebSocketRequest)
        {
            await AnswerAsync(context, StatusCodes.Status400BadRequest, join is null ? "join_request is not a base64url WrappedJoinRequest"
                : "a WebSocket is expected here");
            return;
        }
        grants = grants.With(join.Metadata, join.ParticipantAttributes);
        if (grants.RefuseTexts() is { } tooLong)
        {
            await AnswerAsync(context, StatusCodes.Status400BadRequest, tooLong.Message);
            return;
        }
        if (!join.Reconnect && await _check.CannotSeatAsync(grants) is { } why)
        {
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, why);
            return;
        }
        ClientKind.Complete(join, context.Request.Headers.UserAgent.ToString());
        using var client = new ClientSocket(await context.WebSockets.AcceptWebSocketAsync(), _services.Clock);
        // Not bound to the request: a client whose connection is gone may have said something before, and the socket ends by itself.
        using var session = new SessionRunner(_services, client, grants, new ClientWish(join, isOld), BearerToken.Of(context.Request),
            _logger);
        await session.RunAsync();
    }

    public static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text);
    }
}
