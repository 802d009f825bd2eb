using System.CommandLine;
using VideoScale.Cli.CommandLine;
using VideoScale.Rpc;

namespace VideoScale.Cli.Processes;

/// <summary>The flags that <c>control</c> and <c>media</c> share; each stands above its setting in file and environment.</summary>
/// <param name="section">The configuration section the settings are in.</param>
internal sealed class ServerFlags(string section, int defaultGrpcPort, int defaultHttpPort)
{
    private readonly Option<string?> _config = new("--config")
    {
        Description = $"JSON file with a {section} section; default appsettings.json in the current directory, if there is one.",
        HelpName = "FILE",
    };
    private readonly Option<string?> _bind = new("--bind")
    {
        Description = "IP address to listen on; default 127.0.0.1.",
        HelpName = "ADDRESS",
    };
    private readonly Option<int?> _httpPort = new("--http-port")
    {
        Description = $"Port of /healthz, /readyz and /metrics; default {defaultHttpPort}.",
        HelpName = "PORT",
    };
    private readonly Option<int?> _grpcPort = new("--grpc-port")
    {
        Description = $"Port of the gRPC endpoint; default {defaultGrpcPort}.",
        HelpName = "PORT",
    };
    private readonly Option<string?> _certificate = new("--cert")
    {
        Description = "PEM file with this process's certificate.",
        HelpName = "FILE",
    };
    private readonly Option<string?> _key = new("--key") { Description = "PEM file with its private key.", HelpName = "FILE" };
    private readonly Option<string?> _authority = new("--ca")
    {
        Description = "PEM file with the authority of all certificates.",
        HelpName = "FILE",
    };
    private readonly Option<bool> _development = new("--dev") { Description = "Development mode: no tokens, plaintext; loopback only." };
    private readonly Option<string?> _logLevel = new("--log-level")
    {
        Description = "Trace, Debug, Information, Warning, Error; default Information.",
        HelpName = "LEVEL",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_config, _bind, _httpPort, _grpcPort, _certificate, _key, _authority, _development, _logLevel])
            command.Options.Add(option);
        ChildMode.AddTo(command);
    }

    internal T Read<T>(ParseResult parsed) where T : ServerOptions, new()
    {
        var options = Settings.Read<T>(section, parsed.GetValue(_config));
        options.BindAddress = parsed.GetValue(_bind) ?? options.BindAddress;
        options.HttpPort = parsed.GetValue(_httpPort) ?? options.HttpPort;
        options.GrpcPort = parsed.GetValue(_grpcPort) ?? options.GrpcPort;
        options.Tls.Certificate = parsed.GetValue(_certificate) ?? options.Tls.Certificate;
        options.Tls.Key = parsed.GetValue(_key) ?? options.Tls.Key;
        options.Tls.Authority = parsed.GetValue(_authority) ?? options.Tls.Authority;
        options.DevelopmentMode |= parsed.GetValue(_development);
        options.LogLevel = parsed.GetValue(_logLevel) ?? options.LogLevel;
        return options;
    }
}
