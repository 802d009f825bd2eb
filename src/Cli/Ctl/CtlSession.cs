using System.CommandLine;
using Grpc.Core;
using Grpc.Core.Interceptors;
using VideoScale.Cli.CommandLine;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Cli.Ctl;

/// <summary>One <c>ctl</c> command's connection to the control plane and its way to answer.</summary>
internal sealed class CtlSession : IDisposable
{
    /// <summary>Once every replica has said why not, this long for an election or a restart.</summary>
    private static readonly TimeSpan ReasonsPatience = TimeSpan.FromSeconds(2);

    private readonly TlsMaterial? _tls;
    private readonly MultiEndpointInvoker _endpoints;
    private readonly TimeSpan _timeout;
    private readonly string? _token;
    private readonly string _requestId;
    private readonly List<MultiEndpointInvoker> _others = [];
    private readonly ChannelPool _direct;

    private CtlSession(ParseResult parsed)
    {
        var seconds = parsed.GetValue(CtlOptions.TimeoutSeconds);
        if (!(seconds is >= 0.1 and <= 3600)) throw new CliException($"--timeout: {seconds} is not 0.1 to 3600 seconds");
        _timeout = TimeSpan.FromSeconds(seconds);
        _requestId = parsed.GetValue(CtlOptions.RequestId) ?? Guid.CreateVersion7().ToString("N");
        if (_requestId.Length is 0 or > 64) throw new CliException($"--request-id: {_requestId.Length} characters; allowed: 1 to 64");
        _tls = LoadTls(parsed);
        Servers = AddressList.Parse(parsed.GetValue(CtlOptions.Server)!, hasCertificates: _tls is not null);
        _endpoints = new MultiEndpointInvoker(Servers, _tls, _timeout, ReasonsPatience);
        _direct = new ChannelPool(_tls);
        _token = parsed.GetValue(CtlOptions.Token) ?? Environment.GetEnvironmentVariable("VIDEOSCALE_TOKEN");
        Invoker = WithToken(_endpoints);
        Output = new CtlOutput(parsed.GetValue(CtlOptions.Json));
        Consistency = parsed.GetValue(CtlOptions.Stale) ? Consistency.Stale : Consistency.Linearizable;
    }

    internal CallInvoker Invoker { get; }
    internal IReadOnlyList<string> Servers { get; }

    /// <summary>For a request that changes something; from then on the command counts as one that may have.</summary>
    internal string RequestId
    {
        get
        {
            MayHaveChanged = true;
            return _requestId;
        }
    }

    internal bool MayHaveChanged { get; private set; }
    internal Consistency Consistency { get; }
    internal CtlOutput Output { get; }

    internal RoomService.RoomServiceClient Rooms => new(Invoker);
    internal NodeService.NodeServiceClient Nodes => new(Invoker);
    internal FleetService.FleetServiceClient Fleet => new(Invoker);
    internal RebalanceService.RebalanceServiceClient Rebalancing => new(Invoker);
    internal AuditService.AuditServiceClient Audit => new(Invoker);
    internal ClusterService.ClusterServiceClient Cluster => new(Invoker);
    internal KeyService.KeyServiceClient Keys => new(Invoker);
    internal WebhookService.WebhookServiceClient Webhooks => new(Invoker);

    /// <summary>The replica at one address, with the same credentials.</summary>
    internal ClusterService.ClusterServiceClient At(string address) => new(InvokerAt(address));

    /// <summary>The media node at one address, with the same credentials.</summary>
    internal StatisticsService.StatisticsServiceClient StatisticsAt(string address) => new(InvokerAt(address));

    /// <summary>
    /// One replica that answers, for calls without a request id: to ask a second one beside it would do their work twice.
    /// </summary>
    internal async Task<ClusterService.ClusterServiceClient> AtOneAsync(CancellationToken cancellationToken)
    {
        await Cluster.GetStatusAsync(new GetStatusRequest(), Call(cancellationToken));
        return new ClusterService.ClusterServiceClient(WithToken(_direct.Get(_endpoints.CurrentAddress).CreateCallInvoker()));
    }

    private CallInvoker InvokerAt(string address)
    {
        var single = new MultiEndpointInvoker([address], _tls, TimeSpan.FromSeconds(1));
        _others.Add(single);
        return WithToken(single);
    }

    private CallInvoker WithToken(CallInvoker invoker) =>
        _token is { Length: > 0 } token
            ? invoker.Intercept(metadata => { metadata.Add("authorization", $"Bearer {token}"); return metadata; }) : invoker;

    /// <summary>--timeout.</summary>
    internal TimeSpan Timeout => _timeout;

    /// <summary>Of one call: it ends after --timeout.</summary>
    internal CallOptions Call(CancellationToken cancellationToken) =>
        new(deadline: DateTime.UtcNow + _timeout, cancellationToken: cancellationToken);

    /// <summary>Runs a command against the control plane; a refusal or silence becomes a line on standard error and an exit code.</summary>
    internal static void Bind(Command command, Func<CtlSession, ParseResult, CancellationToken, Task<int>> run) => command.SetAction(
        (parsed, cancellationToken) => RunAsync(parsed, session => run(session, parsed, cancellationToken), cancellationToken));

    /// <summary>One command's run, for commands that need a cluster only sometimes.</summary>
    internal static async Task<int> RunAsync(ParseResult parsed, Func<CtlSession, Task<int>> run, CancellationToken cancellationToken)
    {
        using var session = new CtlSession(parsed);
        using var patience = new PatienceNotice(session);
        try { return await run(session); }
        catch (RpcException e) when (e.StatusCode == StatusCode.Cancelled && cancellationToken.IsCancellationRequested)
        {
            return Exit.Interrupted;
        }
        catch (RpcException e)
        {
            await Console.Error.WriteLineAsync(Refusal.Describe(e, session));
            return Refusal.ExitCodeOf(e);
        }
    }

    /// <summary>
    /// As <see cref="Bind(Command, Func{CtlSession, ParseResult, CancellationToken, Task{int}})"/>, for commands that either succeed or
    /// throw.
    /// </summary>
    internal static void Bind(Command command, Func<CtlSession, ParseResult, CancellationToken, Task> run) =>
        Bind(command, async (session, parsed, cancellationToken) =>
    {
        await run(session, parsed, cancellationToken);
        return Exit.Ok;
    });

    private static TlsMaterial? LoadTls(ParseResult parsed)
    {
        var options = new TlsOptions
        {
            CertPath = parsed.GetValue(CtlOptions.Certificate) ?? "",
            KeyPath = parsed.GetValue(CtlOptions.Key) ?? "",
            CaPath = parsed.GetValue(CtlOptions.Authority) ?? "",
        };
        return options.CertPath.Length + options.KeyPath.Length + options.CaPath.Length == 0 ? null : options.Load();
    }

    public void Dispose()
    {
        _endpoints.Dispose();
        foreach (var other in _others) other.Dispose();
        _direct.Dispose();
        _tls?.Dispose();
    }
}
