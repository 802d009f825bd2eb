using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Processes;
using VideoScale.ControlPlane.Host.Hosting;
using VideoScale.ControlPlane.Host.Options;

namespace VideoScale.Cli.Control;

/// <summary><c>videoscale control</c>: one control-plane replica.</summary>
internal static class ControlCommand
{
    private static readonly ServerFlags Shared = new(ControlPlaneOptions.Section, defaultGrpcPort: 7980, defaultHttpPort: 7880);
    private static readonly Option<string?> Data = new("--data")
    {
        Description = "The replica's data directory, made by `control init` or `up`.",
        HelpName = "DIR",
    };
    private static readonly Option<string?> Engine = new("--engine")
    {
        Description =
            $"What keeps the replicated log: {LogEngines.Names}, the same at all replicas; default what keeps the directory's, else "
            + $"native.",
        HelpName = "NAME",
    };
    private static readonly Option<int?> RaftPort = new("--raft-port")
    {
        Description = "Port of consensus; default 8080.",
        HelpName = "PORT",
    };
    private static readonly Option<string?> Tokens = new("--tokens")
    {
        Description = "JSON file with API tokens and roles.",
        HelpName = "FILE",
    };
    private static readonly Option<string?> SealKeys = new("--seal-key-file")
    {
        Description = "File with what secrets of API keys are sealed with in the log, the same at all replicas (docs/keys.md).",
        HelpName = "FILE",
    };
    private static readonly Option<string?> Join = new("--join")
    {
        Description =
            "Replicas of a cluster that runs, host:port[,port…] of their gRPC API: with an empty --data directory this replica joins it, "
            + "as a learner.",
        HelpName = "LIST",
    };
    private static readonly Option<string?> Without = new("--without")
    {
        Description =
            "At a cluster's very first start: founding members, MEMBER[,MEMBER…] in hexadecimal, that never ran and will not come. To be "
            + "given at every replica that starts.",
        HelpName = "LIST",
    };
    private static readonly Option<string?> Advertise = new("--advertise")
    {
        Description = "Host name or IP address under which the others reach this replica when it joins; default --bind.",
        HelpName = "HOST",
    };

    private static readonly Option<string?> Provider = new("--provider")
    {
        Description =
            "Who launches and terminates media nodes for pools (docs/providers.md): an http:// or https:// address, or exec:PATH; the same "
            + "at all replicas.",
        HelpName = "ADDRESS",
    };
    private static readonly Option<string?> ProviderSecret = new("--provider-secret-file")
    {
        Description = "File with the secret that calls to that address are signed with.",
        HelpName = "FILE",
    };

    private static readonly Option<int?> HttpSocket = new(InheritedSockets.Flag)
    {
        Description = "Descriptor of a listening socket to serve instead of --http-port: for supervisors.",
        HelpName = "FD",
        Hidden = true,
    };

    internal static Command Create(StopSignals signals)
    {
        var command = new Command("control", "Runs one control-plane replica. Its peers stand in its data directory.")
        {
            Data, Engine, RaftPort, Tokens, SealKeys, Join, Advertise, Without, PostgresOptions.Url, PostgresOptions.PasswordFile, Provider,
                ProviderSecret, HttpSocket,
                ControlInitCommand.Create(), ControlRecoverCommand.Create(), ControlMigrateCommand.Create(),
        }.WithNotes("""
            Example, on each of three machines:
              videoscale control --data /var/lib/videoscale --bind 0.0.0.0 --cert replica-1.pem --key replica-1.key --ca ca.pem --tokens tokens.json

            A further replica joins a cluster that runs, and votes once `ctl cluster promote` says so:
              videoscale control --join cp1.example:7980,cp2.example:7980 --data /var/lib/videoscale --bind 0.0.0.0 --advertise cp4.example …

            Exit codes: 0 stopped cleanly, 69 port in use, 70 stopped by a fault, 74 data directory, 78 configuration.
            """);
        foreach (var option in EtcdFlags.All.Concat(WebhookFlags.All).Concat(TurnFlags.All)) command.Options.Add(option);
        Shared.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            ChildMode.Enter(parsed, signals);
            var options = Read(parsed);
            return ControlPlaneApp.RunAsync(options, LogEngines.Of(options), cancellationToken, TakeSockets(parsed, options));
        });
        return command;
    }

    /// <summary>Sockets that were handed over stand above the ports of the options.</summary>
    private static ReplicaTuning TakeSockets(ParseResult parsed, ControlPlaneOptions options)
    {
        var handed = InheritedSockets.Read();
        int? http = parsed.GetValue(HttpSocket) is { } given ? given : handed.TryGetValue(InheritedSockets.Http, out var named) ? named
            : null;
        int? grpc = handed.TryGetValue(InheritedSockets.Grpc, out named) ? named : null;
        var development = options.DevelopmentMode ? "development mode asks for no tokens and is for loopback only" : null;
        var grpcOnLoopback = development
            ?? (options.Tls.IsEmpty ? "beyond loopback gRPC needs certificates: give --cert, --key and --ca" : null);
        if (http is { } of) options.HttpPort = InheritedSockets.Locate(of, development).Port;
        if (grpc is { } its) options.GrpcPort = InheritedSockets.Locate(its, grpcOnLoopback).Port;
        return ReplicaTuning.Default with { HttpSocket = http, GrpcSocket = grpc, ExportTarget = PostgresOptions.TargetOf };
    }

    private static ControlPlaneOptions Read(ParseResult parsed)
    {
        var options = Shared.Read<ControlPlaneOptions>(parsed);
        options.DataDirectory = parsed.GetValue(Data) ?? options.DataDirectory;
        options.Engine = parsed.GetValue(Engine) ?? options.Engine;
        EtcdFlags.Read(parsed, options.Etcd);
        options.RaftPort = parsed.GetValue(RaftPort) ?? options.RaftPort;
        options.TokensFile = parsed.GetValue(Tokens) ?? options.TokensFile;
        options.SealKeyFile = parsed.GetValue(SealKeys) ?? options.SealKeyFile;
        if (parsed.GetValue(Join) is { } servers) options.Join = [.. AddressList.Parse(servers, hasCertificates: !options.Tls.IsEmpty)];
        if (parsed.GetValue(Without) is { } without)
            options.StartWithout = [.. without.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        options.Export.Postgres = parsed.GetValue(PostgresOptions.Url) ?? options.Export.Postgres;
        options.Export.PasswordFile = parsed.GetValue(PostgresOptions.PasswordFile) ?? options.Export.PasswordFile;
        options.Provider.Address = parsed.GetValue(Provider) ?? options.Provider.Address;
        options.Provider.SecretFile = parsed.GetValue(ProviderSecret) ?? options.Provider.SecretFile;
        WebhookFlags.Read(parsed, options.Webhooks);
        TurnFlags.Read(parsed, options.Turn);
        options.AdvertiseHost = parsed.GetValue(Advertise) ?? options.AdvertiseHost;
        return options;
    }
}
