using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Processes;
using VideoScale.ControlPlane.Host.Startup;

namespace VideoScale.Cli.Control;

/// <summary><c>videoscale control</c>: one control-plane replica.</summary>
internal static class ControlCommand
{
    private static readonly Option<string?> Config = new("--config") { Description = "JSON file with a ControlPlane section; default appsettings.json in the current directory, if there is one.", HelpName = "FILE" };
    private static readonly Option<string?> Data = new("--data") { Description = "The replica's data directory, made by `control init` or `up`.", HelpName = "DIR" };
    private static readonly Option<string?> Bind = new("--bind") { Description = "IP address to listen on; default 127.0.0.1.", HelpName = "ADDRESS" };
    private static readonly Option<int?> HttpPort = new("--http-port") { Description = "Port of /healthz, /readyz and /metrics; default 7880.", HelpName = "PORT" };
    private static readonly Option<int?> GrpcPort = new("--grpc-port") { Description = "Port of the gRPC API; default 7980.", HelpName = "PORT" };
    private static readonly Option<int?> RaftPort = new("--raft-port") { Description = "Port of consensus; default 8080.", HelpName = "PORT" };
    private static readonly Option<string?> Certificate = new("--cert") { Description = "PEM file with this replica's certificate.", HelpName = "FILE" };
    private static readonly Option<string?> Key = new("--key") { Description = "PEM file with its private key.", HelpName = "FILE" };
    private static readonly Option<string?> Authority = new("--ca") { Description = "PEM file with the authority of all certificates.", HelpName = "FILE" };
    private static readonly Option<string?> Tokens = new("--tokens") { Description = "JSON file with API tokens and roles.", HelpName = "FILE" };
    private static readonly Option<bool> Development = new("--dev") { Description = "Development mode: no tokens, plaintext; loopback only." };
    private static readonly Option<string?> LogLevel = new("--log-level") { Description = "Trace, Debug, Information, Warning, Error; default Information.", HelpName = "LEVEL" };

    internal static Command Create(StopSignals signals)
    {
        var command = new Command("control", "Runs one control-plane replica. Its peers stand in its data directory.")
        { Config, Data, Bind, HttpPort, GrpcPort, RaftPort, Certificate, Key, Authority, Tokens, Development, LogLevel, ControlInitCommand.Create() }.WithNotes("""
            Example, on each of three machines:
              videoscale control --data /var/lib/videoscale --bind 0.0.0.0 --cert replica-1.pem --key replica-1.key --ca ca.pem --tokens tokens.json

            Exit codes: 0 stopped cleanly, 69 port in use, 70 stopped by a fault, 74 data directory, 78 configuration.
            """);
        ChildMode.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            ChildMode.Enter(parsed, signals);
            return ControlPlaneApp.RunAsync(Read(parsed), cancellationToken);
        });
        return command;
    }

    private static ControlPlaneOptions Read(ParseResult parsed)
    {
        var options = Settings.Read<ControlPlaneOptions>(ControlPlaneOptions.Section, parsed.GetValue(Config));
        options.DataDirectory = parsed.GetValue(Data) ?? options.DataDirectory;
        options.BindAddress = parsed.GetValue(Bind) ?? options.BindAddress;
        options.HttpPort = parsed.GetValue(HttpPort) ?? options.HttpPort;
        options.GrpcPort = parsed.GetValue(GrpcPort) ?? options.GrpcPort;
        options.RaftPort = parsed.GetValue(RaftPort) ?? options.RaftPort;
        options.Tls.Certificate = parsed.GetValue(Certificate) ?? options.Tls.Certificate;
        options.Tls.Key = parsed.GetValue(Key) ?? options.Tls.Key;
        options.Tls.Authority = parsed.GetValue(Authority) ?? options.Tls.Authority;
        options.TokensFile = parsed.GetValue(Tokens) ?? options.TokensFile;
        options.DevelopmentMode |= parsed.GetValue(Development);
        options.LogLevel = parsed.GetValue(LogLevel) ?? options.LogLevel;
        return options;
    }
}
